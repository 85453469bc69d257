// What is said of neighbouring rounds is said once, as a range. protocol.md, section 9.
#pragma once

#include "base/mutant.h"

namespace rabia::consensus {

// Lets `last` speak of the rounds of `next` too, when these come right behind and both say the same
// of the same lane. Messages and records: State, CastVote, Decided.
template <typename Said>
bool extend(Said& last, const Said& next) {
  if (last.lane != next.lane || last.value != next.value || last.rounds.end != next.rounds.first) {
    return false;
  }
  if constexpr (requires { next.phase; }) {
    const bool together = base::mutated(base::Mutant::ranges_joined_over_phases);
    if (last.phase != next.phase && !together) return false;
  }
  if constexpr (requires { next.batch; }) {
    if (last.batch || next.batch) return false;  // A record with a batch is of one slot.
  }
  last.rounds.end = next.rounds.end;
  return true;
}

}  // namespace rabia::consensus
