// Commands about the server: the rows, and the small handlers.
#include <chrono>
#include <string>

#include "server/client_state.h"
#include "server/command.h"
#include "server/redis_version.h"
#include "server/server_state.h"

namespace rabia::server {
namespace {

void run_time(LocalCall& call) {
  const auto now = call.server.executor.wall_now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  call.reply.array(2);
  call.reply.bulk(std::to_string(seconds.count()));
  call.reply.bulk(std::to_string(std::chrono::microseconds(now - seconds).count()));
}

void run_lolwut(LocalCall& call) {
  std::string text = "Many hands carry the stone; none of them leads.\nRabia ver. ";
  call.reply.verbatim(text.append(RABIA_VERSION).append("\n"));
}

void run_monitor(LocalCall& call) {
  if (!call.client.monitors) call.server.monitors.add(call.client.id);
  call.client.monitors = true;
  call.reply.ok();
}

void run_cluster(LocalCall& call) {
  call.reply.error("ERR This instance has cluster support disabled");
}

}  // namespace

std::span<const Command> server_commands() {
  static const Command rows[] = {
      {.name = "cluster",
       .syntax = "subcommand",
       .arity = -2,
       .group = "cluster",
       .since = "3.0.0",
       .summary = "Refused: every member serves every key, there are no slots.",
       .complexity = "O(1)",
       .local = run_cluster},
      {.name = "command",
       .arity = -1,
       .flags = flag::loading | flag::stale,
       .categories = category::connection,
       .tips = "nondeterministic_output_order",
       .group = "server",
       .since = "2.8.13",
       .summary = "Describes all commands.",
       .complexity = "O(N) where N is the number of commands.",
       .local = run_command,
       .subcommands = command_subcommands()},
      {.name = "config",
       .syntax = "subcommand",
       .arity = -2,
       .group = "server",
       .since = "2.0.0",
       .summary = "A container for commands about settings.",
       .complexity = "Depends on the subcommand.",
       .subcommands = config_subcommands()},
      {.name = "info",
       .syntax = "[section [section ...]]",
       .arity = -1,
       .flags = flag::loading | flag::stale,
       .categories = category::dangerous,
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
       .group = "server",
       .since = "1.0.0",
       .summary = "Describes the server in lines of text.",
       .complexity = "O(1)",
       .local = run_info},
      {.name = "latency",
       .syntax = "subcommand",
       .arity = -2,
       .group = "server",
       .since = "2.8.13",
       .summary = "A container for commands about how long commands take.",
       .complexity = "Depends on the subcommand.",
       .subcommands = latency_subcommands()},
      {.name = "lolwut",
       .syntax = "[VERSION version]",
       .arity = -1,
       .flags = flag::readonly | flag::fast,
       .group = "server",
       .since = "5.0.0",
       .summary = "Answers something nice, and the version.",
       .complexity = "O(1)",
       .local = run_lolwut},
      {.name = "monitor",
       .arity = 1,
       .flags = flag::admin | flag::noscript | flag::loading | flag::stale | flag::alone,
       .group = "server",
       .since = "1.0.0",
       .summary = "Shows the commands of all clients of this member as they come.",
       .complexity = "O(N) a command, where N is the number of clients in MONITOR.",
       .local = run_monitor},
      {.name = "rabia.member",
       .syntax = "subcommand",
       .arity = -2,
       .group = "server",
       .since = "7.0.0",
       .summary = "A container for commands about who belongs to the cluster.",
       .complexity = "Depends on the subcommand.",
       .subcommands = member_subcommands()},
      {.name = "slowlog",
       .syntax = "subcommand",
       .arity = -2,
       .group = "server",
       .since = "2.2.12",
       .summary = "A container for commands about the commands that took long.",
       .complexity = "Depends on the subcommand.",
       .subcommands = slowlog_subcommands()},
      {.name = "time",
       .arity = 1,
       .flags = flag::loading | flag::stale | flag::fast,
       .tips = "nondeterministic_output",
       .group = "server",
       .since = "2.6.0",
       .summary = "Answers this server's time of day: seconds and microseconds.",
       .complexity = "O(1)",
       .local = run_time},
  };
  return rows;
}

}  // namespace rabia::server
