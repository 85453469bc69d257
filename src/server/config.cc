#include "server/config.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/client_state.h"
#include "server/command.h"
#include "server/glob.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

Setting* find_setting(const LocalCall& call, std::string_view name) {
  for (Setting& setting : call.server.settings) {
    if (equals_ignoring_case(setting.name, name)) return &setting;
  }
  return nullptr;
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("[*?") != std::string_view::npos;
}

void run_get(LocalCall& call) {
  const Arguments patterns = call.arguments.subspan(2);
  std::vector<std::pair<std::string_view, std::string_view>> matching;
  for (const Setting& setting : call.server.settings) {
    for (const std::string_view pattern : patterns) {
      if (!glob_matches(pattern, setting.name, Case::ignore)) continue;
      // A plain name is answered as it was spelled.
      const bool is_name = pattern.size() == setting.name.size() && !has_wildcard(pattern);
      matching.emplace_back(is_name ? pattern : setting.name, setting.value);
      break;
    }
  }
  call.reply.map(matching.size());
  for (const auto& [name, value] : matching) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
}

void refuse_to_set(LocalCall& call, std::string_view name, std::string_view why) {
  std::string error = "ERR CONFIG SET failed (possibly related to argument '";
  call.reply.error(error.append(name).append("') - ").append(why));
}

// What the pairs of a call are to change, one for each; empty when they were refused.
std::vector<Setting*> settings_to_change(LocalCall& call, Arguments pairs) {
  std::vector<Setting*> settings;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    settings.push_back(find_setting(call, pairs[i]));
    if (settings.back() != nullptr) continue;
    std::string error = "ERR Unknown option or number of arguments for CONFIG SET - '";
    call.reply.error(error.append(pairs[i]).append("'"));
    return {};
  }
  for (std::size_t i = 0; i < settings.size(); ++i) {
    std::string_view why;
    if (std::count(settings.begin(), settings.end(), settings[i]) > 1) why = "duplicate parameter";
    if (!settings[i]->change) why = "can't set immutable config";
    if (why.empty()) continue;
    refuse_to_set(call, pairs[2 * i], why);
    return {};
  }
  return settings;
}

// All of them or none. The words are those of Redis.
void run_set(LocalCall& call) {
  const Arguments pairs = call.arguments.subspan(2);
  if (pairs.size() % 2 != 0) return call.reply.error(message::syntax_error);
  const std::vector<Setting*> settings = settings_to_change(call, pairs);
  if (settings.empty()) return;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    Result<std::string> changed = settings[i]->change(pairs[2 * i + 1]);
    if (changed.ok()) {
      shown.push_back(changed.take());
      continue;
    }
    while (i-- > 0) (void)settings[i]->change(settings[i]->value);
    return refuse_to_set(call, pairs[2 * shown.size()], changed.status().message());
  }
  for (std::size_t i = 0; i < settings.size(); ++i) settings[i]->value = std::move(shown[i]);
  call.reply.ok();
}

void run_resetstat(LocalCall& call) {
  call.server.statistics = {};
  call.server.command_statistics.reset();
  call.reply.ok();
}

void run_help(LocalCall& call) {
  write_help("config", config_subcommands(), call.reply);
}

constexpr Flags admin_flags = flag::admin | flag::noscript | flag::loading | flag::stale;

constexpr Command rows[] = {
    {.name = "config|get",
     .syntax = "pattern [pattern ...]",
     .arity = -3,
     .flags = admin_flags,
     .group = "server",
     .since = "2.0.0",
     .summary = "Answers the settings that match one of the patterns.",
     .complexity = "O(N) where N is the number of settings times that of patterns.",
     .local = run_get},
    {.name = "config|help",
     .arity = 2,
     .flags = flag::loading | flag::stale,
     .group = "server",
     .since = "5.0.0",
     .summary = "Prints this help.",
     .complexity = "O(1)",
     .local = run_help},
    {.name = "config|resetstat",
     .arity = 2,
     .flags = admin_flags,
     .group = "server",
     .since = "2.0.0",
     .summary = "Sets the counters of INFO to zero.",
     .complexity = "O(1)",
     .local = run_resetstat},
    {.name = "config|set",
     .syntax = "name value [name value ...]",
     .arity = -4,
     .flags = admin_flags,
     .tips = "request_policy:all_nodes response_policy:all_succeeded",
     .group = "server",
     .since = "2.0.0",
     .summary = "Changes settings until the server is started again: those that can be.",
     .complexity = "O(1)",
     .local = run_set},
};

}  // namespace

std::vector<Setting> settings_of(const ServerOptions& options) {
  // What tools of Redis ask for before they begin.
  const std::pair<const char*, std::string> expected[] = {
      {"appendonly", "no"},
      {"bind", options.listen.host},
      {"databases", "1"},
      {"maxclients", std::to_string(options.clients_max)},
      {"maxmemory", "0"},
      {"maxmemory-policy", "noeviction"},
      {"port", std::to_string(options.listen.port)},
      {"proto-max-bulk-len", std::to_string(options.value_bytes_max)},
      {"save", ""},
      {"timeout", "0"},
  };
  std::map<std::string, Setting> by_name;
  for (const auto& [name, value] : expected) by_name[name] = {.name = name, .value = value};
  for (const Setting& setting : options.settings) by_name[setting.name] = setting;
  std::vector<Setting> settings;
  for (auto& [name, setting] : by_name) settings.push_back(std::move(setting));
  return settings;
}

std::span<const Command> config_subcommands() {
  return rows;
}

}  // namespace rabia::server
