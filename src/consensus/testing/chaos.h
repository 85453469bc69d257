// One run of a world that goes through everything: founding, faults drawn by the seed, healing, and
// quiet. What every such run must show is in check(); what the runs together reached is in `tally`.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "consensus/testing/world.h"

namespace rabia::consensus::testing {

struct ChaosOptions {
  std::uint64_t seed = 1;
  std::ostream* trace = nullptr;
};

struct ChaosResult {
  std::string failure;  // Empty when all was well.
  Tally tally;
};

// Everything, also the size of the cluster and the mode, follows from the seed.
ChaosResult run_chaos(const ChaosOptions& options);

}  // namespace rabia::consensus::testing
