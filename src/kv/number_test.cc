#include "kv/number.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace rabia::kv {
namespace {

TEST(Float, IsReadAsAWhole) {
  EXPECT_EQ(parse_float("3.0e3"), 3000.0L);
  EXPECT_EQ(parse_float("-.5"), -0.5L);
  EXPECT_EQ(parse_float("+1"), 1.0L);
  EXPECT_EQ(parse_float("0x10"), 16.0L);
  EXPECT_EQ(parse_float("inf"), std::numeric_limits<long double>::infinity());
  EXPECT_EQ(parse_float("1e-4000"), 1e-4000L);
  for (const char* text :
       {"", " 1", "1 ", "1x", "nan", ".", "e5", "1e9999", "-1e9999", "1e-9999", "\t1"}) {
    EXPECT_EQ(parse_float(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_float(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_float(std::string(6'000, '1')), std::nullopt);
}

TEST(Float, IsPrintedForPeople) {
  EXPECT_EQ(format_float(0.0L), "0");
  EXPECT_EQ(format_float(-0.0L), "0");
  EXPECT_EQ(format_float(10.5L), "10.5");
  EXPECT_EQ(format_float(100.0L), "100");
  EXPECT_EQ(format_float(-200.0L), "-200");
  EXPECT_EQ(format_float(1e20L), "100000000000000000000");
  EXPECT_EQ(format_float(1e-17L), "0.00000000000000001");
  EXPECT_EQ(format_float(-1e-30L), "0");
  EXPECT_EQ(format_float(*parse_float("0.1")), "0.1");
  EXPECT_EQ(format_float(std::numeric_limits<long double>::max()).size(), 4'933U);
}

}  // namespace
}  // namespace rabia::kv
