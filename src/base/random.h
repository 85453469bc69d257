// A seeded pseudo-random generator (xoshiro256**, seeded by SplitMix64; Blackman and Vigna 2018).
// For jitter, tests and the simulator, and for what is drawn from the log (kv/eviction.cc): equal
// seeds give equal sequences on every machine, for ever.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace rabia::base {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  // Uniform in [0, bound); bound > 0. The bias of the modulus is below 2^-32 for bounds below 2^32.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // True in `percent` of a hundred cases.
  bool chance(std::uint64_t percent) { return below(100) < percent; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace rabia::base
