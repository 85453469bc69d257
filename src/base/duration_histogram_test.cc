#include "base/duration_histogram.h"

#include <gtest/gtest.h>

namespace rabia::base {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

// Given every length up to far above 8 µs, then a percentile is never below the truth and at most a
// quarter (or one microsecond) above it.
TEST(DurationHistogram, PercentilesAreAtMostAQuarterAboveTheTruth) {
  for (std::int64_t value = 1; value < 1'000'000; value += 1 + value / 50) {
    DurationHistogram histogram;
    histogram.record(microseconds(value));
    const Duration read = histogram.percentile(50);
    EXPECT_GT(read, microseconds(value));
    EXPECT_LE(read, microseconds(value + value / 4 + 1));
  }
}

// Given values, when counted up to a power of two, then those below it are, and no other.
TEST(DurationHistogram, CountsWhatIsShorterThanAPowerOfTwo) {
  DurationHistogram histogram;
  histogram.record(nanoseconds(999));
  histogram.record(microseconds(1));
  histogram.record(microseconds(7), 3);
  histogram.record(microseconds(8));
  histogram.record(microseconds(1023));
  histogram.record(microseconds(1024));
  EXPECT_EQ(histogram.shorter_than(0), 1U);
  EXPECT_EQ(histogram.shorter_than(1), 2U);
  EXPECT_EQ(histogram.shorter_than(3), 5U);
  EXPECT_EQ(histogram.shorter_than(4), 6U);
  EXPECT_EQ(histogram.shorter_than(10), 7U);
  EXPECT_EQ(histogram.shorter_than(11), 8U);
  EXPECT_EQ(histogram.count(), 8U);
  EXPECT_EQ(histogram.sum(), nanoseconds(999) + microseconds(1 + 21 + 8 + 1023 + 1024));
}

// Given values, then half of them lie up to the median, and the largest up to the highest
// percentile.
TEST(DurationHistogram, PercentilesAreInOrder) {
  DurationHistogram histogram;
  EXPECT_EQ(histogram.percentile(99), Duration{});
  histogram.record(microseconds(2), 98);
  histogram.record(microseconds(100));
  histogram.record(microseconds(5000));
  EXPECT_EQ(histogram.percentile(50), microseconds(3));
  EXPECT_EQ(histogram.percentile(99), microseconds(112));
  EXPECT_GE(histogram.percentile(99.9), microseconds(5000));
}

// Given values beyond all buckets and below zero, then they are counted at the ends.
TEST(DurationHistogram, TakesEveryValue) {
  DurationHistogram histogram;
  histogram.record(hours(1000));
  histogram.record(nanoseconds(-5));
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.shorter_than(0), 1U);
  EXPECT_EQ(histogram.shorter_than(DurationHistogram::doublings - 1), 1U);
  EXPECT_EQ(histogram.shorter_than(DurationHistogram::doublings), 2U);
  EXPECT_EQ(histogram.percentile(100), microseconds(1LL << DurationHistogram::doublings));
}

}  // namespace
}  // namespace rabia::base
