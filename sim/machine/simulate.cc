#include "rabia/simulate.h"

#include <memory>
#include <utility>

#include "sim/machine/machine_users.h"
#include "sim/world/world.h"

namespace rabia {
namespace {

using sim::Count;
using sim::CountKind;

// Everything but states that become others by themselves: that is what a wrong machine looks like.
const sim::Scenario& scenario() {
  static const sim::Scenario all = [] {
    sim::Scenario made{"machine", "all faults but corrupted states", {}};
    for (const sim::CountRow& row : sim::count_rows()) {
      const bool chosen = row.kind == CountKind::fault && row.count != Count::state_corrupted;
      if (chosen) made.faults.push_back(row.count);
    }
    return made;
  }();
  return all;
}

struct Seeds {
  const MakeStateMachine& make;
  const SimulationOptions& options;
  sim::MachineUsers::Sums sums{};
  sim::Tally tally{};

  sim::RunResult run(std::uint64_t seed) {
    sim::Plan plan = sim::draw_plan(seed, scenario());
    plan.disk_reserve_bytes = 0;  // The library has nobody refuse commands when a disk fills up.
    const auto make_users = [this](const sim::Users::World& world, const sim::Plan& drawn) {
      return std::make_unique<sim::MachineUsers>(world, drawn, make, options, sums);
    };
    return sim::run_world(plan, {.trace = options.trace}, make_users);
  }
};

Status check(const MakeStateMachine& make, const SimulationOptions& options) {
  const auto refuse = [](const char* why) { return Status(Code::invalid_argument, why); };
  if (!make) return refuse("make: a function that makes the machine is needed");
  if (!options.command) return refuse("command: a function that makes a command is needed");
  if (options.seeds == 0) return refuse("seeds: at least 1");
  if (options.trace != nullptr && options.seeds > 1) return refuse("trace: only of one seed");
  return {};
}

SimulationReport report_of(const Seeds& all) {
  SimulationReport report{
      .seeds = all.options.seeds,
      .commands = all.sums.commands,
      .answered = all.sums.answered,
      .refused = all.sums.refused,
      .unknown = all.sums.unknown,
      .snapshots_loaded = all.tally[Count::log_cut_off] + all.tally[Count::snapshots_installed],
      .simulated_seconds = all.tally[Count::simulated_ms] / 1000};
  for (const sim::CountRow& row : sim::count_rows()) {
    if (row.kind == CountKind::fault) report.faults += all.tally[row.count];
  }
  return report;
}

}  // namespace

Result<SimulationReport> simulate(const MakeStateMachine& make, const SimulationOptions& options) {
  if (Status wrong = check(make, options); !wrong.ok()) return wrong;
  Seeds all{make, options};
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = options.first_seed + i;
    sim::RunResult result = all.run(seed);
    if (i == 0 && result.violation.empty() && options.trace == nullptr) {
      Seeds again{make, options};
      if (again.run(seed).trace_hash != result.trace_hash) {
        result.violation =
            "the seed gave another run when it was run again: the commands, or when the machine "
            "wants to be woken, follow from something outside\n";
      }
    }
    if (!result.violation.empty()) {
      const std::string name = std::to_string(seed);
      return {Code::failed_precondition, "seed " + name + ": " + result.violation +
                                             "\nto see it happen: simulate() with first_seed = " +
                                             name + ", seeds = 1 and trace = &std::cerr"};
    }
    all.tally.add(result.tally);
  }
  return report_of(all);
}

}  // namespace rabia
