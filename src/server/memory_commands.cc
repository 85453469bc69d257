// MEMORY: what takes how much of it.
#include <malloc.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/number.h"
#include "server/command.h"
#include "server/help.h"
#include "server/process_info.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/text.h"

namespace rabia::server {
namespace {

void run_usage(ReadCall& call) {
  const bool has_samples =
      call.arguments.size() == 5 && equals_ignoring_case(call.arguments[3], "SAMPLES");
  if (call.arguments.size() != 3 && !has_samples) return call.reply.error(message::syntax_error);
  if (has_samples) {
    const auto samples = base::parse_integer(call.arguments[4]);
    if (!samples) return call.reply.error(message::not_an_integer);
    if (*samples < 0) return call.reply.error(message::syntax_error);
  }
  const std::optional<std::uint64_t> bytes = call.store.memory_bytes_of(call.arguments[2]);
  if (!bytes) return call.reply.null();
  call.reply.integer(static_cast<std::int64_t>(*bytes));
}

// The names are Redis's, where it has one for it.
void run_stats(LocalCall& call) {
  const kv::StoreMachine& machine = call.server.machine;
  const std::uint64_t store = machine.store().memory_bytes();
  const std::uint64_t replies = machine.kept_replies().store().memory_bytes();
  const std::uint64_t changes = machine.changes().memory_bytes();
  const std::uint64_t keys = machine.store().size();
  std::uint64_t clients = 0;
  for (const auto& [id, session] : call.server.sessions.all()) clients += session->memory_bytes();
  call.reply.map(9);
  const auto put = [&](std::string_view name, std::uint64_t value) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<std::int64_t>(value));
  };
  put("total.allocated", store + replies + changes);
  put("process.resident", read_process_info().resident_bytes);
  put("clients.normal", clients);
  put("changes.kept", changes);
  put("replies.kept", replies);
  put("keys.count", keys);
  put("keys.bytes-per-key", keys == 0 ? 0 : store / keys);
  put("dataset.bytes", machine.store().data_bytes());
  put("maxmemory.account", machine.store().account_bytes());
}

// Gives what was freed back to the system.
void run_purge(LocalCall& call) {
  malloc_trim(0);
  call.reply.ok();
}

std::span<const Command> memory_subcommands();

void run_help(LocalCall& call) {
  write_help("memory", memory_subcommands(), call.reply);
}

constexpr Command local(std::string_view name, Flags flags, std::string_view tips,
                        std::string_view summary, LocalHandler handler) {
  return {.name = name,
          .arity = 2,
          .flags = flags,
          .tips = tips,
          .group = "server",
          .since = "4.0.0",
          .summary = summary,
          .complexity = "O(1)",
          .local = handler};
}

std::span<const Command> memory_subcommands() {
  static constexpr Command rows[] = {
      local("memory|help", flag::loading | flag::stale, "", "Lists the subcommands.", run_help),
      local("memory|purge", 0, "request_policy:all_shards response_policy:all_succeeded",
            "Gives memory that was freed back to the system.", run_purge),
      local("memory|stats", 0,
            "nondeterministic_output request_policy:all_shards response_policy:special",
            "Tells what takes how many bytes of memory here.", run_stats),
      {.name = "memory|usage",
       .syntax = "key [SAMPLES count]",
       .arity = -3,
       .flags = flag::readonly,
       .keys = {.first = 2, .last = 2, .step = 1},
       .key_flags = "RO",
       .group = "server",
       .since = "4.0.0",
       .summary = "Answers how many bytes of memory a key and its value take.",
       .complexity = "O(1)",
       .read = run_usage},
  };
  return rows;
}

}  // namespace

std::span<const Command> memory_commands() {
  static const Command rows[] = {
      {.name = "memory",
       .syntax = "subcommand",
       .arity = -2,
       .group = "server",
       .since = "4.0.0",
       .summary = "Tells about memory.",
       .complexity = "Depends on the subcommand.",
       .subcommands = memory_subcommands()},
  };
  return rows;
}

}  // namespace rabia::server
