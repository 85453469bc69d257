// How much the store may hold, and what happens beyond. A part of the state: equal on all replicas
// at one position of the log.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kv/use.h"

namespace rabia::kv {

// What is removed when there is no more room, as Redis's maxmemory-policy. The numbers are in the
// log.
enum class EvictionPolicy : std::uint8_t {
  noeviction = 0,  // Nothing: what would add data is refused.
  allkeys_lru = 1,
  allkeys_lfu = 2,
  allkeys_random = 3,
  volatile_lru = 4,  // Of the keys with a deadline.
  volatile_lfu = 5,
  volatile_random = 6,
  volatile_ttl = 7,  // The one that expires next.
};
inline constexpr std::array<std::string_view, 8> eviction_policy_names = {
    "noeviction",   "allkeys-lru",  "allkeys-lfu",     "allkeys-random",
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"};

[[nodiscard]] constexpr std::string_view name_of(EvictionPolicy policy) {
  return eviction_policy_names[static_cast<std::size_t>(policy)];
}
[[nodiscard]] constexpr bool only_volatile(EvictionPolicy policy) {
  return policy >= EvictionPolicy::volatile_lru;
}
[[nodiscard]] constexpr UseTracking tracking_of(EvictionPolicy policy) {
  switch (policy) {
    case EvictionPolicy::allkeys_lru:
    case EvictionPolicy::volatile_lru:
      return UseTracking::time;
    case EvictionPolicy::allkeys_lfu:
    case EvictionPolicy::volatile_lfu:
      return UseTracking::frequency;
    default:
      return UseTracking::none;
  }
}

struct Limits {
  std::uint64_t max_memory_bytes = 0;  // Of Store::account_bytes(); 0: no limit.
  std::uint64_t max_entries = 0;       // Keys; 0: no limit.
  EvictionPolicy policy = EvictionPolicy::noeviction;
  std::uint64_t samples = 10;          // Keys that are compared to choose one for eviction.
  bool key_expiration_enabled = true;  // False: deadlines are kept, and nothing expires.

  static constexpr std::uint64_t most = std::uint64_t{1} << 50;  // Of bytes or keys.
  static constexpr std::uint64_t samples_max = 64;
  friend bool operator==(const Limits&, const Limits&) = default;
};

// One of the limits. The numbers are in the log, the names in the state.
enum class LimitField : std::uint8_t {
  max_memory_bytes = 0,
  max_entries = 1,
  policy = 2,
  samples = 3,
  key_expiration_enabled = 4,
};
inline constexpr std::array<std::string_view, 5> limit_field_names = {
    "max-memory-bytes", "max-entries", "maxmemory-policy", "maxmemory-samples",
    "key-expiration-enabled"};

struct LimitChange {
  LimitField field{};
  std::uint64_t value = 0;
};

[[nodiscard]] std::uint64_t get(const Limits& limits, LimitField field);
// All fields that have another value than their default.
[[nodiscard]] std::vector<LimitChange> changes_of(const Limits& limits);
// False: the value is out of range, and nothing is changed.
[[nodiscard]] bool put(Limits& limits, LimitField field, std::uint64_t value);

}  // namespace rabia::kv
