// The common coin: one bit that all replicas draw alike. protocol.md, section 2.3; paper,
// section 4.
#pragma once

#include "base/hash.h"
#include "consensus/types.h"

namespace rabia::consensus {

// A keyed hash of (r, l, p); the key is the cluster's incarnation. Safety does not need the coin to
// be common, only termination in few phases does.
[[nodiscard]] inline Bit common_coin(Incarnation key, SlotId slot, Phase phase) {
  const std::uint64_t words[3] = {slot.round.value, slot.lane.value, phase};
  const std::string_view bytes(reinterpret_cast<const char*>(words), sizeof words);
  return (base::hash64(bytes, key) & 1) != 0 ? Bit::one : Bit::zero;
}

}  // namespace rabia::consensus
