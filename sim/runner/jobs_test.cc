#include "sim/runner/jobs.h"

#include <gtest/gtest.h>

#include <csignal>
#include <map>

namespace rabia::sim {
namespace {

std::map<std::uint64_t, std::string> run(const JobsOptions& options, const RunSeed& run_seed) {
  std::map<std::uint64_t, std::string> results;
  run_jobs(
      options, run_seed,
      [&](const SeedResult& result) {
        EXPECT_TRUE(results.emplace(result.seed, result.violation).second) << result.seed;
        return true;
      },
      [] { return true; });
  return results;
}

// Given seeds of which some end their process, then every seed has a result, those are violations,
// and the others are as they were.
TEST(SimJobs, ASeedThatEndsItsProcessIsAViolationAndTheOthersGoOn) {
  const auto results = run({.first_seed = 10, .end_seed = 30, .jobs = 3}, [](std::uint64_t seed) {
    if (seed % 10 == 7) std::raise(SIGKILL);
    RunResult result;
    if (seed == 20) result.violation = "found";
    return result;
  });
  ASSERT_EQ(results.size(), 20U);
  for (const auto& [seed, violation] : results) {
    if (seed % 10 == 7) {
      EXPECT_NE(violation.find("ended by signal"), std::string::npos);
    } else {
      EXPECT_EQ(violation, seed == 20 ? "found" : "");
    }
  }
}

// Given a seed whose second run has another trace, then that is a violation.
TEST(SimJobs, UnequalTracesOfOneSeedAreAViolation) {
  const auto results = run({.first_seed = 0, .end_seed = 4, .jobs = 1, .twice_of = 2},
                           [runs = 0](std::uint64_t) mutable {
                             RunResult result;
                             result.trace_hash = static_cast<std::uint64_t>(++runs);
                             return result;
                           });
  for (const auto& [seed, violation] : results) {
    EXPECT_EQ(violation.starts_with("determinism"), seed % 2 == 0) << seed;
  }
}

// Given a run without end, then it is ended and is a violation.
TEST(SimJobs, ARunWithoutEndIsEnded) {
  const auto results =
      run({.first_seed = 0, .end_seed = 1, .jobs = 1, .seconds_max = 1}, [](std::uint64_t) {
        volatile bool for_ever = true;
        while (for_ever) {
        }
        return RunResult{};
      });
  EXPECT_EQ(results.at(0), "the run did not end");
}

// Given somebody who has seen enough, then no more results come.
TEST(SimJobs, EndWhenNoMoreIsWanted) {
  std::size_t results = 0;
  run_jobs(
      {.first_seed = 0, .end_seed = UINT64_MAX, .jobs = 2},
      [](std::uint64_t) { return RunResult{}; }, [&](const SeedResult&) { return ++results < 5; },
      [] { return true; });
  EXPECT_EQ(results, 5U);
}

}  // namespace
}  // namespace rabia::sim
