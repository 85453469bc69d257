// What rabia-sim prints of a set of runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/runner/options.h"
#include "sim/world/tally.h"

namespace rabia::sim {

// The figures of all seeds together: one section for each kind of count.
[[nodiscard]] std::string summary(const Tally& tally, std::uint64_t violations);

// Coverage marks that no seed has reached. Only sets of runs from `coverage_seeds_min` seeds of the
// scenario "all" on are held to them.
inline constexpr std::uint64_t coverage_seeds_min = 300;
[[nodiscard]] std::vector<std::string> missing_marks(const Tally& tally);

// "rabia-sim --seed 7 --scenario power --trace": the same run again, with everything that happens.
[[nodiscard]] std::string replay_command(const std::string& program, const Options& options,
                                         std::uint64_t seed);

}  // namespace rabia::sim
