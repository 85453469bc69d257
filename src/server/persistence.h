// Snapshots in the words of Redis.
#pragma once

#include <chrono>
#include <cstdint>

#include "replica/replica.h"

namespace rabia::server {

// A snapshot is being taken, or was asked for and will be next.
[[nodiscard]] inline bool saving(const replica::ReplicaStatus& status) {
  return status.taking_snapshot || status.snapshot_requested;
}

// Seconds since the Unix epoch; 0: there is no snapshot yet.
[[nodiscard]] inline std::int64_t last_save(const replica::ReplicaStatus& status) {
  if (!status.saved_at) return 0;
  return std::chrono::floor<std::chrono::seconds>(*status.saved_at).time_since_epoch().count();
}

}  // namespace rabia::server
