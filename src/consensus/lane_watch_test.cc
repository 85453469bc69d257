#include "consensus/lane_watch.h"

#include <gtest/gtest.h>

namespace rabia::consensus {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Instant start{seconds(100)};
constexpr base::Duration no_time{};

LaneWatch a_watch() {
  return LaneWatch(LaneWatchOptions{});
}

// Two waits half a second apart: K goes from 1 to 8. Returns the time of the second.
base::Instant distrust(LaneWatch& watch) {
  watch.waited(start);
  watch.waited(start + milliseconds(500));
  return start + milliseconds(500);
}

TEST(LaneWatch, IsPatientFor20msBeforeAnythingIsKnown) {
  EXPECT_EQ(a_watch().patience(no_time), milliseconds(20));
  EXPECT_EQ(a_watch().patience(milliseconds(70)), milliseconds(70));
}

// Given samples of lateness, then δ is four times nearly their worst, within its bounds.
TEST(LaneWatch, PatienceFollowsTheLatenessThatItSees) {
  LaneWatch watch = a_watch();
  for (int i = 0; i < 1000; ++i) watch.heard(milliseconds(i % 10 == 0 ? 10 : 1));
  EXPECT_GT(watch.patience(no_time), milliseconds(20));
  EXPECT_LE(watch.patience(no_time), milliseconds(40));
}

TEST(LaneWatch, PatienceStaysBetween3msOrTwoRoundTripsAnd1s) {
  LaneWatch quick = a_watch();
  quick.heard(no_time);
  EXPECT_EQ(quick.patience(no_time), milliseconds(3));
  EXPECT_EQ(quick.patience(milliseconds(50)), milliseconds(50));
  LaneWatch slow = a_watch();
  slow.heard(seconds(100));
  EXPECT_EQ(slow.patience(no_time), seconds(1));
}

// Given a batch that came before its round was in use here, then that is no lateness.
TEST(LaneWatch, EarlyIsNotLate) {
  LaneWatch watch = a_watch();
  watch.heard(-seconds(5));
  EXPECT_EQ(watch.patience(no_time), milliseconds(3));
}

TEST(LaneWatch, TrustedLanesHaveEveryRoundOpen) {
  const LaneWatch watch = a_watch();
  EXPECT_TRUE(watch.trusted());
  for (std::uint64_t round = 0; round < 20; ++round) EXPECT_TRUE(watch.open({round}));
}

TEST(LaneWatch, OneWaitDoesNotEndTrust) {
  LaneWatch watch = a_watch();
  watch.waited(start);
  EXPECT_TRUE(watch.trusted());
  watch.waited(start + milliseconds(1001));  // More than a second later.
  EXPECT_TRUE(watch.trusted());
}

TEST(LaneWatch, TwoWaitsWithinASecondLeaveEveryEighthRoundOpen) {
  LaneWatch watch = a_watch();
  distrust(watch);
  EXPECT_FALSE(watch.trusted());
  EXPECT_EQ(watch.own_interval(), 8U);
  EXPECT_TRUE(watch.open({16}));
  EXPECT_FALSE(watch.open({17}));
}

TEST(LaneWatch, WaitsThatOverlapCountOnce) {
  LaneWatch watch = a_watch();
  for (int i = 0; i < 19; ++i) watch.waited(start + milliseconds(i));
  EXPECT_TRUE(watch.trusted());
}

TEST(LaneWatch, EachFurtherWaitDoublesTheIntervalUpToItsMost) {
  LaneWatch watch = a_watch();
  base::Instant now = distrust(watch);
  std::uint32_t expected = 8;
  for (int i = 0; i < 10; ++i) {
    watch.waited(now += milliseconds(100));
    expected = std::min(2 * expected, 256U);
    EXPECT_EQ(watch.own_interval(), expected);
  }
}

TEST(LaneWatch, EightOpenRoundsInTimeHalveTheInterval) {
  LaneWatch watch = a_watch();
  distrust(watch);
  for (int i = 0; i < 7; ++i) watch.in_time();
  EXPECT_EQ(watch.own_interval(), 8U);
  watch.in_time();
  EXPECT_EQ(watch.own_interval(), 4U);
}

TEST(LaneWatch, AWaitBreaksARowOfRoundsInTime) {
  LaneWatch watch = a_watch();
  const base::Instant now = distrust(watch);
  for (int i = 0; i < 7; ++i) watch.in_time();
  watch.waited(now + milliseconds(100));
  watch.in_time();
  EXPECT_EQ(watch.own_interval(), 16U);
}

TEST(LaneWatch, TrustComesBackWithQuietWhileConnected) {
  LaneWatch watch = a_watch();
  base::Instant now = distrust(watch);
  watch.tick(now + milliseconds(249));
  EXPECT_EQ(watch.own_interval(), 8U);
  for (int i = 0; i < 3; ++i) watch.tick(now += milliseconds(250));
  EXPECT_TRUE(watch.trusted());
}

TEST(LaneWatch, ADisconnectedLaneHasNoOpenRoundsAndGainsNoTrust) {
  LaneWatch watch = a_watch();
  base::Instant now = distrust(watch);
  watch.connected(false, now);
  EXPECT_FALSE(watch.open({0}));
  EXPECT_FALSE(watch.open({256}));
  EXPECT_FALSE(watch.trusted());
  watch.tick(now + seconds(60));
  EXPECT_EQ(watch.own_interval(), 8U);
  watch.connected(true, now + seconds(60));
  EXPECT_TRUE(watch.open({16}));
}

// Given what the others say of a lane, then it counts only if the lane is late here too.
TEST(LaneWatch, TheOthersDistrustCountsOnlyForALaneThatIsLateHere) {
  LaneWatch watch = a_watch();
  watch.set_others_interval(64);
  EXPECT_TRUE(watch.trusted());
  distrust(watch);
  EXPECT_FALSE(watch.open({8}));
  EXPECT_TRUE(watch.open({64}));
  EXPECT_EQ(watch.own_interval(), 8U) << "a Beat says what this replica saw itself";
}

}  // namespace
}  // namespace rabia::consensus
