#include "io/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rabia::io {
namespace {

// Takes the lines of one test and gives stderr back afterwards.
class LogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    set_log_sink([this](Level level, std::string_view line) {
      lines_.push_back(std::string(name_of(level)) + " " + std::string(line));
    });
  }
  void TearDown() override {
    set_log_sink({});
    set_log_level(Level::info);
  }
  std::vector<std::string> lines_;
};

// Given fields of every kind, when an event is logged, then the line holds them in order.
TEST_F(LogTest, FieldsBecomeKeyValuePairsInOrder) {
  const std::string address = "127.0.0.1:7";
  log(Level::info, "io", "hello", {{"peer", ReplicaId{3}}, {"address", address}, {"bytes", 7U}});
  log(Level::error, "io", "numbers", {{"low", -1}, {"ratio", 0.5}, {"yes", true}, {"no", false}});
  EXPECT_EQ(lines_, (std::vector<std::string>{
                        "info component=io message=hello peer=3 address=127.0.0.1:7 bytes=7",
                        "error component=io message=numbers low=-1 ratio=0.5 yes=true no=false"}));
}

// Given a value with spaces, quotes, newlines and raw bytes (a hostile peer's words), when logged,
// then it stays one quoted value on one line.
TEST_F(LogTest, HostileValuesCannotBreakTheLine) {
  log(Level::warning, "io", "refused", {{"reason", "a \"b\"\nlevel=error \x01\xff"}, {"e", ""}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0],
            "warning component=io message=refused "
            "reason=\"a \\\"b\\\"\\nlevel=error \\x01\\xff\" e=\"\"");
}

// Given a value of a megabyte, when logged, then the line is bounded.
TEST_F(LogTest, LongValuesAreCut) {
  log(Level::info, "io", "long", {{"value", std::string(1 << 20, 'x')}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_LT(lines_[0].size(), 1200U);
  EXPECT_TRUE(lines_[0].ends_with("x...\""));
}

// Given level warning, when events of all levels are logged, then only those at or above it appear;
// with off, none.
TEST_F(LogTest, LevelsBelowTheSetOneAreSilent) {
  set_log_level(Level::warning);
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
    log(level, "io", "event");
  }
  EXPECT_EQ(lines_, (std::vector<std::string>{"warning component=io message=event",
                                              "error component=io message=event"}));
  set_log_level(Level::off);
  log(Level::error, "io", "event");
  EXPECT_EQ(lines_.size(), 2U);
}

// Given every level, when its name is parsed, then the level comes back; unknown names are refused.
TEST_F(LogTest, LevelNamesRoundTrip) {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error, Level::off}) {
    const auto parsed = parse_log_level(name_of(level));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value(), level);
  }
  EXPECT_EQ(parse_log_level("verbose").status().code(), Code::invalid_argument);
  EXPECT_EQ(parse_log_level("").status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace rabia::io
