#include "sim/runner/mutants.h"

#include <algorithm>
#include <cstdio>

#include "base/mutant.h"
#include "sim/runner/jobs.h"

namespace rabia::sim {
namespace {

using base::Mutant;

constexpr std::uint64_t seeds_max = 2000;
// A quick mutant was seen within a tenth of this when it was measured.
constexpr std::uint64_t quick_seeds_max = 600;

// Where a mutant is looked for, unless it is found quickly in the scenario "all".
struct Hunt {
  Mutant mutant;
  std::string_view scenario;
  bool out_of_reach = false;  // No seed is known to show it: docs/testing.md says why.
};
constexpr Hunt slow[] = {
    {Mutant::phases_mixed, "all"},
    {Mutant::ranges_joined_over_phases, "all"},
    {Mutant::later_state_1_without_the_batch, "all"},
    {Mutant::decide_0_on_f_plus_1_zeros, "all"},
    {Mutant::zero_instead_of_fetching, "all"},
    {Mutant::coin_over_votes, "all"},
    {Mutant::answer_to_another_ask, "all"},
    {Mutant::cut_history_said_empty, "all"},
    {Mutant::founding_without_last_vector, "founding", true},
    {Mutant::founding_forgotten, "founding"},
    {Mutant::clean_stop_remembered, "all"},
};

const Hunt* slow_hunt(Mutant mutant) {
  const auto* found = std::find_if(std::begin(slow), std::end(slow),
                                   [mutant](const Hunt& hunt) { return hunt.mutant == mutant; });
  return found != std::end(slow) ? found : nullptr;
}

// The first seed that shows it; no violation when none does.
struct Catch {
  std::uint64_t seeds = 0;
  std::string violation;
};

Catch hunt(const Hunt& hunt, std::uint64_t within, std::size_t jobs) {
  Catch caught;
  const Scenario* scenario = find_scenario(hunt.scenario);
  run_jobs(
      {.first_seed = 0,
       .end_seed = within,
       .jobs = jobs,
       .twice_of = UINT64_MAX,
       .seconds_max = 30},
      [&](std::uint64_t seed) {
        base::activate(hunt.mutant);
        return run_seed({seed, scenario, UINT64_MAX, nullptr});
      },
      [&](const SeedResult& result) {
        ++caught.seeds;
        caught.violation = result.violation.substr(0, result.violation.find('\n'));
        return caught.violation.empty();
      },
      [] { return true; });
  return caught;
}

}  // namespace

Result<bool> catch_mutants(const std::string& which, std::size_t jobs) {
  const bool quick = which == "quick";
  const bool one = !quick && which != "all";
  if (one && !base::find_mutant(which)) {
    return {Code::invalid_argument, "there is no mutant '" + which + "'"};
  }
  std::size_t seen = 0;
  std::size_t missed = 0;
  for (const base::MutantRow& row : base::mutants()) {
    const Hunt* const known = slow_hunt(row.mutant);
    if (one ? row.name != which : quick && known != nullptr) continue;
    const Catch caught = hunt(known != nullptr ? *known : Hunt{row.mutant, "all"},
                              quick ? quick_seeds_max : seeds_max, jobs);
    const bool found = !caught.violation.empty();
    if (found || known == nullptr || !known->out_of_reach) ++(found ? seen : missed);
    std::printf("%-38.*s %6s  %s\n", static_cast<int>(row.name.size()), row.name.data(),
                found ? std::to_string(caught.seeds).c_str() : "-",
                found ? caught.violation.c_str() : "not seen");
    std::fflush(stdout);
  }
  std::printf("%zu passed, %zu failed\n", seen, missed);
  return missed == 0;
}

}  // namespace rabia::sim
