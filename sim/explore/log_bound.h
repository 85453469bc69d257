// How far the exploration of the log goes: three members, two rounds, all their slots.
#pragma once

#include <array>
#include <cstdint>

#include "consensus/types.h"

namespace rabia::sim::explore {

inline constexpr std::size_t log_members = 3;
inline constexpr std::uint64_t log_rounds = 2;
// Who asks for the read: it creates no batch, so all that it knows it has heard.
inline constexpr std::size_t log_reader = 2;

struct LogBound {
  // Created at most, by each owner in all its lives.
  std::array<unsigned, log_members> batches{1, 0, 0};
  bool reads = true;  // The third member asks for one linearizable read.
  bool beats = true;  // What Beats say of top and laneFrom is heard too.
  // Of all members together; at most 3 of each.
  unsigned crashes = 0;
  unsigned time_passes = 0;  // A member runs out of all patience; once in a life.
  bool blocks = true;        // False: whatever happens is a step of its own (README.md, "Blocks").
};

// Slots as bits, in log order.
using SlotMask = unsigned;

[[nodiscard]] inline bool in_log_bound(consensus::SlotId slot) {
  return slot.round.value < log_rounds;
}
// Needs in_log_bound().
[[nodiscard]] inline unsigned position_of(consensus::SlotId slot) {
  return static_cast<unsigned>(slot.round.value * log_members) + slot.lane.value - 1U;
}
[[nodiscard]] inline SlotMask mask_of(consensus::SlotId slot) {
  return 1U << position_of(slot);
}
// All slots that come before this position in the log.
[[nodiscard]] inline SlotMask slots_before(unsigned position) {
  return (1U << position) - 1;
}

}  // namespace rabia::sim::explore
