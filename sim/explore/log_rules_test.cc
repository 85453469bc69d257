#include "sim/explore/log_rules.h"

#include <gtest/gtest.h>

namespace rabia::sim::explore {
namespace {

using consensus::Round;

constexpr SlotMask first_slot = 1;
constexpr SlotMask second_slot = 2;

struct View {
  LogHistory history;
  std::array<LogMembers::Facts, log_members> members;
  [[nodiscard]] std::string broken() const {
    const std::string broken = broken_rule(history, members).value_or("none:");
    return broken.substr(0, broken.find(':'));
  }
};

// Slot (0, 1) was decided 1, executed and acknowledged by its owner, and member 2 has it as well.
View acknowledged() {
  View view;
  view.history.created = view.history.decided_one = view.history.acknowledged = first_slot;
  view.members[0].executed = first_slot;
  view.members[0].position = 1;
  view.members[0].frontier_end = view.members[1].frontier_end = Round{1};
  return view;
}

// Given what the protocol allows, then no rule is broken: or the tests below would say nothing.
TEST(LogRules, AnAcknowledgedWriteIsSound) {
  EXPECT_EQ(acknowledged().broken(), "none");
}

TEST(LogRules, TwoDecisionsBreakRule1) {
  View view = acknowledged();
  view.history.decided_zero = first_slot;
  EXPECT_EQ(view.broken(), "1");
}

// Given a member that passed a slot without a decision, or without executing it, or executed what
// was decided 0, then its log is no prefix of the others'.
TEST(LogRules, ALogThatIsNoPrefixBreaksRule1) {
  View undecided = acknowledged();
  undecided.members[1].position = 2;
  undecided.members[1].executed = first_slot;
  EXPECT_EQ(undecided.broken(), "1");
  View left_out = acknowledged();
  left_out.members[1].position = 1;
  EXPECT_EQ(left_out.broken(), "1");
  View void_slot = acknowledged();
  void_slot.history.decided_zero = second_slot;
  void_slot.members[0].position = 2;
  EXPECT_EQ(void_slot.broken(), "none");
  void_slot.members[0].executed = first_slot | second_slot;
  EXPECT_EQ(void_slot.broken(), "1");
}

TEST(LogRules, WhatAnOwnerDidBreaksRule3) {
  View again = acknowledged();
  again.history.created_again = true;
  EXPECT_EQ(again.broken(), "3");
  View skipped = acknowledged();
  skipped.history.skipped = first_slot;
  EXPECT_EQ(skipped.broken(), "3");
  View nothing = acknowledged();
  nothing.history.created = 0;
  EXPECT_EQ(nothing.broken(), "3");
}

// Given a quorum that would answer a barrier as if nothing had been written, then 9 is broken.
TEST(LogRules, FrontiersBelowAnAcknowledgedWriteBreakRule9) {
  View forgotten = acknowledged();
  forgotten.members[1].frontier_end = Round{0};
  EXPECT_EQ(forgotten.broken(), "9");
  View low = acknowledged();
  low.history.low_answer = true;
  EXPECT_EQ(low.broken(), "9");
}

TEST(LogRules, AStaleReadBreaksRule10) {
  View view = acknowledged();
  view.history.stale_read = true;
  EXPECT_EQ(view.broken(), "10");
}

}  // namespace
}  // namespace rabia::sim::explore
