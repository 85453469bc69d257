// rabia-sim: whole clusters in simulated worlds. docs/testing.md.

#include <cstdio>
#include <thread>

#include "base/mutant.h"
#include "sim/runner/options.h"
#include "sim/runner/report.h"
#include "sim/runner/run_range.h"
#ifdef RABIA_MUTANTS
#include "sim/runner/mutants.h"
#endif

namespace rabia::sim {
namespace {

int refuse(const std::string& why) {
  std::fprintf(stderr, "rabia-sim: %s (rabia-sim --help shows what there is)\n", why.c_str());
  return 2;
}

// All seeds of the range, and the marks that they must have reached together.
int run_all(const std::string& program, const Options& options) {
  const RangeResult all = run_range(program, options);
  std::fputs(summary(all.tally, all.violations).c_str(), stdout);
  if (all.violations > 0) return 1;
  const bool demanded = options.scenario->name == "all" && options.steps_max == UINT64_MAX &&
                        options.mutant.empty() && all.seeds >= coverage_seeds_min;
  if (!demanded) return 0;
  // Too hard to judge is as good as not judged.
  if (10 * all.tally[Count::history_undecided] > all.seeds) {
    std::printf("COVERAGE: more than 10%% of the histories were too hard to judge\n");
    return 1;
  }
  const auto missing = missing_marks(all.tally);
  for (const std::string& mark : missing) {
    std::printf("COVERAGE: no seed has reached \"%s\"\n", mark.c_str());
  }
  return missing.empty() ? 0 : 1;
}

int run(int argc, char** argv) {
  Result<Invocation> parsed = parse_options(argc, argv, std::thread::hardware_concurrency());
  if (!parsed.ok()) return refuse(parsed.status().message());
  const Invocation& invocation = parsed.value();
  if (invocation.answer) {
    std::fputs(invocation.answer->c_str(), stdout);
    return 0;
  }
  const Options& options = invocation.options;
#ifdef RABIA_MUTANTS
  if (!options.catch_mutants.empty()) {
    const Result<bool> all_seen = catch_mutants(options.catch_mutants, options.jobs);
    if (!all_seen.ok()) return refuse(all_seen.status().message());
    return all_seen.value() ? 0 : 1;
  }
  if (!options.mutant.empty()) {
    const auto mutant = base::find_mutant(options.mutant);
    if (!mutant) return refuse("there is no mutant '" + options.mutant + "'");
    base::activate(*mutant);
  }
#endif
  if (options.one_seed) return run_one(options) ? 0 : 1;
  return run_all(argv[0], options);
}

}  // namespace
}  // namespace rabia::sim

int main(int argc, char** argv) {
  return rabia::sim::run(argc, argv);
}
