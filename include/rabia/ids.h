// Identities that users of the library meet.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace rabia {

// A member of the cluster. The same number is the index of the lane that it owns; it is never
// given to another member. Valid ids are 1 to 65535.
struct ReplicaId {
  std::uint16_t value = 0;
  friend constexpr auto operator<=>(ReplicaId, ReplicaId) = default;
};

// Every further pair of members makes each write wait for one machine more; no cluster needs to
// survive more than seven failures at once.
inline constexpr std::size_t cluster_members_max = 15;

// The name of a cluster, equal on all its members; members of different clusters refuse each other.
// 1 to cluster_id_bytes_max ASCII letters, digits, '.', '_' and '-': it can stand unquoted in
// messages, configuration and identity files.
inline constexpr std::size_t cluster_id_bytes_max = 64;
[[nodiscard]] constexpr bool is_valid_cluster_id(std::string_view id) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !id.empty() && id.size() <= cluster_id_bytes_max &&
         id.find_first_not_of(allowed) == std::string_view::npos;
}

// How many batches come before a place in the log: equal numbers mean equal state, everywhere.
struct LogPosition {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(LogPosition, LogPosition) = default;
};

// The time of day as the log knows it, in milliseconds since the Unix epoch: the highest stamp of a
// batch so far. Equal on all replicas at one position, and never less than before. It follows the
// clocks of the replicas and may be wrong as they may.
struct LogTime {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(LogTime, LogTime) = default;
};

}  // namespace rabia

template <>
struct std::hash<rabia::ReplicaId> {
  std::size_t operator()(rabia::ReplicaId id) const noexcept { return id.value; }
};
