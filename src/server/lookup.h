// Reading a key for a client: counted as a hit or a miss, and as a use of the key.
#pragma once

#include <optional>
#include <string_view>

#include "base/mutant.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/keyspace_events.h"
#include "server/server_state.h"
#include "server/statistics.h"

namespace rabia::server {

inline std::optional<std::string_view> look_up(ReadCall& call, std::string_view key) {
  const auto item = call.store.find(key);
  ++(item ? call.statistics.keyspace_hits : call.statistics.keyspace_misses);
  if (!item) {
    note_miss(call.server, key);
    return std::nullopt;
  }
  const bool may_touch = call.client == nullptr || !call.client->no_touch;
  if (call.store.tracking() != kv::UseTracking::none && may_touch) [[unlikely]] {
    if (base::mutated(base::Mutant::eviction_by_local_reads)) {
      call.server.machine.store().touch(key);
      return call.store.get(key);
    }
    call.server.read_hints.note(call.store, key, item->use, call.replica.log_time());
  }
  return item->value;
}

}  // namespace rabia::server
