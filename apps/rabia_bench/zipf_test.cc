#include "rabia_bench/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rabia::bench {
namespace {

// Given exponents below, at and above 1, when many ranks are drawn, then each of the first ones
// comes as often as Zipf's law says, and none is out of range.
TEST(Zipf, RanksFollowTheLaw) {
  constexpr std::uint64_t ranks = 1000;
  constexpr int draws = 400'000;
  for (const double exponent : {0.5, 0.99, 1.0, 1.5}) {
    double sum = 0;
    for (std::uint64_t rank = 1; rank <= ranks; ++rank) sum += std::pow(rank, -exponent);
    const Zipf zipf(ranks, exponent);
    base::Random random(7);
    std::vector<int> seen(ranks);
    for (int i = 0; i < draws; ++i) {
      const std::uint64_t rank = zipf.next(random);
      ASSERT_LT(rank, ranks);
      ++seen[rank];
    }
    for (const std::uint64_t rank : {0, 1, 2, 9, 99}) {
      const double expected = draws * std::pow(rank + 1, -exponent) / sum;
      EXPECT_NEAR(seen[rank], expected, 5 * std::sqrt(expected)) << exponent << " rank " << rank;
    }
    EXPECT_GT(seen[ranks - 1], 0) << exponent;
  }
}

// Given one rank only, then that is drawn.
TEST(Zipf, OfOneRankIsThatRank) {
  const Zipf zipf(1, 0.99);
  base::Random random(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zipf.next(random), 0U);
}

}  // namespace
}  // namespace rabia::bench
