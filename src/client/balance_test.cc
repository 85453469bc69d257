// Which replica is next.
#include "client/balance.h"

#include <gtest/gtest.h>

#include <set>

namespace rabia::client {
namespace {

class BalanceTest : public ::testing::Test {
 protected:
  std::size_t begin() {
    const auto chosen = balance.choose(now, std::nullopt);
    EXPECT_TRUE(chosen);
    balance.begin(*chosen);
    return *chosen;
  }
  // Fails it, and returns for how long it is left out.
  Milliseconds fail(std::size_t replica) {
    balance.begin(replica);
    balance.failed(replica, now);
    Milliseconds pause{0};
    while (balance.left_out(replica, now + pause)) ++pause;
    return pause;
  }

  Instant now{std::chrono::seconds(1'000)};
  Balance balance{3, 2, 7};
};

// Given replicas that are all well, then calls go to them in turn, and to no more than may be.
TEST_F(BalanceTest, TakesThemInTurn) {
  EXPECT_EQ((std::set{begin(), begin(), begin()}), (std::set<std::size_t>{0, 1, 2}));
  EXPECT_EQ((std::set{begin(), begin(), begin()}), (std::set<std::size_t>{0, 1, 2}));
  EXPECT_EQ(balance.choose(now, std::nullopt), std::nullopt);
  EXPECT_EQ(balance.next_trial(), std::nullopt);
  balance.succeeded(1);
  EXPECT_EQ(balance.choose(now, std::nullopt), 1U);
}

// Given one with less to do than others, then it is the next, unless it is to be avoided.
TEST_F(BalanceTest, PrefersTheOneWithLeastToDo) {
  for (const std::size_t busy : {0U, 2U}) balance.begin(busy);
  EXPECT_EQ(balance.choose(now, std::nullopt), 1U);
  EXPECT_NE(balance.choose(now, 1), 1U);
  for (const std::size_t busy : {0U, 2U}) balance.begin(busy);
  EXPECT_EQ(balance.choose(now, 1), 1U);  // There is no other.
}

// Given one that fails again and again, then it is left out for longer and longer, up to a bound,
// each time by chance a bit less; and as others are when it was answered.
TEST_F(BalanceTest, LeavesOutForLongerEachTime) {
  Milliseconds longest = Balance::pause_min;
  for (int i = 0; i < 20; ++i) {
    const Milliseconds pause = fail(0);
    EXPECT_LE(pause, longest);
    EXPECT_GE(pause, longest / 2);
    EXPECT_NE(balance.choose(now, std::nullopt), 0U);
    now += pause;
    longest = std::min(2 * longest, Balance::pause_max);
  }
  balance.begin(0);
  balance.succeeded(0);
  EXPECT_LE(fail(0), Balance::pause_min);
}

// Given many calls under way at one that fails, then that is one failure.
TEST_F(BalanceTest, CallsThatFailTogetherFailOnce) {
  balance.begin(0);
  balance.begin(0);
  balance.failed(0, now);
  balance.failed(0, now);
  EXPECT_FALSE(balance.left_out(0, now + Balance::pause_min));
}

// Given one whose pause is over, then one call tries it at a time.
TEST_F(BalanceTest, OneCallTriesWhatHasFailed) {
  Balance alone(1, 5, 7);
  alone.begin(0);
  alone.failed(0, now);
  EXPECT_EQ(alone.choose(now, std::nullopt), std::nullopt);
  const auto trial = alone.next_trial();
  ASSERT_TRUE(trial);
  EXPECT_EQ(alone.choose(*trial, std::nullopt), 0U);
  alone.begin(0);
  EXPECT_EQ(alone.choose(*trial, std::nullopt), std::nullopt);
  alone.succeeded(0);
  EXPECT_EQ(alone.choose(now, std::nullopt), 0U);
}

}  // namespace
}  // namespace rabia::client
