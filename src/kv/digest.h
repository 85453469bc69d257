// The digest of a store's contents, kept up to date by each change: docs/formats/store-state.md.
//
// A sum of terms, each of one key or of one block of a value, so that a change touches only the
// terms of what it changes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"
#include "kv/entry.h"
#include "kv/history.h"
#include "rabia/state_machine.h"

namespace rabia::kv {

// Modulo 2^128.
inline void add(StateDigest& sum, StateDigest term) {
  sum.low += term.low;
  sum.high += term.high + (sum.low < term.low ? 1 : 0);
}
inline void subtract(StateDigest& sum, StateDigest term) {
  sum.high -= term.high + (sum.low < term.low ? 1 : 0);
  sum.low -= term.low;
}
[[nodiscard]] inline StateDigest times(std::uint64_t factor, StateDigest term) {
  const unsigned __int128 low = static_cast<unsigned __int128>(term.low) * factor;
  return {term.high * factor + static_cast<std::uint64_t>(low >> 64),
          static_cast<std::uint64_t>(low)};
}

// Of what belongs to no key.
[[nodiscard]] StateDigest digest_of_history(const History& history);

// What the digests of the kept replies and of the limits add to that of the store.
[[nodiscard]] StateDigest digest_of_replies(StateDigest replies);
[[nodiscard]] StateDigest digest_of_limits(StateDigest limits);

// The terms of one key and of values under it.
class KeyDigest {
 public:
  explicit KeyDigest(std::string_view key) : key_(base::hash128(key, seed)) {}

  // That the key is there, and what is known of it.
  [[nodiscard]] StateDigest about(const Entry::About& about) const {
    StateDigest term{key_.high, key_.low};
    add(term, times(about.revision, {key_.high, key_.low | 1}));
    add(term, times(about.deadline, {key_.low, key_.high | 1}));
    if (about.use.known() || about.roomy) [[unlikely]] {
      add(term, times(about.use.packed() << 1 | (about.roomy ? 1 : 0), {~key_.high, key_.low | 1}));
    }
    return term;
  }
  [[nodiscard]] StateDigest value(std::string_view value) const {
    return blocks(value, 0, value.size());
  }
  // The terms of those blocks of `value` that hold any of the bytes [begin, end).
  [[nodiscard]] StateDigest blocks(std::string_view value, std::uint64_t begin,
                                   std::uint64_t end) const;

 private:
  // Another than the table's, so that keys chosen to meet in the table do not meet here.
  static constexpr std::uint64_t seed = 0x7261626961206b76;

  base::Hash128 key_;
};

}  // namespace rabia::kv
