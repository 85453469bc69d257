#include "rabia_bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace rabia::bench {
namespace {

// Given values over ten powers of ten, when percentiles are asked for, then each is that of the
// sorted values to within 0.1%, and never below it.
TEST(Histogram, KeepsPercentilesToATenthOfAPercent) {
  base::Random random(1);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    const auto power = static_cast<double>(random.below(10'000)) / 1000;
    values.push_back(static_cast<std::int64_t>(std::pow(10, power)));
    histogram.record(values.back());
  }
  std::ranges::sort(values);
  for (const double percent : {0.1, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(20'000 * percent / 100)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    const auto found = static_cast<double>(histogram.percentile(percent));
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(found, exact * 1.001) << percent;
  }
  EXPECT_EQ(histogram.min(), values.front());
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.count(), 20'000U);
}

// Given every value around each power of two, then none is counted as a smaller one, nor as one
// that is more than 0.1% larger.
TEST(Histogram, HasNoSeamBetweenBuckets) {
  for (int power = 0; power < 42; ++power) {
    for (const std::int64_t offset : {-1, 0, 1}) {
      const std::int64_t value = (std::int64_t{1} << power) + offset;
      Histogram histogram;
      histogram.record(value);
      histogram.record(std::int64_t{1} << 41);  // So that max() does not cut it off.
      if (value > std::int64_t{1} << 41) continue;
      EXPECT_GE(histogram.percentile(50), value);
      EXPECT_LE(static_cast<double>(histogram.percentile(50)), static_cast<double>(value) * 1.001);
    }
  }
}

// Given a value that cannot be, or beyond all, then it is counted at the end that it is beyond.
TEST(Histogram, KeepsWhatIsOutOfRangeAtTheEnds) {
  Histogram histogram;
  histogram.record(-5);
  EXPECT_EQ(histogram.percentile(100), 0);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.percentile(100), (std::int64_t{1} << 42) - 1);
}

// Given nothing, then all figures are 0.
TEST(Histogram, OfNothingIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile(99), 0);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.mean(), 0);
}

// Given values shared out to two histograms, when they are merged, then it is as if one had them
// all; a count stands for as many values.
TEST(Histogram, MergedIsAsOne) {
  Histogram all;
  Histogram odd;
  Histogram even;
  for (std::int64_t value = 1; value <= 1000; ++value) {
    all.record(value * 1000, 3);
    (value % 2 == 1 ? odd : even).record(value * 1000, 3);
  }
  odd.merge(even);
  odd.merge(Histogram());
  EXPECT_EQ(odd.count(), 3000U);
  EXPECT_EQ(odd.min(), 1000);
  EXPECT_EQ(odd.max(), 1'000'000);
  EXPECT_DOUBLE_EQ(odd.mean(), all.mean());
  for (const double percent : {1.0, 50.0, 99.0}) {
    EXPECT_EQ(odd.percentile(percent), all.percentile(percent));
  }
}

}  // namespace
}  // namespace rabia::bench
