// Runs seeds in several processes at once. A seed that ends its process (a failed RABIA_CHECK, a
// crash, a run without end) is a violation like any other, and the others go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/world/world.h"

namespace rabia::sim {

struct SeedResult {
  std::uint64_t seed = 0;
  std::string violation;  // Empty when all was well.
  Tally tally;            // All zero when the process ended.
};

struct JobsOptions {
  std::uint64_t first_seed = 0;
  std::uint64_t end_seed = 0;
  std::size_t jobs = 1;
  std::uint64_t twice_of = 50;  // Each seed that it divides is run twice: equal traces, or broken.
  unsigned seconds_max = 60;    // Of processor time, for one seed (both runs of it).
};

// Runs one seed; called in a child process.
using RunSeed = std::function<RunResult(std::uint64_t seed)>;
// Takes a result, in the parent, in no order. False: enough, begin no more.
using OnResult = std::function<bool(const SeedResult&)>;
// Called in the parent at least every half second.
using OnWait = std::function<bool()>;  // False: enough.

void run_jobs(const JobsOptions& options, const RunSeed& run, const OnResult& on_result,
              const OnWait& on_wait);

}  // namespace rabia::sim
