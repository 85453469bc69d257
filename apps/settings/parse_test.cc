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

// Given sizes in the units of Redis, in any case, when parsed, then they mean what they mean there.
TEST(Parse, ByteCountsTakeTheUnitsOfRedis) {
  EXPECT_EQ(parse_byte_count("1k").value(), 1000U);
  EXPECT_EQ(parse_byte_count("1kb").value(), 1024U);
  EXPECT_EQ(parse_byte_count("2Mb").value(), 2U << 20);
  EXPECT_EQ(parse_byte_count("2m").value(), 2'000'000U);
  EXPECT_EQ(parse_byte_count("3GB").value(), 3ULL << 30);
  EXPECT_EQ(parse_byte_count("3G").value(), 3'000'000'000U);
}

// Given sizes, when printed, then they are in the largest unit without a fraction, and parse to
// themselves.
TEST(Parse, APrintedByteCountParsesToItself) {
  EXPECT_EQ(print_byte_count(0), "0");
  EXPECT_EQ(print_byte_count(1536), "1536");
  EXPECT_EQ(print_byte_count(64 << 10), "64KiB");
  EXPECT_EQ(print_byte_count(1ULL << 50), "1PiB");
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1ULL << 20, 3ULL << 30, (1ULL << 40) + 1}) {
    EXPECT_EQ(parse_byte_count(print_byte_count(bytes)).value(), bytes);
  }
}

// Given lists of members, when parsed, then spaces and commas separate them, and each counts.
TEST(Parse, ListsOfMembersAreSeparatedBySpacesOrCommas) {
  EXPECT_EQ(print_members(parse_members(" 1=h:1,2=h:2  3=[::1]:3, ").value()),
            "1=h:1 2=h:2 3=[::1]:3");
  EXPECT_TRUE(parse_members("").value().empty());
  EXPECT_FALSE(parse_members("1=h:1 x").ok());
}

// Given the levels of the log, and those of Redis, when parsed, then each is one of ours.
TEST(Parse, LogLevelsMayBeThoseOfRedis) {
  EXPECT_EQ(parse_log_level("notice").value(), io::Level::info);
  EXPECT_EQ(parse_log_level("verbose").value(), io::Level::debug);
  EXPECT_EQ(parse_log_level("warning").value(), io::Level::warning);
  EXPECT_FALSE(parse_log_level("loud").ok());
}

// Given texts that are no number, or one that does not fit, when parsed, then they are refused.
TEST(Parse, ByteCountsThatAreNoneOrOverflowAreRefused) {
  for (const char* text : {"", "KiB", "-1", "kb", "1.5MiB", " 1", "1 MiB", "0x10",
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
