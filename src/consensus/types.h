// Identities and small values of the protocol. protocol.md, section 1.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

#include "rabia/ids.h"

namespace rabia::consensus {

// Rounds are counted from 0. Where the protocol speaks of "the highest round that …, or none", the
// code keeps the round after it, so that none is 0 and no number is negative: names end in _end.
struct Round {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Round, Round) = default;
  friend constexpr Round operator+(Round round, std::uint64_t n) { return {round.value + n}; }
  // Never below round 0.
  friend constexpr Round operator-(Round round, std::uint64_t n) {
    return {round.value - std::min(n, round.value)};
  }
  // How many rounds from `from` to `to`; 0 when `to` comes first.
  friend constexpr std::uint64_t distance(Round from, Round to) {
    return to.value > from.value ? to.value - from.value : 0;
  }
  constexpr Round& operator++() {
    ++value;
    return *this;
  }
};

// No round is as high: what is below it is everything.
inline constexpr Round round_never{std::uint64_t{1} << 62};

// [first, end)
struct RoundRange {
  Round first;
  Round end;
  [[nodiscard]] constexpr bool empty() const { return end <= first; }
  [[nodiscard]] constexpr bool contains(Round round) const { return first <= round && round < end; }
  [[nodiscard]] constexpr RoundRange clipped(RoundRange to) const {
    return {std::max(first, to.first), std::min(end, to.end)};
  }
  friend constexpr bool operator==(RoundRange, RoundRange) = default;
};

// Each member owns the lane with its own number.
using Lane = ReplicaId;

// One place in the log. Compares in log order: by round, then by lane.
struct SlotId {
  Round round;
  Lane lane;
  friend constexpr auto operator<=>(SlotId, SlotId) = default;
};

// Phases of one slot's agreement, from 1.
using Phase = std::uint32_t;
inline constexpr Phase first_phase = 1;

// A state, or a decision: 1 takes the batch into the log, 0 (⊥) leaves the slot empty.
enum class Bit : std::uint8_t { zero = 0, one = 1 };

enum class Vote : std::uint8_t { zero = 0, one = 1, question = 2 };

inline constexpr Vote vote_for(Bit bit) {
  return bit == Bit::one ? Vote::one : Vote::zero;
}

// 128 random bits that no one has drawn before.
struct Nonce {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(Nonce, Nonce) = default;
};

// One member's nonce in a founding vector.
struct FoundingEntry {
  ReplicaId member;
  Nonce nonce;
  friend constexpr auto operator<=>(FoundingEntry, FoundingEntry) = default;
};

// V of section 8: sorted by member; empty means none.
using FoundingVector = std::vector<FoundingEntry>;

// hash(V): one founding of one cluster. 0: not founded yet.
using Incarnation = std::uint64_t;
[[nodiscard]] Incarnation incarnation_of(const FoundingVector& vector);

// Names one snapshot of the state after all rounds below `round`: its file, whoever has it.
struct SnapshotName {
  Round round;
  std::uint64_t bytes = 0;     // Of the file,
  std::uint64_t checksum = 0;  // and of all of it.
  friend bool operator==(const SnapshotName&, const SnapshotName&) = default;
};

// The number of a record in the log: 1, 2, 3, … without gaps, across restarts.
using RecordNumber = std::uint64_t;

}  // namespace rabia::consensus
