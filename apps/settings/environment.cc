#include "settings/environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace rabia::apps {
namespace {

constexpr std::string_view prefix = "RABIA_";

// What is behind RABIA_ in the name; empty when the name begins in another way.
std::string_view setting_name_in(std::string_view entry) {
  if (!entry.starts_with(prefix)) return {};
  return entry.substr(prefix.size(), entry.find('=') - prefix.size());
}

// Closer than what a flag may be away: a flag is always meant for us.
Status refuse_slip(std::string_view name) {
  const std::string_view shown = name.substr(0, 100);
  const NearestSetting nearest = nearest_setting(shown);
  if (nearest.edits > std::max<std::size_t>(1, shown.size() / 4)) return {};
  return {Code::invalid_argument, "the environment has " + std::string(prefix).append(shown) +
                                      ", which is no setting: did you mean " +
                                      variable_of(*nearest.row) + "? If not, unset it"};
}

}  // namespace

Result<std::vector<SettingVariable>> setting_variables() {
  std::vector<SettingVariable> found;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry = *each;
    const std::string_view name = setting_name_in(entry);
    const std::size_t equals = entry.find('=');
    if (name.empty() || equals == std::string_view::npos || equals + 1 == entry.size()) continue;
    const std::string variable(entry.substr(0, equals));
    const SettingRow* const row = find_setting(name);
    if (row == nullptr) {
      if (Status status = refuse_slip(name); !status.ok()) return status;
      continue;
    }
    if (row->change == Change::never) {
      return {Code::invalid_argument, std::string(row->name) +
                                          " is given on the command line only " + "(--" +
                                          std::string(row->name) + "): unset " + variable};
    }
    const auto other = std::ranges::find(found, row, &SettingVariable::row);
    if (other != found.end()) {
      return {Code::invalid_argument,
              other->name + " and " + variable + " are the same setting: unset one of them"};
    }
    found.push_back({row, variable, std::string(entry.substr(equals + 1))});
  }
  std::ranges::sort(found, {}, &SettingVariable::row);
  return found;
}

Status assign(Settings& settings, const SettingVariable& variable) {
  const Status status = assign(settings, *variable.row, variable.value);
  if (status.ok()) return {};
  return {status.code(), variable.name + ": " + status.message()};
}

Status assign_from_environment(Settings& settings) {
  const auto variables = setting_variables();
  if (!variables.ok()) return variables.status();
  for (const SettingVariable& each : variables.value()) {
    if (Status status = assign(settings, each); !status.ok()) return status;
  }
  return {};
}

void unset_setting_variables() {
  const auto variables = setting_variables();
  if (!variables.ok()) return;
  for (const SettingVariable& each : variables.value()) unsetenv(each.name.c_str());
}

}  // namespace rabia::apps
