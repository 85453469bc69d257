// Settings from the environment: RABIA_SNAPSHOT_LOG_BYTES=1GiB.
#pragma once

#include <string>
#include <vector>

#include "rabia/result.h"
#include "settings/settings.h"
#include "settings/table.h"

namespace rabia::apps {

// What rabia-ctl gives to a replica that asks for one, too.
inline constexpr const char* password_variable = "RABIA_REQUIREPASS";

struct SettingVariable {
  const SettingRow* row;
  std::string name;  // As it is in the environment.
  std::string value;
};

// The variables that give settings, in the order of the table. An empty one gives nothing. Refused:
// one that looks like a slip of such a name, what only the command line may give, and two that give
// one setting. Others are none of ours, though their names begin with RABIA_. Call before other
// threads are started.
Result<std::vector<SettingVariable>> setting_variables();

// Assigns one, with its name in what is said of a bad value.
Status assign(Settings& settings, const SettingVariable& variable);

// Assigns all of them.
Status assign_from_environment(Settings& settings);

// Takes them out of the environment, for programs that this one starts. Call before other threads
// are started.
void unset_setting_variables();

}  // namespace rabia::apps
