#include "rabia_server/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>
#include <vector>

#include "settings/config_file.h"
#include "settings/parse.h"

namespace rabia::apps {
namespace {

struct Flag {
  const SettingRow* row;
  CLI::Option* option;
};

std::string described(const SettingRow& row) {
  const std::string value = row.print(Settings{});
  const bool has_default = !value.empty() && !(row.numeric && value == "0" && row.least > 0);
  return std::string(row.help) + " [" + std::string(row.accepts) +
         (has_default ? "; default " + value : "") + "]";
}

std::vector<Flag> add_setting_flags(CLI::App& app) {
  std::vector<Flag> flags;
  for (const SettingRow& row : setting_rows()) {
    const std::string name = "--" + std::string(row.name);
    CLI::Option* option = row.on_off ? app.add_flag(name) : app.add_option(name);
    option->description(described(row));
    option->multi_option_policy(row.repeated ? CLI::MultiOptionPolicy::TakeAll
                                             : CLI::MultiOptionPolicy::TakeLast);
    if (!row.on_off) option->type_size(1);
    flags.push_back({&row, option});
  }
  return flags;
}

Status refuse_unknown(const std::vector<std::string>& unknown) {
  for (const std::string& each : unknown) {
    if (!each.starts_with("--")) {
      return {Code::invalid_argument, "unexpected argument '" + each.substr(0, 100) + "'"};
    }
    return unknown_setting(std::string_view(each).substr(2, each.find('=') - 2));
  }
  return {};
}

Status assign_flags(Settings& settings, const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    if (flag.option->count() == 0) continue;
    // The whole list of members is given in one place: flags do not add to the file's.
    if (flag.row->repeated) settings.members.clear();
    for (const std::string& text : flag.option->results()) {
      if (Status status = assign(settings, flag.row->name, text); !status.ok()) return status;
    }
  }
  return {};
}

}  // namespace

Result<Invocation> parse_command_line(int argc, const char* const* argv) {
  Invocation invocation;
  CLI::App app("One replica of a Rabia KV cluster. It serves the Redis protocol.", "rabia-server");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "rabia-server " RABIA_VERSION, "Print the version and exit");
  app.add_option("--config", invocation.config_file,
                 "TOML file with settings by the names of these flags; flags win");
  app.add_option("--stop-with-parent", invocation.parent,
                 "Stop cleanly when this process, which must be the parent, ends");
  app.allow_extras();
  const std::vector<Flag> flags = add_setting_flags(app);
  try {  // The library says everything by exceptions; they end here.
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    invocation.answer = app.help();
    return invocation;
  } catch (const CLI::CallForVersion& version) {
    invocation.answer = std::string(version.what()) + "\n";
    return invocation;
  } catch (const CLI::ParseError& error) {
    return {Code::invalid_argument, error.what()};
  }
  if (Status status = refuse_unknown(app.remaining()); !status.ok()) return status;
  if (!invocation.config_file.empty()) {
    Status status = assign_from_file(invocation.settings, invocation.config_file);
    if (!status.ok()) return status;
  }
  if (Status status = assign_from_environment(invocation.settings); !status.ok()) return status;
  if (Status status = assign_flags(invocation.settings, flags); !status.ok()) return status;
  if (Status status = complete(invocation.settings); !status.ok()) return status;
  return invocation;
}

}  // namespace rabia::apps
