// How long something took, counted in buckets: constant memory, and some nanoseconds a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace rabia::base {

// Each doubling from 8 µs on has four buckets, so what is read from it is at most a quarter above
// the truth; below 8 µs each microsecond has its own. A value; not thread-safe.
class DurationHistogram {
 public:
  // From 1 µs to 67 s. What takes longer counts as 67 s, but for sum().
  static constexpr int doublings = 26;

  // Counts `times` values of the same length. Below 0 is 0.
  void record(Duration took, std::uint64_t times = 1);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration sum() const { return sum_; }
  // How many were shorter than 2^doubling µs; `doubling` is from 0 to `doublings`.
  [[nodiscard]] std::uint64_t shorter_than(int doubling) const;
  // The end of the bucket in which the value lies that `percent` of all do not exceed. 0 when
  // nothing is recorded.
  [[nodiscard]] Duration percentile(double percent) const;

 private:
  static constexpr std::size_t buckets_max = 4 * (doublings - 1);

  std::array<std::uint64_t, buckets_max> buckets_{};
  std::uint64_t count_ = 0;
  Duration sum_{};
};

}  // namespace rabia::base
