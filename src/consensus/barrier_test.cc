#include "consensus/barrier.h"

#include <gtest/gtest.h>

namespace rabia::consensus {
namespace {

class BarrierOfMembers : public testing::TestWithParam<std::uint16_t> {
 protected:
  static std::vector<ReplicaId> members(std::uint16_t count) {
    std::vector<ReplicaId> all;
    for (std::uint16_t i = 1; i <= count; ++i) all.push_back({i});
    return all;
  }
  const ConfigurationHistory configurations{founded_with(members(GetParam()))};
  const std::size_t quorum = Quorums{GetParam()}.quorum();
  Barrier barrier{BarrierKind::read, Nonce{1, 2}};
  bool complete(std::uint64_t executed_end) {
    return barrier.complete(configurations, {{executed_end}, {executed_end + 10}});
  }
};

INSTANTIATE_TEST_SUITE_P(Members, BarrierOfMembers, testing::Range<std::uint16_t>(1, 8));

TEST_P(BarrierOfMembers, IsCompleteWithAQuorumOfFrontiersBelowL) {
  for (std::uint16_t i = 1; i < quorum; ++i) barrier.answered({i}, {5});
  EXPECT_FALSE(complete(5)) << "one answer too few";
  barrier.answered({static_cast<std::uint16_t>(quorum)}, {5});
  EXPECT_TRUE(complete(5));
}

// Given a frontier above L, then it does not count, until L has come up to it.
TEST_P(BarrierOfMembers, WaitsUntilTheFrontierIsExecuted) {
  for (std::uint16_t i = 1; i < quorum; ++i) barrier.answered({i}, {0});
  barrier.answered({static_cast<std::uint16_t>(quorum)}, {6});
  EXPECT_FALSE(complete(5));
  EXPECT_TRUE(complete(6));
}

TEST_P(BarrierOfMembers, TheFirstAnswerOfAMemberCounts) {
  for (std::uint16_t i = 1; i <= quorum; ++i) barrier.answered({i}, {6});
  for (std::uint16_t i = 1; i <= quorum; ++i) barrier.answered({i}, {0});
  EXPECT_FALSE(complete(5));
}

TEST_P(BarrierOfMembers, AnswersOfOthersDoNotCount) {
  for (std::uint16_t i = 1; i <= 7; ++i) {
    barrier.answered({static_cast<std::uint16_t>(100 + i)}, {0});
  }
  EXPECT_FALSE(complete(5));
}

// Section 8: f + 1 bounds of others.
TEST_P(BarrierOfMembers, ARejoinNeedsOneMoreThanMayFail) {
  const std::size_t needed = Quorums{GetParam()}.one_correct();
  Barrier rejoin{BarrierKind::rejoin, Nonce{1, 2}};
  const RoundRange window{{5}, {15}};
  for (std::uint16_t i = 1; i < needed; ++i) rejoin.answered({i}, {5});
  EXPECT_FALSE(rejoin.complete(configurations, window)) << "one answer too few";
  rejoin.answered({static_cast<std::uint16_t>(needed)}, {6});
  EXPECT_FALSE(rejoin.complete(configurations, window)) << "it has sent something of round L";
  EXPECT_TRUE(rejoin.complete(configurations, {{6}, {16}}));
}

// Section 6: with one answer fewer in one of two configurations it is not complete.
TEST(Barrier, NeedsEveryConfigurationOfTheWindow) {
  ConfigurationHistory configurations{founded_with({{1}, {2}, {3}})};
  Membership next = founded_with({{2}, {3}, {4}});
  next.number = 1;
  configurations.add({{12}, next});
  Barrier barrier{BarrierKind::read, Nonce{1, 2}};
  barrier.answered({1}, {5});
  barrier.answered({2}, {5});
  EXPECT_TRUE(barrier.complete(configurations, {{5}, {10}}));
  EXPECT_FALSE(barrier.complete(configurations, {{5}, {15}})) << "one of 2, 3, 4 only";
  barrier.answered({4}, {0});
  EXPECT_TRUE(barrier.complete(configurations, {{5}, {15}}));
}

}  // namespace
}  // namespace rabia::consensus
