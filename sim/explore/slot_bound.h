// How far the exploration of one slot goes, and what members say of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "consensus/types.h"

namespace rabia::sim::explore {

struct SlotBound {
  std::size_t members = 3;      // 1 to slot_members_max.
  consensus::Phase phases = 2;  // 1 to slot_phases_max. Nobody enters a later one.
  // A record is written, and durable later or lost by a crash. Else both are one step, and only the
  // owner's restart is a crash that anyone could tell from none.
  bool split_writes = true;
  // States that differ by the names of members that do not own the slot count once.
  bool symmetric = true;
};

inline constexpr std::size_t slot_members_max = 5;
inline constexpr consensus::Phase slot_phases_max = 6;

// What can be said in one phase, as bits.
enum SayingBit : std::uint8_t {
  said_state_zero = 1,
  said_state_one = 2,
  said_vote_zero = 4,
  said_vote_one = 8,
  said_vote_question = 16,
};
inline constexpr unsigned saying_bits = 5;

[[nodiscard]] inline SayingBit saying_of(consensus::Bit state) {
  return state == consensus::Bit::one ? said_state_one : said_state_zero;
}
[[nodiscard]] inline SayingBit saying_of(consensus::Vote vote) {
  if (vote == consensus::Vote::question) return said_vote_question;
  return vote == consensus::Vote::one ? said_vote_one : said_vote_zero;
}

// What one member has said, or recorded, in all phases.
class Said {
 public:
  void add(consensus::Phase phase, SayingBit what) {
    bits_ |= std::uint64_t{what} << shift_of(phase);
  }
  void add(Said other) { bits_ |= other.bits_; }
  [[nodiscard]] std::uint8_t of(consensus::Phase phase) const {
    return static_cast<std::uint8_t>(bits_ >> shift_of(phase) & ((1U << saying_bits) - 1));
  }
  [[nodiscard]] bool within(Said other) const { return (bits_ & ~other.bits_) == 0; }
  [[nodiscard]] std::uint64_t bits() const { return bits_; }
  friend bool operator==(Said, Said) = default;

 private:
  static unsigned shift_of(consensus::Phase phase) { return saying_bits * (phase - 1); }
  std::uint64_t bits_ = 0;
};

// A handful of numbers in order. (g++ 12 takes std::sort of a part of a small array for a mistake.)
inline void sort_few(std::uint32_t* first, const std::uint32_t* last) {
  for (std::uint32_t* next = first; next < last; ++next) {
    for (std::uint32_t* at = next; at > first && at[-1] > at[0]; --at) std::swap(at[-1], at[0]);
  }
}

// What is known of the slot beside states and votes, as bits: it has happened, somewhere, ever.
enum SlotFlag : std::uint8_t {
  no_flags = 0,
  batch_created = 1,
  batch_created_again = 2,
  slot_skipped = 4,
  decided_zero = 8,
  decided_one = 16,
  lane_from_above = 32,  // The owner has started again: its laneFrom lies above the slot.
};

}  // namespace rabia::sim::explore
