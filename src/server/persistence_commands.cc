// Commands about snapshots on this replica's disk: the rows, and the handlers.
#include <memory>
#include <string>

#include "server/command.h"
#include "server/persistence.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// Redis refuses while a background save is under way; here it waits for the next one.
void run_save(DeferredCall& call) {
  call.server.replica.take_snapshot(
      [reply = call.reply](const Result<replica::SnapshotInfo>& taken) {
        reply([&](resp::ReplyWriter& writer) {
          if (taken.ok()) return writer.ok();
          writer.error("ERR " + taken.status().message());
        });
      });
}

// What fails later is in the log, and in INFO. With SCHEDULE it is no error that a snapshot is
// being taken: replicas take them by themselves.
void run_bgsave(LocalCall& call) {
  if (call.arguments.size() > 2) return call.reply.error(message::syntax_error);
  const bool schedule = call.arguments.size() == 2;
  if (schedule && !equals_ignoring_case(call.arguments[1], "SCHEDULE")) {
    return call.reply.error(message::syntax_error);
  }
  const bool busy = saving(call.server.replica.status());
  if (busy && !schedule) return call.reply.error("ERR Background save already in progress");
  const auto refused = std::make_shared<Status>();
  call.server.replica.take_snapshot(
      [refused](const Result<replica::SnapshotInfo>& taken) { *refused = taken.status(); });
  if (!refused->ok()) return call.reply.error("ERR " + refused->message());
  call.reply.simple(busy ? "Background saving scheduled" : "Background saving started");
}

void run_lastsave(LocalCall& call) {
  call.reply.integer(last_save(call.server.replica.status()));
}

constexpr std::string_view of_store =
    "O(N) where N is the number of keys; other clients are served meanwhile.";

}  // namespace

std::span<const Command> persistence_commands() {
  static const Command rows[] = {
      {.name = "bgsave",
       .syntax = "[SCHEDULE]",
       .arity = -1,
       .flags = flag::admin | flag::noscript | flag::no_async_loading,
       .group = "server",
       .since = "1.0.0",
       .summary = "Begins a snapshot on this replica's disk, and answers at once.",
       .complexity = of_store,
       .local = run_bgsave},
      {.name = "lastsave",
       .arity = 1,
       .flags = flag::loading | flag::stale | flag::fast,
       .categories = category::admin,
       .tips = "nondeterministic_output",
       .group = "server",
       .since = "1.0.0",
       .summary = "Answers when the newest snapshot of this replica was taken: a Unix time.",
       .complexity = "O(1)",
       .local = run_lastsave},
      {.name = "rabia.backup",
       .syntax = "subcommand",
       .arity = -2,
       .group = "server",
       .since = "0.2.0",
       .summary = "A container for commands that read a snapshot of this replica.",
       .complexity = "Depends on the subcommand.",
       .subcommands = backup_subcommands()},
      {.name = "save",
       .arity = 1,
       .flags = flag::admin | flag::noscript | flag::no_async_loading | flag::no_multi,
       .group = "server",
       .since = "1.0.0",
       .summary = "Takes a snapshot, and answers when it is on this replica's disk.",
       .complexity = of_store,
       .deferred = run_save},
  };
  return rows;
}

}  // namespace rabia::server
