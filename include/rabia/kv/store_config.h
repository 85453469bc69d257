// How a store is to behave.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rabia::kv {

struct StoreConfig {
  // Of the cluster: what the first member brings counts from then on, for all. 0: no limit. Beyond
  // it what would add data is refused with Code::exhausted; deleting always works.
  std::uint64_t max_entries = 1'000'000;
  std::uint64_t max_memory_bytes = 1ULL << 30;
  bool key_expiration_enabled = true;  // False: times to live are kept, and nothing expires.

  // Of this replica.
  bool enable_notifications = false;
  // How many changes are noted for one subscriber; further ones it is led through in the history.
  std::size_t notification_buffer_size = 1'000;
  // The history of changes that is kept for subscribers, in memory.
  std::uint64_t notification_history_bytes = 64ULL << 20;
  bool snapshot_compression = true;
  bool metrics_enabled = true;  // False: StoreMetrics counts nothing.
};

}  // namespace rabia::kv
