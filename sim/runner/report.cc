#include "sim/runner/report.h"

#include <cstdio>

namespace rabia::sim {
namespace {

std::string line(std::string_view name, std::uint64_t value) {
  char text[96];
  std::snprintf(text, sizeof text, "  %-58.*s %12llu\n", static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(value));
  return text;
}

std::string section(std::string_view title, CountKind kind, const Tally& tally) {
  std::string text = std::string(title) + "\n";
  for (const CountRow& row : count_rows()) {
    if (row.kind == kind) text += line(row.name, tally[row.count]);
  }
  return text;
}

}  // namespace

std::string summary(const Tally& tally, std::uint64_t violations) {
  return section("runs", CountKind::figure, tally) +
         section("slots, by how each replica decided them", CountKind::slot, tally) +
         section("faults", CountKind::fault, tally) +
         section("rare paths", CountKind::path, tally) + std::to_string(violations) +
         " violations\n";
}

std::vector<std::string> missing_marks(const Tally& tally) {
  std::vector<std::string> missing;
  for (const CountRow& row : count_rows()) {
    if (row.must_happen && tally[row.count] == 0) missing.emplace_back(row.name);
  }
  return missing;
}

std::string replay_command(const std::string& program, const Options& options, std::uint64_t seed) {
  std::string command = program + " --seed " + std::to_string(seed);
  if (options.scenario->name != "all")
    command += " --scenario " + std::string(options.scenario->name);
  if (options.steps_max != UINT64_MAX) command += " --steps " + std::to_string(options.steps_max);
  if (!options.mutant.empty()) command += " --mutant " + options.mutant;
  return command + " --trace";
}

}  // namespace rabia::sim
