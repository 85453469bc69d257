#include "sim/runner/options.h"

#include <gtest/gtest.h>

#include <vector>

namespace rabia::sim {
namespace {

Result<Invocation> parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "rabia-sim");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return parse_options(static_cast<int>(argv.size()), argv.data(), 2);
}

// Given a range, then seeds go from its first to the one before its end.
TEST(SimOptions, ARangeNamesItsFirstSeedAndTheOneAfterItsLast) {
  const auto parsed = parse({"--seeds", "5:9", "--jobs", "3", "--scenario", "power"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().options.first_seed, 5U);
  EXPECT_EQ(parsed.value().options.end_seed, 9U);
  EXPECT_EQ(parsed.value().options.jobs, 3U);
  EXPECT_EQ(parsed.value().options.scenario->name, "power");
  EXPECT_FALSE(parsed.value().options.one_seed);
}

TEST(SimOptions, OneSeedCanBeTraced) {
  const auto parsed = parse({"--seed", "7", "--trace"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_TRUE(parsed.value().options.one_seed);
  EXPECT_TRUE(parsed.value().options.trace);
  EXPECT_EQ(parsed.value().options.first_seed, 7U);
  EXPECT_EQ(parsed.value().options.end_seed, 8U);
}

TEST(SimOptions, ARangeMayHaveNoEnd) {
  const auto parsed = parse({"--seeds", "5:", "--hours", "2"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().options.first_seed, 5U);
  EXPECT_EQ(parsed.value().options.end_seed, UINT64_MAX);
}

// Given what makes no sense, then it is refused and the message says what is wanted.
TEST(SimOptions, RefusesWhatMakesNoSense) {
  for (const char* range : {"9:5", "5:5", "5", ":5", "a:b", "1:2:3", "-1:4"}) {
    const auto parsed = parse({std::string("--seeds=") + range});
    ASSERT_FALSE(parsed.ok()) << range;
    EXPECT_NE(parsed.status().message().find("0:2000"), std::string::npos) << range;
  }
  EXPECT_NE(parse({"--scenario", "nothing"}).status().message().find("partition"),
            std::string::npos);
  EXPECT_EQ(parse({"--trace"}).status().code(), Code::invalid_argument);
  EXPECT_EQ(parse({"--jobs", "0"}).status().code(), Code::invalid_argument);
}

// Without the mutable build there is no way to break a rule.
TEST(SimOptions, KnowNoMutantsInAnOrdinaryBuild) {
  EXPECT_FALSE(parse({"--mutant", "no-reservation"}).ok());
}

}  // namespace
}  // namespace rabia::sim
