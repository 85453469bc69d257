#include "sim/runner/run_range.h"

#include <chrono>
#include <cstdio>
#include <iostream>

#include "sim/runner/jobs.h"
#include "sim/runner/report.h"
#include "sim/store/run_seed.h"

namespace rabia::sim {
namespace {

using Clock = std::chrono::steady_clock;

// After so many there is nothing to learn from more.
constexpr std::uint64_t violations_max = 20;

class Progress {
 public:
  explicit Progress(const Options& options)
      : options_(options), started_(Clock::now()), said_(started_) {}

  [[nodiscard]] bool time_is_up() const {
    return options_.hours > 0 &&
           Clock::now() - started_ >=
               std::chrono::duration<double, std::ratio<3600>>(options_.hours);
  }
  void say(const RangeResult& all) {
    const Clock::time_point now = Clock::now();
    if (now - said_ < std::chrono::seconds(5)) return;
    said_ = now;
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - started_).count();
    std::fprintf(stderr, "%llu seeds, %.0f a minute, %llu violations\n",
                 static_cast<unsigned long long>(all.seeds),
                 static_cast<double>(all.seeds) / minutes,
                 static_cast<unsigned long long>(all.violations));
  }

 private:
  const Options& options_;
  Clock::time_point started_;
  Clock::time_point said_;
};

}  // namespace

RangeResult run_range(const std::string& program, const Options& options) {
  RangeResult all;
  Progress progress(options);
  const auto on_result = [&](const SeedResult& result) {
    ++all.seeds;
    all.tally.add(result.tally);
    if (result.violation.empty()) return true;
    ++all.violations;
    std::printf("VIOLATION in seed %llu: %s\n  replay: %s\n",
                static_cast<unsigned long long>(result.seed), result.violation.c_str(),
                replay_command(program, options, result.seed).c_str());
    std::fflush(stdout);
    return all.violations < violations_max;
  };
  run_jobs(
      {.first_seed = options.first_seed, .end_seed = options.end_seed, .jobs = options.jobs},
      [&options](std::uint64_t seed) {
        return run_seed({seed, options.scenario, options.steps_max, nullptr});
      },
      on_result,
      [&] {
        progress.say(all);
        return !progress.time_is_up();
      });
  return all;
}

bool run_one(const Options& options) {
  const RunResult result = run_seed({options.first_seed, options.scenario, options.steps_max,
                                     options.trace ? &std::cout : nullptr});
  std::cout << std::flush;
  if (result.violation.empty()) {
    std::printf("seed %llu: 0 violations\n", static_cast<unsigned long long>(options.first_seed));
    return true;
  }
  std::printf("VIOLATION in seed %llu: %s\n", static_cast<unsigned long long>(options.first_seed),
              result.violation.c_str());
  return false;
}

}  // namespace rabia::sim
