// When a key was used last, and how often: what eviction goes by.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rabia::kv {

// What is noted of the use of keys.
enum class UseTracking : std::uint8_t {
  none = 0,
  time = 1,       // When: for LRU.
  frequency = 2,  // How often, too: for LFU.
};

// A value of 8 bytes. Its parts are of the log alone, so they are equal on all replicas.
//
// How often is a logarithmic counter that falls with time, the "Morris counter" of Redis's LFU: one
// more use of a key that has c counts with the chance 1 / ((c - 5) * 10 + 1), and a minute without
// use takes one off.
class Use {
 public:
  static constexpr std::uint64_t packed_max = ~std::uint64_t{0} >> 1;

  constexpr Use() = default;
  // A time beyond what fits, which no clock will show, counts as the last one that does.
  constexpr Use(std::uint64_t time, std::uint8_t count)
      : packed_(std::min(time, packed_max >> 8) << 8 | count) {}
  // As it is stored; 0: nothing is known.
  [[nodiscard]] static constexpr Use unpack(std::uint64_t packed) {
    Use use;
    use.packed_ = packed;
    return use;
  }
  [[nodiscard]] constexpr std::uint64_t packed() const { return packed_; }
  [[nodiscard]] constexpr bool known() const { return packed_ != 0; }

  // When it was, in milliseconds of the log's clock.
  [[nodiscard]] constexpr std::uint64_t last() const { return packed_ >> 8; }
  // As it was then.
  [[nodiscard]] constexpr std::uint8_t count() const { return static_cast<std::uint8_t>(packed_); }
  // As it is now.
  [[nodiscard]] constexpr std::uint8_t count_at(std::uint64_t now) const {
    constexpr std::uint64_t a_minute = 60'000;
    const std::uint64_t minutes = (std::max(now, last()) - last()) / a_minute;
    return static_cast<std::uint8_t>(count() - std::min<std::uint64_t>(minutes, count()));
  }

  static constexpr std::uint8_t first_count = 5;
  // Whether one more use counts, by a number drawn for it.
  [[nodiscard]] static constexpr bool counts(std::uint8_t count, std::uint64_t random) {
    constexpr std::uint64_t factor = 10;
    const std::uint64_t above = count - std::min(count, first_count);
    return count < 255 && random % (above * factor + 1) == 0;
  }

  friend constexpr bool operator==(Use, Use) = default;

 private:
  std::uint64_t packed_ = 0;
};

}  // namespace rabia::kv
