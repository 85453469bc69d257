#include "rabia_server/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "command_line/command_line.h"
#include "settings/config_file.h"
#include "settings/document.h"
#include "settings/environment.h"
#include "settings/table.h"

namespace rabia::apps {
namespace {

struct Flag {
  const SettingRow* row;
  CLI::Option* option;
};

std::string described(const SettingRow& row) {
  std::string text(row.help);
  text.append(" [").append(accepted(row));
  if (row.required) text += "; required";
  if (const std::string value = shown_default(row); !value.empty()) text += "; default " + value;
  if (row.change == Change::on_this_replica) text += "; CONFIG SET changes it";
  if (row.change == Change::replicated) text += "; CONFIG SET changes it for all replicas";
  return text + "]";
}

std::vector<Flag> add_setting_flags(CLI::App& app) {
  std::vector<Flag> flags;
  for (const SettingRow& row : setting_rows()) {
    const std::string name = "--" + std::string(row.name);
    const bool alone = row.type.kind == Kind::boolean;  // The name without a value means true.
    CLI::Option* option = alone ? app.add_flag(name) : app.add_option(name);
    option->description(described(row));
    option->multi_option_policy(row.type.kind == Kind::list ? CLI::MultiOptionPolicy::TakeAll
                                                            : CLI::MultiOptionPolicy::TakeLast);
    if (!alone) option->type_size(1);
    flags.push_back({&row, option});
  }
  return flags;
}

// Each word as the library knows it: a flag may have any of a setting's names.
std::vector<std::string> with_proper_names(int argc, const char* const* argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (std::string& word : words) {
    if (!word.starts_with("--")) continue;
    const std::size_t end = std::min(word.find('='), word.size());
    if (const SettingRow* row = find_setting(std::string_view(word).substr(2, end - 2))) {
      word.replace(2, end - 2, row->name);
    }
  }
  return words;
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
    std::string text = flag.option->results().back();
    if (flag.row->type.kind == Kind::list) {  // In place of the file's: flags do not add to that.
      text.clear();
      for (const std::string& each : flag.option->results()) text.append(each).append(" ");
    }
    if (Status status = assign(settings, *flag.row, text); !status.ok()) return status;
  }
  return {};
}

}  // namespace

Result<Invocation> parse_command_line(int argc, const char* const* argv) {
  Invocation invocation;
  CLI::App app("One replica of a Rabia KV cluster. It serves the Redis protocol.", "rabia-server");
  add_help_and_version(app);
  app.add_option("--config", invocation.config_file,
                 "TOML file with settings by the names of these flags; flags win");
  app.add_option("--stop-with-parent", invocation.parent,
                 "Stop cleanly when this process, which must be the parent, ends");
  bool print_settings = false;
  app.add_flag("--print-settings", print_settings)->group("");  // For our own documents.
  app.allow_extras();
  const std::vector<Flag> flags = add_setting_flags(app);
  const std::vector<std::string> words = with_proper_names(argc, argv);
  std::vector<const char*> views;
  views.reserve(words.size());
  for (const std::string& word : words) views.push_back(word.c_str());
  const auto parsed = parse(app, argc, views.data());
  if (!parsed.ok()) return parsed.status();
  invocation.answer = parsed.value();
  if (print_settings) invocation.answer = settings_document();
  if (invocation.answer) return invocation;
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
