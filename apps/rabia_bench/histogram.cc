#include "rabia_bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rabia::bench {
namespace {

// Below 2^11 each value has its bucket; each further power of two has 2^10 buckets.
constexpr int linear_bits = 11;
constexpr std::uint64_t half = 1ULL << (linear_bits - 1);
constexpr int value_bits = 42;
constexpr std::uint64_t largest = (1ULL << value_bits) - 1;
constexpr std::size_t bucket_count = (value_bits - linear_bits + 2) * half;

std::size_t bucket_of(std::uint64_t value) {
  const auto width = static_cast<int>(std::bit_width(value));
  if (width <= linear_bits) return value;
  const int shift = width - linear_bits;
  return static_cast<std::size_t>(shift) * half + (value >> shift);
}

// The largest value of a bucket: a percentile must not look better than it was.
std::uint64_t upper_end(std::size_t bucket) {
  if (bucket < 2 * half) return bucket;
  const std::size_t shift = bucket / half - 1;
  const std::uint64_t first = (bucket - shift * half) << shift;
  return first + (1ULL << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

void Histogram::record(std::int64_t nanoseconds, std::uint64_t count) {
  if (count == 0) return;
  const auto value = static_cast<std::int64_t>(
      std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0)), largest));
  buckets_[bucket_of(static_cast<std::uint64_t>(value))] += count;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  count_ += count;
  sum_ += static_cast<double>(value) * static_cast<double>(count);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
}

std::int64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted =
      std::ceil(static_cast<double>(count_) * std::clamp(percent, 0.0, 100.0) / 100);
  const std::uint64_t rank =
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(static_cast<std::int64_t>(upper_end(i)), max_);
  }
  return max_;
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

}  // namespace rabia::bench
