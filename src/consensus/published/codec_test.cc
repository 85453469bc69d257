// Golden bytes: docs/formats/message.md, "The protocol as published".
#include "consensus/codec.h"

#include <gtest/gtest.h>

namespace rabia::consensus::published {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string encoded(const Said& said) {
  std::string bytes;
  encode(Message(message::Published{said}), bytes);
  return bytes;
}

constexpr RequestId id{300, {2}, 5};

TEST(PublishedMessages, HaveTheirBytes) {
  const std::pair<Said, const char*> golden[] = {
      {Request{id, base::SharedBytes("abc")}, "1001ac02020503616263"},
      {Proposal{{9}, id}, "100209ac020205"},
      {State{{9}, 1, Bit::one, id},
       "10030901"
       "0101ac020205"},
      {State{{9}, 2, Bit::one, std::nullopt}, "100309020100"},
      {CastVote{{9}, 3, Vote::question}, "1004090302"},
      {Decided{{9}, id}, "10050901ac020205"},
      {Decided{{9}, std::nullopt}, "10050900"},
      {Ask{{9}}, "100609"},
      {Want{{id, id}}, "100702ac020205ac020205"},
      {Gone{{9}}, "100809"},
      {Told{{9}}, "100909"},
  };
  for (const auto& [said, bytes] : golden) {
    const std::string is = encoded(said);
    EXPECT_EQ(hex(is), bytes);
    base::Decoder in(is);
    const Result<Message> back = decode_message(in);
    ASSERT_TRUE(back.ok()) << bytes;
    EXPECT_TRUE(in.complete());
    EXPECT_EQ(hex(encoded(std::get<message::Published>(back.value()).said)), bytes);
  }
}

// Given bytes that nobody writes, then they are refused, and nothing else happens.
TEST(PublishedMessages, AreRefusedWhenMalformed) {
  const std::string malformed[] = {
      std::string("\x10\x00", 2),                  // There is no such kind,
      std::string("\x10\x0a\x09", 3),              // nor this one.
      std::string("\x10\x02\x09\x01\x00\x01", 6),  // No member has the number 0,
      std::string("\x10\x02\x09\x01\x02\x00", 6),  // no request has.
      std::string("\x10\x03\x09\x01\x01\x00", 6),  // A first state 1 without a name;
      std::string("\x10\x03\x09\x00\x00\x00", 6),  // phase 0.
      std::string("\x10\x04\x09\x01\x03", 5),      // A vote 3.
      std::string("\x10\x07\x00", 3),              // Wants nothing;
      std::string("\x10\x07\x81\x02", 4),          // or too much.
  };
  for (const std::string& bytes : malformed) {
    base::Decoder in(bytes);
    EXPECT_FALSE(decode_message(in).ok()) << hex(bytes);
  }
  for (const Said& said : {Said(State{{9}, 1, Bit::one, id}), Said(Want{{id, id}})}) {
    const std::string whole = encoded(said);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      base::Decoder in(std::string_view(whole).substr(0, size));
      EXPECT_FALSE(decode_message(in).ok()) << size;
    }
  }
}

}  // namespace
}  // namespace rabia::consensus::published
