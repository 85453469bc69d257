// Breaks every rule in turn and looks whether the simulator sees it. In the mutable build only.
#pragma once

#include <string>

#include "sim/runner/options.h"

namespace rabia::sim {

// `which`: "quick" leaves out the mutants that take many seeds, "all" does not, and a mutant's name
// stands for itself alone. Prints a row for each: how many seeds it took, and what was seen first.
// True when all were seen, but for those known to be out of reach (docs/testing.md).
// Code::invalid_argument: there is no such mutant.
Result<bool> catch_mutants(const std::string& which, std::size_t jobs);

}  // namespace rabia::sim
