// SLOWLOG and its subcommands.
#include <algorithm>
#include <chrono>
#include <string>

#include "base/number.h"
#include "server/command.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/slow_log.h"

namespace rabia::server {
namespace {

constexpr std::size_t shown_by_default = 10;

void write_entry(const SlowCommand& entry, resp::ReplyWriter& reply) {
  const auto at = std::chrono::floor<std::chrono::seconds>(entry.at.time_since_epoch());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(entry.took);
  reply.array(6);
  reply.integer(static_cast<std::int64_t>(entry.id));
  reply.integer(at.count());
  reply.integer(took.count());
  reply.array(entry.arguments.size());
  for (const std::string& argument : entry.arguments) reply.bulk(argument);
  reply.bulk(entry.client_address);
  reply.bulk(entry.client_name);
}

void run_get(LocalCall& call) {
  if (call.arguments.size() > 3) {
    return call.reply.error(
        "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
  }
  const auto& entries = call.server.slow_log.entries();
  std::size_t shown = shown_by_default;
  if (call.arguments.size() == 3) {
    const auto count = base::parse_integer(call.arguments[2]);
    if (!count || *count < -1) {
      return call.reply.error("ERR count should be greater than or equal to -1");
    }
    shown = *count == -1 ? entries.size() : static_cast<std::size_t>(*count);
  }
  shown = std::min(shown, entries.size());
  call.reply.array(shown);
  for (std::size_t i = 0; i < shown; ++i) write_entry(entries[i], call.reply);
}

void run_len(LocalCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.server.slow_log.entries().size()));
}

void run_reset(LocalCall& call) {
  call.server.slow_log.clear();
  call.reply.ok();
}

void run_help(LocalCall& call) {
  write_help("slowlog", slowlog_subcommands(), call.reply);
}

constexpr Flags admin_flags = flag::admin | flag::loading | flag::stale;

constexpr Command rows[] = {
    {.name = "slowlog|get",
     .syntax = "[count]",
     .arity = -2,
     .flags = admin_flags,
     .tips = "request_policy:all_nodes nondeterministic_output",
     .group = "server",
     .since = "2.2.12",
     .summary = "Answers the newest slow commands: 10, or so many; -1: all.",
     .complexity = "O(N) where N is the number of commands answered.",
     .local = run_get},
    {.name = "slowlog|help",
     .arity = 2,
     .flags = flag::loading | flag::stale,
     .group = "server",
     .since = "6.2.0",
     .summary = "Prints this help.",
     .complexity = "O(1)",
     .local = run_help},
    {.name = "slowlog|len",
     .arity = 2,
     .flags = admin_flags,
     .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output",
     .group = "server",
     .since = "2.2.12",
     .summary = "Answers how many slow commands are noted.",
     .complexity = "O(1)",
     .local = run_len},
    {.name = "slowlog|reset",
     .arity = 2,
     .flags = admin_flags,
     .tips = "request_policy:all_nodes response_policy:all_succeeded",
     .group = "server",
     .since = "2.2.12",
     .summary = "Forgets the slow commands.",
     .complexity = "O(N) where N is the number of commands noted.",
     .local = run_reset},
};

}  // namespace

std::span<const Command> slowlog_subcommands() {
  return rows;
}

}  // namespace rabia::server
