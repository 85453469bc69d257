// Commands about snapshots on this replica's disk: the rows, and the handlers.
#include <string>

#include "server/command.h"
#include "server/server_state.h"

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

}  // namespace

std::span<const Command> persistence_commands() {
  static constexpr Command rows[] = {
      {.name = "save",
       .arity = 1,
       .flags = flag::admin | flag::noscript | flag::no_async_loading | flag::no_multi,
       .group = "server",
       .since = "1.0.0",
       .summary = "Takes a snapshot, and answers when it is on this replica's disk.",
       .complexity = "O(N) where N is the number of keys; other clients are served meanwhile.",
       .deferred = run_save},
  };
  return rows;
}

}  // namespace rabia::server
