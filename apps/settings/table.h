// The one table of settings. The command line and its --help, the configuration file, the
// environment, validation, CONFIG and the table in docs/configuration.md are all made from it.
//
// A new setting is a field of Settings with its default, a row in table.cc, the place where it is
// used (usually a line in replica_options() or server_options()), and a test in
// tests/integration/settings_test.py by which it is seen. `tests/settings_document_test.py --write`
// then puts it into the document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rabia/result.h"
#include "settings/value_type.h"

namespace rabia::apps {

struct Settings;

// Who may change a setting, and when.
enum class Change : std::uint8_t {
  // Nobody: a flag of the command line is the operator's word for this one start. A file or an
  // environment stays, and would give the word again when nobody means it.
  never,
  // By flag, environment or file, at the next start.
  at_start,
  // Also by CONFIG SET, at once, on the replica that is asked and on no other.
  on_this_replica,
  // By CONFIG SET through the log, so that it is in force on all replicas from the same command on.
  // The state machine has the value; what is given at start counts when the cluster is founded.
  replicated,
};

// One row. All views have static storage.
struct SettingRow {
  std::string_view name;  // --name, `name =` in the file, RABIA_NAME; with dashes.
  std::string_view help;  // Phrases without a full stop at the end, for --help and the document.
  ValueType type;
  Change change = Change::at_start;
  std::string_view redis_name = {};  // When Redis has another one for it: works everywhere too.
  std::string_view more = {};        // Behind `help` in the document: Markdown.
  bool required = false;             // There is no default.
  bool secret = false;               // Never in a log line or a refusal.
  std::optional<kv::LimitField> limit = {};  // Of a replicated one: which it is in the log.
  bool differs_by_replica = false;           // So rabia-cluster gives it, and takes it from nobody.
};

[[nodiscard]] std::span<const SettingRow> setting_rows();

// The row of that name, its own or Redis's, whatever its case, with dashes or underscores; or null.
[[nodiscard]] const SettingRow* find_setting(std::string_view name);

// The row whose name is the fewest edits away from `name`, and how many.
struct NearestSetting {
  const SettingRow* row;
  std::size_t edits;
};
[[nodiscard]] NearestSetting nearest_setting(std::string_view name);

// What is wrong with a name that does not exist: with the nearest one, if it looks like a slip.
Status unknown_setting(std::string_view name);

// Parses one text into a setting, in place of what it was. A bad value is refused with what is
// accepted.
Status assign(Settings& settings, const SettingRow& row, std::string_view text);
// The same by name.
Status assign(Settings& settings, std::string_view name, std::string_view text);

// What it accepts, for people: "a number of bytes from 1 to 30MiB".
[[nodiscard]] std::string accepted(const SettingRow& row);
// Its default, for people; empty when there is none.
[[nodiscard]] std::string shown_default(const SettingRow& row);
// "RABIA_SNAPSHOT_LOG_BYTES".
[[nodiscard]] std::string variable_of(const SettingRow& row);

}  // namespace rabia::apps
