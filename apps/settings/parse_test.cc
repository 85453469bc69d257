#include "settings/parse.h"

#include <gtest/gtest.h>

namespace rabia::apps {
namespace {

// Given sizes with and without a unit, when they are parsed, then they are bytes.
TEST(Parse, ByteCountsTakeBinaryUnits) {
  EXPECT_EQ(parse_byte_count("17").value(), 17U);
  EXPECT_EQ(parse_byte_count("64KiB").value(), 65536U);
  EXPECT_EQ(parse_byte_count("2MiB").value(), 2U << 20);
  EXPECT_EQ(parse_byte_count("3GiB").value(), 3ULL << 30);
  EXPECT_EQ(parse_byte_count("4TiB").value(), 4ULL << 40);
  EXPECT_EQ(parse_byte_count("5PiB").value(), 5ULL << 50);
}

// Given texts that are no number, or one that does not fit, when parsed, then they are refused.
TEST(Parse, ByteCountsThatAreNoneOrOverflowAreRefused) {
  for (const char* text : {"", "KiB", "-1", "1kb", "1.5MiB", " 1", "1 MiB", "0x10",
                           "18446744073709551616", "17179869184GiB", "16384PiB", "1TB"}) {
    EXPECT_FALSE(parse_byte_count(text).ok()) << text;
  }
}

// Given members with names, IPv4 and IPv6 addresses, when printed and parsed, then they are equal.
TEST(Parse, APrintedMemberParsesToItself) {
  for (const char* text : {"1=127.0.0.1:17001", "65535=db.example:1", "7=[::1]:65535"}) {
    const auto member = parse_member(text);
    ASSERT_TRUE(member.ok()) << text;
    EXPECT_EQ(print_member(member.value()), text);
  }
}

// Given a member without id, with id 0 or too large an id, or without a port, then it is refused.
TEST(Parse, MalformedMembersAreRefused) {
  for (const char* text : {"", "1", "127.0.0.1:1", "0=127.0.0.1:1", "65536=127.0.0.1:1", "x=h:1",
                           "1=h", "1=h:0", "1=h:65536", "1=:5x"}) {
    EXPECT_FALSE(parse_member(text).ok()) << text;
  }
}

// Given the three modes, when named and parsed, then each is itself; anything else is refused.
TEST(Parse, DurabilityHasThreeNames) {
  for (const Durability mode : {Durability::always, Durability::os, Durability::memory}) {
    EXPECT_EQ(parse_durability(name_of(mode)).value(), mode);
  }
  EXPECT_FALSE(parse_durability("Always").ok());
  EXPECT_FALSE(parse_durability("").ok());
}

// Given known pairs of words, when their distance is taken, then it is the known one, both ways.
TEST(Parse, EditDistanceCountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("port", ""), 4U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
  EXPECT_EQ(edit_distance("maxclient", "maxclients"), 1U);
}

}  // namespace
}  // namespace rabia::apps
