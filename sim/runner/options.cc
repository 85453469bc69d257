#include "sim/runner/options.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "base/mutant.h"

namespace rabia::sim {
namespace {

std::string list_scenarios() {
  std::string text;
  for (const Scenario& scenario : scenarios()) {
    text += std::string(scenario.name) + std::string(12 - scenario.name.size(), ' ') +
            std::string(scenario.what) + "\n";
  }
  return text;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

Status parse_range(const std::string& text, Options& options) {
  const std::size_t colon = text.find(':');
  const auto first = number(std::string_view(text).substr(0, colon));
  const auto end =
      colon == std::string::npos ? std::nullopt : number(std::string_view(text).substr(colon + 1));
  if (first && text.ends_with(':')) {
    options.first_seed = *first;
    options.end_seed = UINT64_MAX;
    return {};
  }
  if (!first || !end || *first >= *end) {
    return {Code::invalid_argument,
            "--seeds wants FIRST:END with FIRST below END, as in 0:2000, or FIRST: to go on until "
            "it is stopped; not '" +
                text + "'"};
  }
  options.first_seed = *first;
  options.end_seed = *end;
  return {};
}

}  // namespace

Result<Invocation> parse_options(int argc, char** argv, std::size_t processors) {
  Invocation invocation;
  Options& options = invocation.options;
  options.jobs = processors;
  std::string seeds = "0:1000";
  std::string scenario = "all";
  std::optional<std::uint64_t> seed;
  bool list = false;
  CLI::App app("Runs whole clusters in a simulated world that a seed decides: docs/testing.md");
  app.add_option("--seeds", seeds, "seeds FIRST to END - 1, as FIRST:END; FIRST: has no end")
      ->capture_default_str();
  app.add_option("--seed", seed, "one seed, in this process");
  app.add_flag("--trace", options.trace, "print everything that happens (with --seed)");
  app.add_option("--jobs", options.jobs, "processes at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--scenario", scenario, "what may go wrong: see --list")->capture_default_str();
  app.add_option("--steps", options.steps_max, "end the time of trouble after so many events");
  app.add_option("--hours", options.hours, "stop after so long");
  app.add_flag("--list", list, "list the scenarios");
#ifdef RABIA_MUTANTS
  app.add_option("--mutant", options.mutant, "the rule to break");
  app.add_option("--catch-mutants", options.catch_mutants,
                 "break rules one by one, and fail if it is not seen: quick, all, or a name");
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    invocation.answer = app.help();
    return invocation;
  } catch (const CLI::ParseError& error) {
    return {Code::invalid_argument, error.what()};
  }
  if (list) invocation.answer = list_scenarios();
  options.scenario = find_scenario(scenario);
  if (options.scenario == nullptr) {
    return {Code::invalid_argument,
            "there is no scenario '" + scenario + "'; there are:\n" + list_scenarios()};
  }
  if (Status status = parse_range(seeds, options); !status.ok()) return status;
  if (seed) {
    options.one_seed = true;
    options.first_seed = *seed;
    options.end_seed = *seed + 1;
  } else if (options.trace) {
    return {Code::invalid_argument, "--trace wants --seed: it prints one run"};
  }
  return invocation;
}

}  // namespace rabia::sim
