// CONFIG: the rows, and the handlers. What there is to set, the Configuration knows.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/client_state.h"
#include "server/command.h"
#include "server/configuration.h"
#include "server/glob.h"
#include "server/help.h"
#include "server/result_to_resp.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// What tools of Redis ask for before they begin, and what is the same in every server.
const std::pair<const char*, const char*> built_in[] = {
    {"databases", "1"}, {"lfu-decay-time", "1"}, {"lfu-log-factor", "10"},
    {"save", ""},       {"timeout", "0"},
};

std::vector<Setting> all_settings(const ServerState& server) {
  std::vector<Setting> settings;
  if (server.configuration != nullptr) settings = server.configuration->settings();
  for (const auto& [name, value] : built_in) {
    if (std::ranges::find(settings, name, &Setting::name) != settings.end()) continue;
    settings.push_back({.name = name, .value = value});
  }
  return settings;
}

std::string with_dashes(std::string_view text) {
  std::string name(text);
  std::ranges::replace(name, '_', '-');
  return name;
}

const Setting* find_setting(const std::vector<Setting>& settings, std::string_view text) {
  const std::string name = with_dashes(text);
  for (const Setting& each : settings) {
    if (equals_ignoring_case(each.name, name)) return &each;
    if (!each.other_name.empty() && equals_ignoring_case(each.other_name, name)) return &each;
  }
  return nullptr;
}

// The one of its names that was asked for, as we spell it.
std::string_view proper_name(const Setting& setting, std::string_view text) {
  return equals_ignoring_case(setting.name, with_dashes(text)) ? setting.name : setting.other_name;
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("[*?") != std::string_view::npos;
}

void run_get(LocalCall& call) {
  const std::vector<Setting> settings = all_settings(call.server);
  std::map<std::string_view, std::string_view> by_name;
  for (const Setting& each : settings) {
    by_name[each.name] = each.value;
    if (!each.other_name.empty()) by_name[each.other_name] = each.value;
  }
  const Arguments patterns = call.arguments.subspan(2);
  std::vector<std::pair<std::string_view, std::string_view>> matching;
  for (const auto& [name, value] : by_name) {
    for (const std::string_view pattern : patterns) {
      if (!glob_matches(with_dashes(pattern), name, Case::ignore)) continue;
      // A plain name is answered as it was spelled.
      const bool is_name = pattern.size() == name.size() && !has_wildcard(pattern);
      matching.emplace_back(is_name ? pattern : name, value);
      break;
    }
  }
  call.reply.map(matching.size());
  for (const auto& [name, value] : matching) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
}

std::string refusal_of(std::string_view name, std::string_view why) {
  std::string error = "ERR CONFIG SET failed (possibly related to argument '";
  return error.append(name).append("') - ").append(why);
}

// What the pairs are to change, one for each; or the error that is answered.
std::vector<const Setting*> settings_to_change(Arguments pairs,
                                               const std::vector<Setting>& settings,
                                               std::string& error) {
  std::vector<const Setting*> found;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const Setting* const setting = find_setting(settings, pairs[i]);
    if (setting == nullptr) {
      error = "ERR Unknown option or number of arguments for CONFIG SET - '";
      error.append(pairs[i]).append("'");
      return {};
    }
    std::string_view why;
    if (!setting->can_change) {
      why = "can't set immutable config";
    } else if (std::ranges::find(found, setting) != found.end()) {
      why = "duplicate parameter";
    } else if (!found.empty() && found.front()->replicated != setting->replicated) {
      why =
          "a setting of the whole cluster and one of this replica cannot be changed by one command";
    }
    if (!why.empty()) {
      error = refusal_of(pairs[i], why);
      return {};
    }
    found.push_back(setting);
  }
  return found;
}

void answer(const LaterReply& reply, std::string_view error) {
  reply([&](resp::ReplyWriter& writer) {
    if (error.empty()) return writer.ok();
    writer.error(error);
  });
}

// In force on all replicas from its place in the log on.
void set_everywhere(const DeferredCall& call, const std::vector<kv::LimitChange>& limits) {
  std::string operation;
  kv::encode_set_limits(operation, limits, false);
  const auto done = [reply = call.reply](const Result<std::string_view>& executed) {
    if (executed.ok()) {
      return reply([&](resp::ReplyWriter& writer) { write_result(executed.value(), writer); });
    }
    const bool unknown = executed.status().code() == Code::unknown_outcome;
    answer(reply, unknown ? message::outcome_unknown : message::not_executed);
  };
  call.server.own_client.submit(std::move(operation), done);
}

// All of them or none. The words are those of Redis.
void run_set(DeferredCall& call) {
  const Arguments pairs = call.arguments.subspan(2);
  if (pairs.size() % 2 != 0) return answer(call.reply, message::syntax_error);
  const std::vector<Setting> settings = all_settings(call.server);
  std::string error;
  const std::vector<const Setting*> wanted = settings_to_change(pairs, settings, error);
  if (!error.empty()) return answer(call.reply, error);
  std::vector<Configuration::Change> changes;
  for (const Setting* const setting : wanted) {
    changes.push_back({setting->name, pairs[2 * changes.size() + 1]});
  }
  Configuration& configuration = *call.server.configuration;
  std::vector<kv::LimitChange> limits;
  const bool replicated = wanted.front()->replicated;
  const auto refusal =
      replicated ? configuration.read_limits(changes, limits) : configuration.set(changes);
  if (refusal) {
    const std::string_view asked = pairs[2 * refusal->index];
    const std::string_view name = proper_name(*find_setting(settings, asked), asked);
    return answer(call.reply, refusal_of(name, refusal->why));
  }
  if (replicated) return set_everywhere(call, limits);
  answer(call.reply, "");
}

void run_rewrite(DeferredCall& call) {
  const auto answer = [reply = call.reply](const Status& written) {
    reply([&](resp::ReplyWriter& writer) {
      if (written.ok()) return writer.ok();
      if (written.code() == Code::not_found) {
        return writer.error("ERR The server is running without a config file");
      }
      writer.error("ERR Rewriting config file: " + written.message());
    });
  };
  if (call.server.configuration == nullptr) return answer({Code::not_found, "no configuration"});
  call.server.configuration->rewrite(answer);
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
    {.name = "config|rewrite",
     .arity = 2,
     .flags = admin_flags,
     .group = "server",
     .since = "2.8.0",
     .summary = "Writes what CONFIG SET has changed into the configuration file.",
     .complexity = "O(N) where N is the size of the file; other clients are served meanwhile.",
     .deferred = run_rewrite},
    {.name = "config|set",
     .syntax = "name value [name value ...]",
     .arity = -4,
     .flags = admin_flags,
     .tips = "request_policy:all_nodes response_policy:all_succeeded",
     .group = "server",
     .since = "2.0.0",
     .summary = "Changes settings, all or none: those of the cluster for good, those of this "
                "replica until it is started again.",
     .complexity = "O(N) where N is the number of settings.",
     .deferred = run_set},
};

}  // namespace

std::span<const Command> config_subcommands() {
  return rows;
}

}  // namespace rabia::server
