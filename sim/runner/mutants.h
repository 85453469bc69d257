// Breaks every rule in turn and looks whether the simulator sees it. In the mutable build only.
#pragma once

#include <string>

#include "sim/runner/options.h"

namespace rabia::sim {

// `which`: "quick" leaves out the mutants that take many seeds, "all" does not, and a mutant's name
// stands for itself alone. Prints a row for each: which seed showed it (or after how many states
// the explorer did), and as what. A seed that is broken without the mutant does not count. True
// when all were seen. Code::invalid_argument: there is no such mutant.
Result<bool> catch_mutants(const std::string& which, std::size_t jobs);

}  // namespace rabia::sim
