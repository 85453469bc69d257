// Runs a range of seeds, prints what they violated, and adds up what they counted.
#pragma once

#include <cstdint>
#include <string>

#include "sim/runner/options.h"
#include "sim/world/tally.h"

namespace rabia::sim {

struct RangeResult {
  Tally tally;
  std::uint64_t seeds = 0;
  std::uint64_t violations = 0;
};

// `program`: how it was called, for the command that replays a seed. A line of progress goes to
// standard error now and then.
[[nodiscard]] RangeResult run_range(const std::string& program, const Options& options);

// One seed, in this process, with its trace if asked. True when all was well.
[[nodiscard]] bool run_one(const Options& options);

}  // namespace rabia::sim
