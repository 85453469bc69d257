// One run of a whole cluster that replicates the key-value store.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "sim/world/plan.h"
#include "sim/world/world.h"

namespace rabia::sim {

struct RunOptions {
  std::uint64_t seed = 0;
  const Scenario* scenario = nullptr;
  std::uint64_t steps_max = UINT64_MAX;  // Events of the time of trouble; then it ends early.
  std::ostream* trace = nullptr;
};

[[nodiscard]] RunResult run_seed(const RunOptions& options);

}  // namespace rabia::sim
