#include "consensus/read_barrier.h"

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
  const ConfigurationHistory configurations{Configuration(members(GetParam()))};
  const std::size_t quorum = Quorums{GetParam()}.quorum();
  ReadBarrier barrier{Nonce{1, 2}};
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

}  // namespace
}  // namespace rabia::consensus
