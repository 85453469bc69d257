#include "consensus/window.h"

#include <gtest/gtest.h>

#include <string>

namespace rabia::consensus {
namespace {

constexpr base::Instant now{std::chrono::seconds(7)};

base::SharedBytes bytes(const char* text) {
  return base::SharedBytes(std::string(text));
}

class WindowOfFour : public testing::Test {
 protected:
  ConfigurationHistory configurations{founded_with({{2}, {5}})};
  Window window{configurations, 4};

  WeakMvc& slot(std::uint64_t round, std::uint16_t lane) {
    return window.find({{round}, {lane}})->agreement;
  }
  void decide_round(std::uint64_t round, Bit value = Bit::zero) {
    for (const std::uint16_t lane : std::initializer_list<std::uint16_t>{2, 5}) {
      if (value == Bit::one) slot(round, lane).hold(bytes("x"));
      slot(round, lane).decide(value);
    }
  }
  std::size_t take_all() {
    std::size_t taken = 0;
    while (take()) ++taken;
    return taken;
  }
  std::optional<Window::Executable> take() {
    const auto next = window.executable();
    if (next) window.executed(*next, now);
    return next;
  }
};

TEST_F(WindowOfFour, HasTheSlotsOfItsRoundsAndLanesOnly) {
  EXPECT_NE(window.find({{0}, {2}}), nullptr);
  EXPECT_NE(window.find({{3}, {5}}), nullptr);
  EXPECT_EQ(window.find({{4}, {2}}), nullptr) << "beyond the window";
  EXPECT_EQ(window.find({{0}, {3}}), nullptr) << "not a lane of this configuration";
}

// Given decided slots, when their round is not in use, then they are not executed.
TEST_F(WindowOfFour, RoundsNotInUseAreNotExecuted) {
  decide_round(0);
  EXPECT_EQ(take_all(), 0U);
  EXPECT_TRUE(window.raise_in_use_end({1}, now));
  EXPECT_EQ(take_all(), 2U);
  EXPECT_EQ(window.executed_end(), Round{1});
}

TEST_F(WindowOfFour, SlotsAreExecutedInLogOrder) {
  window.raise_in_use_end({2}, now);
  slot(0, 5).hold(bytes("b"));
  slot(0, 5).decide(Bit::one);
  slot(1, 2).decide(Bit::zero);
  EXPECT_FALSE(take()) << "slot (0, 2) comes first";
  slot(0, 2).hold(bytes("a"));
  slot(0, 2).decide(Bit::one);
  auto first = take();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->slot, (SlotId{{0}, {2}}));
  EXPECT_EQ(first->batch.view(), "a");
  EXPECT_EQ(window.executed_end(), Round{0}) << "the round is not done";
  auto second = take();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->slot, (SlotId{{0}, {5}}));
  EXPECT_EQ(window.executed_end(), Round{1});
}

TEST_F(WindowOfFour, DecidedOneWaitsForItsBatch) {
  window.raise_in_use_end({1}, now);
  slot(0, 2).decide(Bit::one);
  EXPECT_FALSE(take());
  slot(0, 2).hold(bytes("late"));
  EXPECT_TRUE(take());
}

TEST_F(WindowOfFour, ANewRoundTakesThePlaceOfAnExecutedOneAsNew) {
  window.raise_in_use_end({1}, now);
  decide_round(0, Bit::one);
  take_all();
  EXPECT_EQ(window.find({{0}, {2}}), nullptr);
  ASSERT_NE(window.find({{4}, {2}}), nullptr);
  EXPECT_FALSE(slot(4, 2).decision());
  EXPECT_FALSE(slot(4, 2).holds_batch());
}

// Given executed rounds, then their decisions are known for one window more, and no longer.
TEST_F(WindowOfFour, RemembersTheDecisionsOfOneWindow) {
  for (std::uint64_t round = 0; round < 6; ++round) {
    window.raise_in_use_end({round + 1}, now);
    decide_round(round, round % 2 == 0 ? Bit::one : Bit::zero);
    take_all();
  }
  EXPECT_EQ(window.executed_decision({{1}, {2}}), std::nullopt);
  EXPECT_EQ(window.executed_decision({{2}, {2}}), Bit::one);
  EXPECT_EQ(window.executed_decision({{5}, {5}}), Bit::zero);
  EXPECT_EQ(window.executed_decision({{6}, {2}}), std::nullopt) << "not executed yet";
  EXPECT_EQ(window.executed_decision({{5}, {3}}), std::nullopt) << "no such lane";
}

TEST_F(WindowOfFour, KnowsSinceWhenARoundIsInUse) {
  EXPECT_FALSE(window.in_use_since({0}));
  window.raise_in_use_end({2}, now);
  window.raise_in_use_end({3}, now + std::chrono::seconds(1));
  EXPECT_EQ(window.in_use_since({1}), now);
  EXPECT_EQ(window.in_use_since({2}), now + std::chrono::seconds(1));
  EXPECT_FALSE(window.in_use_since({3}));
  decide_round(0);
  take_all();
  EXPECT_EQ(window.in_use_since({0}), now) << "also when it is executed";
}

TEST_F(WindowOfFour, TopNeverFalls) {
  EXPECT_TRUE(window.raise_in_use_end({100}, now));
  EXPECT_FALSE(window.raise_in_use_end({50}, now));
  EXPECT_EQ(window.in_use_end(), Round{100});
  EXPECT_EQ(window.in_use().end, Round{4}) << "only the window matters here";
}

}  // namespace
}  // namespace rabia::consensus
