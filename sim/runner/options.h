// The command line of rabia-sim.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rabia/result.h"
#include "sim/world/plan.h"

namespace rabia::sim {

struct Options {
  std::uint64_t first_seed = 0;
  std::uint64_t end_seed = 0;  // Seeds are [first, end).
  bool one_seed = false;       // --seed: run here, in this process.
  bool trace = false;          // Print everything that happens.
  std::size_t jobs = 1;        // Processes at once.
  const Scenario* scenario = nullptr;
  std::uint64_t steps_max = UINT64_MAX;
  double hours = 0;           // Above 0: go on from first_seed for so long.
  std::string mutant;         // Of the mutable build: the rule to break.
  std::string catch_mutants;  // Of the mutable build: break these one by one (mutants.h).
};

struct Invocation {
  Options options;
  std::optional<std::string> answer;  // To print instead of running: help, or a list.
};

// Code::invalid_argument says what is wrong. `processors` is the default of --jobs.
Result<Invocation> parse_options(int argc, char** argv, std::size_t processors);

}  // namespace rabia::sim
