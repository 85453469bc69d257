#include "rabia_ctl/backup.h"

#include <gtest/gtest.h>

namespace rabia::apps {
namespace {

Reply text(std::string bytes) {
  return {.kind = Reply::Kind::text, .text = std::move(bytes), .integer = 0, .list = {}};
}

Reply number(std::int64_t value) {
  return {.kind = Reply::Kind::integer, .text = {}, .integer = value, .list = {}};
}

Reply announcement() {
  return {.kind = Reply::Kind::list,
          .text = {},
          .integer = 0,
          .list = {text("id"), number(3), text("round"), number(9), text("position"), number(7),
                   text("bytes"), number(100), text("part-bytes-max"), number(50), text("checksum"),
                   text("fedcba9876543210"), text("digest"), text("abc")}};
}

// Given what a replica says of a backup, also with more fields than we know, then it is understood.
TEST(AnnouncedBackup, IsRead) {
  Reply reply = announcement();
  reply.list.insert(reply.list.begin(), {text("new"), number(1)});
  const Result<AnnouncedBackup> backup = parse_announced(reply);
  ASSERT_TRUE(backup.ok()) << backup.status().message();
  EXPECT_EQ(backup.value().id, 3U);
  EXPECT_EQ(backup.value().round, 9U);
  EXPECT_EQ(backup.value().position, 7U);
  EXPECT_EQ(backup.value().bytes, 100U);
  EXPECT_EQ(backup.value().part_bytes_max, 50U);
  EXPECT_EQ(backup.value().checksum, 0xfedcba9876543210U);
  EXPECT_EQ(backup.value().digest, "abc");
}

// Given an answer without one of the fields, or with one that cannot be, then it is refused.
TEST(AnnouncedBackup, IsRefusedWhenItCannotBe) {
  for (std::size_t field = 0; field < announcement().list.size(); field += 2) {
    Reply reply = announcement();
    reply.list[field].text = "other";
    EXPECT_EQ(parse_announced(reply).status().code(), Code::corrupted) << field;
    reply = announcement();
    reply.list[field + 1].kind = Reply::Kind::nothing;
    EXPECT_EQ(parse_announced(reply).status().code(), Code::corrupted) << field;
  }
  for (const char* checksum : {"", "xyz", "1234 ", "-1", "123456789abcdef01"}) {
    Reply reply = announcement();
    reply.list[11].text = checksum;
    EXPECT_FALSE(parse_announced(reply).ok()) << checksum;
  }
  Reply negative = announcement();
  negative.list[7].integer = -1;
  EXPECT_FALSE(parse_announced(negative).ok());
  Reply no_parts = announcement();
  no_parts.list[9].integer = 0;
  EXPECT_FALSE(parse_announced(no_parts).ok());
  EXPECT_FALSE(parse_announced(Reply{}).ok());
}

}  // namespace
}  // namespace rabia::apps
