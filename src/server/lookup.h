// Reading a key for a client: counted as a hit or a miss, and as a use of the key.
#pragma once

#include <optional>
#include <string_view>

#include "base/mutant.h"
#include "server/command.h"
#include "server/keyspace_events.h"
#include "server/server_state.h"
#include "server/statistics.h"

namespace rabia::server {

// A key was read. Of no use to anyone: what the policy never evicts.
inline void note_use(ReadCall& call, std::string_view key, const kv::Store::Item& item) {
  const bool may_go = item.deadline != kv::no_deadline ||
                      !only_volatile(call.server.machine.limits().limits().policy);
  if (!call.is_use || !may_go) return;
  if (base::mutated(base::Mutant::eviction_by_local_reads)) {
    call.server.machine.store().touch(key);
  } else {
    call.server.read_hints.note(call.store, key, item.use, call.replica.log_time());
  }
}

// The item of a key that a command names, counted as a hit or a miss; valid until the next one is
// noted.
inline std::optional<kv::Store::Item> find_noted(ReadCall& call, std::string_view key) {
  auto item = call.store.find(key);
  ++(item ? call.statistics.keyspace_hits : call.statistics.keyspace_misses);
  if (!item) note_miss(call.server, key);
  if (item && call.store.tracking() != kv::UseTracking::none) [[unlikely]] {
    note_use(call, key, *item);
    if (base::mutated(base::Mutant::eviction_by_local_reads)) item = call.store.find(key);
  }
  return item;
}

inline std::optional<std::string_view> look_up(ReadCall& call, std::string_view key) {
  const auto item = find_noted(call, key);
  return item ? std::optional(item->value) : std::nullopt;
}

// Whether there is such a key: the same, but no use of it.
inline bool exists(ReadCall& call, std::string_view key) {
  const bool found = call.store.contains(key);
  ++(found ? call.statistics.keyspace_hits : call.statistics.keyspace_misses);
  if (!found) note_miss(call.server, key);
  return found;
}

}  // namespace rabia::server
