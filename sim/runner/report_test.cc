#include "sim/runner/report.h"

#include <gtest/gtest.h>

namespace rabia::sim {
namespace {

// Given counts, then the summary names each with its figure, and the violations.
TEST(SimReport, SummaryNamesEveryCount) {
  Tally tally;
  tally[Count::power_cut] = 4711;
  const std::string text = summary(tally, 0);
  for (const CountRow& row : count_rows()) {
    EXPECT_NE(text.find(row.name), std::string::npos) << row.name;
  }
  EXPECT_NE(text.find("4711\n"), std::string::npos);
  EXPECT_NE(text.find("\n0 violations\n"), std::string::npos);
}

// Given runs that reached all marks but one, then that one is missing.
TEST(SimReport, AMarkThatNoSeedReachedIsMissing) {
  Tally tally;
  for (const CountRow& row : count_rows()) tally[row.count] = 1;
  EXPECT_TRUE(missing_marks(tally).empty());
  tally[Count::escape_row] = 0;
  ASSERT_EQ(missing_marks(tally).size(), 1U);
  EXPECT_NE(missing_marks(tally).front().find("section 2.2"), std::string::npos);
}

// Given what was run, then the command that replays a seed says all of it.
TEST(SimReport, ReplayCommandSaysEverythingThatTheRunDependsOn) {
  Options options;
  options.scenario = find_scenario("all");
  EXPECT_EQ(replay_command("rabia-sim", options, 7), "rabia-sim --seed 7 --trace");
  options.scenario = find_scenario("power");
  options.steps_max = 100;
  EXPECT_EQ(replay_command("rabia-sim", options, 7),
            "rabia-sim --seed 7 --scenario power --steps 100 --trace");
}

}  // namespace
}  // namespace rabia::sim
