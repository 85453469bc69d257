// Reading a key for a client, counted as a hit or a miss.
#pragma once

#include <optional>
#include <string_view>

#include "server/command.h"
#include "server/keyspace_events.h"
#include "server/statistics.h"

namespace rabia::server {

inline std::optional<std::string_view> look_up(ReadCall& call, std::string_view key) {
  const auto value = call.store.get(key);
  ++(value ? call.statistics.keyspace_hits : call.statistics.keyspace_misses);
  if (!value) note_miss(call.server, key);
  return value;
}

}  // namespace rabia::server
