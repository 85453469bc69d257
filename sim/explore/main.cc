// rabia-explore: everything that a few members can do within small bounds. README.md.
//
// Exit status: 0 when nothing was found, 1 on a violation, 2 when the command line is wrong.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "base/mutant.h"
#include "sim/explore/bounds.h"

namespace rabia::sim::explore {
namespace {

constexpr std::uint64_t states_max = 500'000'000;  // Some 14 GB.

struct Options {
  std::vector<std::string> bounds{"short"};
  bool list = false;
  std::string mutant;
};

bool is_named(const Bound& bound, const std::string& name) {
  if (name == "short") return bound.is_short;
  if (name == "long") return !bound.is_short;
  return name == "all" || name == bound.name;
}

bool counts_names_once(const Bound& bound) {
  const auto* slot = std::get_if<SlotBound>(&bound.bound);
  return slot != nullptr && slot->symmetric;
}

void list_bounds() {
  for (const Bound& bound : all_bounds()) {
    std::printf("%-20s %-6s %s\n", std::string(bound.name).c_str(),
                bound.is_short ? "short" : "long", std::string(bound.what).c_str());
  }
}

void print_violation(const Violation& violation) {
  std::printf("  VIOLATION of docs/protocol.md, section 13, %s\n", violation.rule.c_str());
  for (std::size_t i = 0; i < violation.path.size(); ++i) {
    std::printf("  %3zu  %s\n", i + 1, violation.path[i].c_str());
  }
}

// True when all of it was seen, and no rule is broken.
bool run(const Bound& bound) {
  std::printf("%s: %s\n", std::string(bound.name).c_str(), std::string(bound.what).c_str());
  std::fflush(stdout);
  const auto began = std::chrono::steady_clock::now();
  const std::unique_ptr<Model> model = model_of(bound);
  const Outcome outcome = search(*model, states_max);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("  %" PRIu64 " states, %" PRIu64 " transitions, %" PRIu64 " deep; %" PRIu64
              " states of one member, %" PRIu64 " runs of a Node; %.1f s\n",
              outcome.states, outcome.transitions, outcome.depth, model->local_states(),
              model->node_runs(), took.count());
  if (bound.checker_states != 0) {
    std::printf(
        "  the checker of docs/protocol.md, section 15: %" PRIu64
        " states. What was heard and is not yet acted on is no state here, nor who decided%s\n",
        bound.checker_states, counts_names_once(bound) ? ", and names count once" : "");
  }
  if (outcome.violation) {
    print_violation(*outcome.violation);
    return false;
  }
  std::puts(outcome.complete ? "  0 violations" : "  NOT COMPLETE: there are more states than fit");
  std::fflush(stdout);
  return outcome.complete;
}

int fail(const std::string& message) {
  std::fprintf(stderr, "rabia-explore: %s\n", message.c_str());
  return 2;
}

int run(const Options& options) {
  if (options.list) {
    list_bounds();
    return 0;
  }
#ifdef RABIA_MUTANTS
  if (!options.mutant.empty()) {
    const auto mutant = base::find_mutant(options.mutant);
    if (!mutant) return fail("there is no mutant '" + options.mutant + "'");
    base::activate(*mutant);
  }
#endif
  for (const std::string& name : options.bounds) {
    bool found = false;
    for (const Bound& bound : all_bounds()) {
      if (!is_named(bound, name)) continue;
      found = true;
      if (!run(bound)) return 1;
    }
    if (!found) return fail("there is no bound '" + name + "': --list shows those that are");
  }
  return 0;
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("Explores everything that real nodes can do within small bounds.", "rabia-explore");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_option("--bound", options.bounds,
                 "A bound, or short, long, all; repeated [default short]")
      ->type_size(1);
  app.add_flag("--list", options.list, "List the bounds and exit");
#ifdef RABIA_MUTANTS
  app.add_option("--mutant", options.mutant, "Break this rule, and see whether it is noticed");
#endif
  try {  // The library says everything by exceptions; they end here.
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail(error.what());
  }
  return run(options);
}

}  // namespace
}  // namespace rabia::sim::explore

int main(int argc, char** argv) {
  return rabia::sim::explore::main_of(argc, argv);
}
