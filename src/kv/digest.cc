#include "kv/digest.h"

#include <algorithm>

namespace rabia::kv {

StateDigest digest_of_history(std::uint64_t revision, std::uint64_t clock) {
  // The first bits of the golden ratio's fraction and of pi's.
  constexpr StateDigest of_revision{0x9e3779b97f4a7c15, 0xf39cc0605cedc835};
  constexpr StateDigest of_clock{0x243f6a8885a308d3, 0x13198a2e03707345};
  StateDigest sum = times(revision, of_revision);
  add(sum, times(clock, of_clock));
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
