// The states that a search has found: a set that keeps the order of finding, and for each state the
// one that it was found from. 28 bytes a state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rabia::sim::explore {

// One global state, packed by its model.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(Key, Key) = default;
};

// Spreads a word over all of its bits: the finalizer of splitmix64.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

class StateTable {
 public:
  using Index = std::uint32_t;
  static constexpr Index none = 0xffff'ffff;

  StateTable();
  // False when it was there already; then nothing changes.
  bool add(Key key, Index found_from);
  [[nodiscard]] Index size() const { return static_cast<Index>(keys_.size()); }
  // By the order of finding.
  [[nodiscard]] Key at(Index index) const { return keys_[index]; }
  [[nodiscard]] Index found_from(Index index) const { return found_from_[index]; }

 private:
  // Where the key is, or the free place where it belongs.
  [[nodiscard]] std::size_t place_of(Key key) const;
  void grow();

  std::vector<Key> keys_;
  std::vector<Index> found_from_;
  std::vector<Index> places_;  // Open addressing; a power of two, at most two thirds full.
};

}  // namespace rabia::sim::explore
