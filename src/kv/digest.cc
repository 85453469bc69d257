#include "kv/digest.h"

#include <algorithm>

namespace rabia::kv {

StateDigest digest_of_history(const History& history) {
  // The first bits of the fractions of the golden ratio, pi, e and the square root of 2.
  constexpr StateDigest of_revision{0x9e3779b97f4a7c15, 0xf39cc0605cedc835};
  constexpr StateDigest of_clock{0x243f6a8885a308d3, 0x13198a2e03707345};
  constexpr StateDigest of_created_at{0xb7e151628aed2a6a, 0xbf7158809cf4f3c7};
  constexpr StateDigest of_last_modified{0x6a09e667f3bcc908, 0xb2fb1366ea957d3f};
  StateDigest sum = times(history.revision, of_revision);
  add(sum, times(history.clock, of_clock));
  add(sum, times(history.created_at, of_created_at));
  add(sum, times(history.last_modified, of_last_modified));
  return sum;
}

StateDigest digest_of_replies(StateDigest replies) {
  return times(0x9e3779b97f4a7c15, replies);
}

StateDigest digest_of_limits(StateDigest limits) {
  return times(0xd1b54a32d192ed03, limits);
}

StateDigest KeyDigest::blocks(std::string_view value, std::uint64_t begin,
                              std::uint64_t end) const {
  constexpr std::uint64_t block_bytes = 4096;
  constexpr std::uint64_t seed_step = 0x9e3779b97f4a7c15;
  StateDigest sum;
  end = std::min<std::uint64_t>(end, value.size());
  for (std::uint64_t block = begin / block_bytes; block * block_bytes < end; ++block) {
    const base::Hash128 hash =
        base::hash128(value.substr(block * block_bytes, block_bytes), key_.low + block * seed_step);
    add(sum, {hash.high, hash.low});
  }
  return sum;
}

}  // namespace rabia::kv
