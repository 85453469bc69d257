// The configuration file: TOML, one key for each setting that is given, no tables.
#pragma once

#include <string>
#include <string_view>

#include "rabia/result.h"
#include "settings/settings.h"
#include "settings/table.h"

namespace rabia::apps {

// Assigns what the text of a file says; refuses what only the command line may say. `source` names
// it in messages ("FILE:LINE: …").
Status assign_from_toml(Settings& settings, std::string_view text, std::string_view source);

// The same of a file; refuses what cannot be read.
Status assign_from_file(Settings& settings, const std::string& path);

// A setting's value as the file has it.
[[nodiscard]] std::string toml_value(const SettingRow& row, const Settings& settings);

// A file that gives every setting that differs from its default, but for those of one start only
// (`bootstrap`). Reading it gives `settings` again.
[[nodiscard]] std::string to_toml(const Settings& settings);

}  // namespace rabia::apps
