#include "rabia_bench/reply_scanner.h"

#include <gtest/gtest.h>

#include <vector>

namespace rabia::bench {
namespace {

using Found = ReplyScanner::Found;
using Kind = Reply::Kind;

constexpr std::string_view replies =
    "+OK\r\n:-12\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n-ERR wrong\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n"
    "*0\r\n*-1\r\n*2\r\n*2\r\n+a\r\n-NO inner\r\n*0\r\n+QUEUED\r\n";

struct Seen {
  Kind kind;
  std::int64_t integer;
  std::string error;
  friend bool operator==(const Seen&, const Seen&) = default;
};

const std::vector<Seen> expected = {
    {Kind::text, 0, ""},    {Kind::integer, -12, ""},      {Kind::text, 0, ""}, {Kind::text, 0, ""},
    {Kind::nothing, 0, ""}, {Kind::error, 0, "ERR wrong"}, {Kind::list, 0, ""}, {Kind::list, 0, ""},
    {Kind::nothing, 0, ""}, {Kind::list, 0, "NO inner"},   {Kind::text, 0, ""},
};

void take(ReplyScanner& scanner, std::string_view bytes, std::vector<Seen>& seen) {
  while (scanner.next(bytes) == Found::reply) {
    const Reply& reply = scanner.reply();
    seen.push_back({reply.kind, reply.kind == Kind::integer ? reply.integer : 0, reply.error});
  }
  EXPECT_TRUE(bytes.empty());
}

// Given replies of all kinds, however the bytes are split in three, then the same replies are seen.
TEST(ReplyScanner, SeesTheSameHoweverItIsSplit) {
  for (std::size_t first = 0; first <= replies.size(); ++first) {
    for (std::size_t second = first; second <= replies.size(); ++second) {
      ReplyScanner scanner;
      std::vector<Seen> seen;
      take(scanner, replies.substr(0, first), seen);
      take(scanner, replies.substr(first, second - first), seen);
      take(scanner, replies.substr(second), seen);
      ASSERT_TRUE(seen == expected) << first << ' ' << second;
    }
  }
}

// Given one byte after the other, then a reply is whole with its last byte and not before.
TEST(ReplyScanner, WaitsForTheLastByte) {
  ReplyScanner scanner;
  const std::string_view reply = "*2\r\n$3\r\nabc\r\n:1\r\n";
  for (std::size_t i = 0; i < reply.size(); ++i) {
    std::string_view byte = reply.substr(i, 1);
    EXPECT_EQ(scanner.next(byte), i + 1 == reply.size() ? Found::reply : Found::more) << i;
  }
}

// Given what is no reply, then that is said; an endless line is not kept for ever.
TEST(ReplyScanner, RefusesWhatIsNoReply) {
  for (const std::string_view wrong : {"hello\r\n", "$x\r\n", "$-2\r\n", "*9999999999\r\n", ":\r\n",
                                       ":1x\r\n", "\r\n", "+OK\n", "HTTP/1.1 400\r\n"}) {
    ReplyScanner scanner;
    std::string_view bytes = wrong;
    EXPECT_EQ(scanner.next(bytes), Found::malformed) << wrong;
  }
  ReplyScanner scanner;
  const std::string endless(100'000, '+');
  std::string_view bytes = endless;
  EXPECT_EQ(scanner.next(bytes), Found::malformed);
}

}  // namespace
}  // namespace rabia::bench
