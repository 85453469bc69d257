// Random runs of whole clusters: testing/chaos.h says what each goes through and must show.
#include <gtest/gtest.h>

#include <cstdint>

#include "consensus/testing/chaos.h"

namespace rabia::consensus::testing {
namespace {

constexpr std::uint64_t seeds_each = 80;

class Chaos : public ::testing::TestWithParam<std::uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, ::testing::Range<std::uint64_t>(0, 3));

// Given clusters of 1 to 5 members in which everything goes wrong that may, then section 13 holds
// throughout; once the faults end everything proposed is decided and all are at one place; and then
// it is quiet. And the runs did meet what is rare.
TEST_P(Chaos, KeepsEveryInvariantAndEndsInQuiet) {
  Tally all;
  for (std::uint64_t i = 0; i < seeds_each; ++i) {
    const ChaosResult result = run_chaos({1 + GetParam() * seeds_each + i, nullptr});
    ASSERT_EQ(result.failure, "");
    all.add(result.tally);
  }
  EXPECT_GT(all.nodes.decided_zero_by_states, 0U);
  EXPECT_GT(all.nodes.decided_zero_by_votes, 0U);
  EXPECT_GT(all.nodes.decided_zero_by_skip, 0U);
  EXPECT_GT(all.nodes.decided_in_later_phases, 0U);
  EXPECT_GT(all.nodes.coins, 0U);
  EXPECT_GT(all.nodes.forfeits, 0U);
  EXPECT_GT(all.nodes.zeros_ahead, 0U);
  EXPECT_GT(all.nodes.fetches, 0U);
  EXPECT_GT(all.nodes.beyond_window_dropped, 0U);
  EXPECT_GT(all.crashes, 0U);
  EXPECT_GT(all.restarts_with_undecided, 0U);
  EXPECT_GT(all.history_requests, 0U);
  EXPECT_GT(all.from_earlier_lives, 0U);
  EXPECT_GT(all.beyond_window, 0U);
  EXPECT_GT(all.proposed_again, 0U);
  EXPECT_GT(all.acknowledged, 1000U);
  EXPECT_GT(all.reads, 1000U);
}

// Given one seed, then a run is always the same.
TEST(World, EqualSeedsGiveEqualRuns) {
  const Tally first = run_chaos({8, nullptr}).tally;
  const Tally second = run_chaos({8, nullptr}).tally;
  EXPECT_EQ(first.steps, second.steps);
  EXPECT_EQ(first.records, second.records);
  EXPECT_EQ(first.messages, second.messages);
}

}  // namespace
}  // namespace rabia::consensus::testing
