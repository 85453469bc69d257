// Identities that users of the library meet.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace rabia {

// A member of the cluster. The same number is the index of the lane that it owns; it is never
// given to another member. Valid ids are 1 to 65535.
struct ReplicaId {
  std::uint16_t value = 0;
  friend constexpr auto operator<=>(ReplicaId, ReplicaId) = default;
};

// How many batches come before a place in the log: equal numbers mean equal state, everywhere.
struct LogPosition {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(LogPosition, LogPosition) = default;
};

}  // namespace rabia

template <>
struct std::hash<rabia::ReplicaId> {
  std::size_t operator()(rabia::ReplicaId id) const noexcept { return id.value; }
};
