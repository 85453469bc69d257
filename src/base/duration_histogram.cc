#include "base/duration_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rabia::base {
namespace {

constexpr int linear_bits = 3;  // Below 2^3 each value has its bucket;
constexpr int half = 4;         // each further power of two has so many.

std::size_t bucket_of(std::uint64_t microseconds) {
  const int width = static_cast<int>(std::bit_width(microseconds));
  if (width <= linear_bits) return microseconds;
  const int shift = width - linear_bits;
  return static_cast<std::size_t>(shift) * half + (microseconds >> shift);
}

// The first value above a bucket.
std::uint64_t end_of(std::size_t bucket) {
  if (bucket < 2 * half) return bucket + 1;
  const std::size_t shift = bucket / half - 1;
  return (bucket - shift * half + 1) << shift;
}

}  // namespace

void DurationHistogram::record(Duration took, std::uint64_t times) {
  took = std::max(took, Duration::zero());
  const auto microseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  buckets_[std::min(bucket_of(microseconds), buckets_max - 1)] += times;
  count_ += times;
  sum_ += took * static_cast<Duration::rep>(times);
}

std::uint64_t DurationHistogram::shorter_than(int doubling) const {
  if (doubling >= doublings) return count_;
  const std::size_t end = bucket_of(std::uint64_t{1} << doubling);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < end; ++i) total += buckets_[i];
  return total;
}

Duration DurationHistogram::percentile(double percent) const {
  if (count_ == 0) return {};
  const double wanted =
      std::ceil(static_cast<double>(count_) * std::clamp(percent, 0.0, 100.0) / 100);
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < buckets_.size() && (seen += buckets_[bucket]) < rank) ++bucket;
  return std::chrono::microseconds(end_of(bucket));
}

}  // namespace rabia::base
