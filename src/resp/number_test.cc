#include "resp/number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace rabia::resp {
namespace {

// Given the canonical form of a number, when parsed, then the number.
TEST(ParseInteger, ReadsTheWholeRange) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("7"), 7);
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

// Given anything else (as Redis's string2ll sees it), when parsed, then nothing.
TEST(ParseInteger, RefusesEveryOtherForm) {
  for (const char* text : {"", "-", "+1", "01", "-0", "-01", "00", " 1", "1 ", "1.0", "0x1", "--1",
                           "9223372036854775808", "-9223372036854775809", "1a"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
}

}  // namespace
}  // namespace rabia::resp
