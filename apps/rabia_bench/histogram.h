// Latencies, counted in buckets whose width grows with the value: every value is kept to within
// 0.1%, in constant memory and time (the layout of HdrHistogram with 3 significant digits).
#pragma once

#include <cstdint>
#include <vector>

namespace rabia::bench {

// Of nanoseconds. Not thread-safe: one for each thread, merged at the end.
class Histogram {
 public:
  Histogram();

  // Counts `count` values. Below 0 is 0; above the largest (73 minutes) is the largest.
  void record(std::int64_t nanoseconds, std::uint64_t count = 1);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The smallest recorded value that at least `percent` of all values do not exceed, to within
  // 0.1%, never below the true one by more than that, and never above max(). 0 when nothing is
  // recorded.
  [[nodiscard]] std::int64_t percentile(double percent) const;
  // Exact. 0 when nothing is recorded.
  [[nodiscard]] std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::int64_t max() const { return max_; }
  [[nodiscard]] double mean() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace rabia::bench
