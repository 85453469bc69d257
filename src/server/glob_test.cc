#include "server/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace rabia::server {
namespace {

// Given patterns and texts, when matched, then what Redis answers
// (tests/integration/compare_with_redis.py asks it about thousands more).
TEST(Glob, MatchesAsRedisDoes) {
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "anything"));
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_TRUE(glob_matches("a*c*", "abbcd"));
  EXPECT_TRUE(glob_matches("[a-c]x", "bx"));
  EXPECT_TRUE(glob_matches("[c-a]x", "bx"));
  EXPECT_TRUE(glob_matches("[^a-c]x", "dx"));
  EXPECT_TRUE(glob_matches("\\*", "*"));
  EXPECT_TRUE(glob_matches("[\\]]", "]"));
  EXPECT_TRUE(glob_matches("[a", "a"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches("a", ""));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
  EXPECT_FALSE(glob_matches("[^a-c]x", "bx"));
  EXPECT_FALSE(glob_matches("\\*", "x"));
  EXPECT_FALSE(glob_matches("a*b", "ac"));
  EXPECT_FALSE(glob_matches("A", "a"));
}

// Given letters whose case is to be ignored, when matched, then it is, in ranges too.
TEST(Glob, IgnoresCaseWhenAsked) {
  EXPECT_TRUE(glob_matches("MaX*[A-C]", "maxmemory-b", Case::ignore));
  EXPECT_FALSE(glob_matches("max", "min", Case::ignore));
}

// Given a pattern of many stars that almost matches, when matched, then it ends: a matcher that
// tries all ways to share out the bytes would take longer than the universe exists.
TEST(Glob, ManyStarsDoNotExplode) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  pattern += "b";
  EXPECT_FALSE(glob_matches(pattern, std::string(2000, 'a')));
}

}  // namespace
}  // namespace rabia::server
