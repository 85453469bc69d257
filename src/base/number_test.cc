#include "base/number.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace rabia::base {
namespace {

// Given the text that prints a number, when parsed, then the number.
TEST(ParseInteger, ReadsTheWholeRange) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{7}, std::int64_t{-1}, std::int64_t{10}, std::int64_t{-907},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(parse_integer(std::to_string(value)), value);
  }
}

// Given anything else (as Redis's string2ll sees it), when parsed, then nothing.
TEST(ParseInteger, RefusesEveryOtherForm) {
  for (const char* text :
       {"", "-", "+1", "01", "-01", "00", "-0", " 1", "1 ", "1\n", "1.0", "1e3", "0x10", "1a",
        "abc", "9223372036854775808", "-9223372036854775809", "99999999999999999999999", "--1"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_integer(std::string_view("1\0", 2)), std::nullopt);
}

}  // namespace
}  // namespace rabia::base
