// CONFIG REWRITE: settings that were changed go back into the configuration file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rabia/result.h"
#include "settings/settings.h"
#include "settings/table.h"

namespace rabia::apps {

// The text of a file with these settings as `settings` has them: where the text gives them, their
// values are replaced, the others come at its end. All else stays, byte by byte: comments, order,
// and what says the same in other words. Refuses a text that is no configuration, and names
// `source` then.
Result<std::string> rewrite_toml(std::string_view text, const Settings& settings,
                                 std::span<const SettingRow* const> changed,
                                 std::string_view source);

// The same with the file: all of it is replaced at once, durably, or nothing. Blocks.
Status rewrite_file(const std::string& path, const Settings& settings,
                    std::span<const SettingRow* const> changed);

}  // namespace rabia::apps
