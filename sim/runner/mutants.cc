#include "sim/runner/mutants.h"

#include <algorithm>
#include <cstdio>

#include "base/mutant.h"
#include "sim/explore/bounds.h"
#include "sim/runner/jobs.h"
#include "sim/store/run_seed.h"

namespace rabia::sim {
namespace {

using base::Mutant;

constexpr std::uint64_t seeds_max = 2000;
// A quick mutant was seen within a tenth of this when it was measured.
constexpr std::uint64_t quick_seeds_max = 600;
constexpr std::uint64_t states_max = 100'000'000;

// Mutants that take too long for the quick hunt.
constexpr Mutant slow[] = {
    Mutant::ranges_joined_over_phases,
    Mutant::later_state_1_without_the_batch,
    Mutant::decide_0_on_f_plus_1_zeros,
    Mutant::zero_instead_of_fetching,
    Mutant::answer_to_another_ask,
    Mutant::cut_history_said_empty,
    Mutant::founding_without_last_vector,
    Mutant::left_vectors_forgotten,
    Mutant::clean_stop_remembered,
    Mutant::zero_over_a_vote_1,
    Mutant::propose_in_a_decided_slot,
    Mutant::rejoin_one_bound_fewer,
    Mutant::rejoin_too_early,
    Mutant::checkpoint_without_votes,
    Mutant::not_written_back,
};

// Where a mutant is looked for, when it is not the scenario "all".
struct Place {
  Mutant mutant;
  std::string_view scenario;
  std::string_view bound;  // Of the explorer, in place of a scenario.
};
constexpr Place places[] = {
    // More has to fall into place than seeds do within 2,000: up to 34 steps of three members.
    {Mutant::phases_mixed, "", "slot-3"},
    {Mutant::coin_over_votes, "", "slot-3"},
    {Mutant::founding_without_last_vector, "", "founding-loss"},
    {Mutant::left_vectors_forgotten, "", "founding-loss-restart"},
    {Mutant::configuration_late_on_some, "members", ""},
    // Few logs are cut off while a slot is in its votes.
    {Mutant::checkpoint_without_votes, "crash", ""},
    {Mutant::rejoin_one_bound_fewer, "disk", ""},
    // Few replicas write enough while their disks are full of something else.
    {Mutant::disk_full_log_first, "full", ""},
    {Mutant::published_any_proposal, "published", ""},
    {Mutant::published_f_votes_decide, "published", ""},
    {Mutant::published_own_coin, "published", ""},
    {Mutant::published_null_drops_head, "published", ""},
    {Mutant::published_executed_twice, "published", ""},
    {Mutant::published_read_at_once, "published", ""},
};

Place place_of(Mutant mutant) {
  const auto* found = std::find_if(std::begin(places), std::end(places),
                                   [mutant](const Place& place) { return place.mutant == mutant; });
  return found != std::end(places) ? *found : Place{mutant, "all", ""};
}

bool is_slow(Mutant mutant) {
  return std::find(std::begin(slow), std::end(slow), mutant) != std::end(slow);
}

// How it was seen; no violation when it was not.
struct Catch {
  std::uint64_t seen_at = 0;  // The smallest seed that shows it, or how many states it took.
  std::string violation;
};

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// Runs seeds until one is broken.
Catch run_until_broken(Mutant mutant, const Scenario& scenario, JobsOptions options) {
  Catch caught;
  options.twice_of = UINT64_MAX;
  options.seconds_max = 30;
  run_jobs(
      options,
      [&](std::uint64_t seed) {
        base::activate(mutant);
        return run_seed({seed, &scenario, UINT64_MAX, nullptr});
      },
      [&](const SeedResult& result) {
        if (result.violation.empty()) return true;
        if (caught.violation.empty() || result.seed < caught.seen_at) {
          caught = {result.seed, first_line(result.violation)};
        }
        return false;
      },
      [] { return true; });
  return caught;
}

Catch hunt_in_seeds(const Place& place, std::uint64_t within, std::size_t jobs) {
  const Scenario& scenario = *find_scenario(place.scenario);
  Catch caught =
      run_until_broken(place.mutant, scenario, {.first_seed = 0, .end_seed = within, .jobs = jobs});
  if (caught.violation.empty()) return caught;
  // Broken without the mutant as well, it would prove nothing.
  const JobsOptions same{.first_seed = caught.seen_at, .end_seed = caught.seen_at + 1, .jobs = 1};
  if (!run_until_broken(Mutant::none, scenario, same).violation.empty()) caught.violation.clear();
  return caught;
}

Catch hunt_in_states(const Place& place) {
  base::activate(place.mutant);
  const auto model = explore::model_of(*explore::find_bound(place.bound));
  const explore::Outcome outcome = explore::search(*model, states_max);
  base::activate(Mutant::none);
  return {outcome.states, outcome.violation ? "section 13, " + outcome.violation->rule : ""};
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
    if (one ? row.name != which : quick && is_slow(row.mutant)) continue;
    const Place place = place_of(row.mutant);
    const bool explored = !place.bound.empty();
    const Catch caught = explored ? hunt_in_states(place)
                                  : hunt_in_seeds(place, quick ? quick_seeds_max : seeds_max, jobs);
    const bool found = !caught.violation.empty();
    ++(found ? seen : missed);
    const std::string where =
        found ? (explored ? "state " : "seed ") + std::to_string(caught.seen_at) : "-";
    std::printf("%-38.*s %13s  %s\n", static_cast<int>(row.name.size()), row.name.data(),
                where.c_str(), found ? caught.violation.c_str() : "not seen");
    std::fflush(stdout);
  }
  std::printf("%zu passed, %zu failed\n", seen, missed);
  return missed == 0;
}

}  // namespace rabia::sim
