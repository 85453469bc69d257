#include "sim/explore/slot_rules.h"

#include <gtest/gtest.h>

namespace rabia::sim::explore {
namespace {

using consensus::Phase;

// A member that recorded this and said it.
void says(MemberFacts& facts, Phase phase, SayingBit what) {
  facts.durable.add(phase, what);
  facts.said.add(phase, what);
}

MemberFacts with_state_one() {
  MemberFacts facts;
  facts.batch_durable = true;
  facts.reserved = true;
  says(facts, 1, said_state_one);
  return facts;
}

// Three members of whom two have said state 1: the slot is decided 1.
SlotView decided() {
  return {{with_state_one(), with_state_one(), MemberFacts{}}, batch_created | decided_one, 3};
}

std::string broken_in(const SlotView& view) {
  const std::string broken = broken_rule(view).value_or("none:");
  return broken.substr(0, broken.find(':'));
}

// Given what the protocol allows, then no rule is broken: or the tests below would say nothing.
TEST(SlotRules, ADecisionByAQuorumIsSound) {
  EXPECT_EQ(broken_rule(decided()), std::nullopt);
}

// Given a wrong decision beside the right one, then 1 is broken.
TEST(SlotRules, TwoDecisionsBreakRule1) {
  SlotView view = decided();
  view.flags |= decided_zero;
  EXPECT_EQ(broken_in(view), "1");
}

TEST(SlotRules, TwoStatesOrVotesOfOneMemberBreakRule2) {
  SlotView states = decided();
  says(states.members[0], 1, said_state_zero);
  EXPECT_EQ(broken_in(states), "2");
  SlotView votes = decided();
  says(votes.members[2], 3, said_vote_one);
  says(votes.members[2], 3, said_vote_question);
  EXPECT_EQ(broken_in(votes), "2");
}

// Given a state that was said and is on no disk, or one on disk that differs, then 2 is broken.
TEST(SlotRules, SayingWhatIsNotDurableBreaksRule2) {
  SlotView unsaved = decided();
  unsaved.members[2].said.add(1, said_state_zero);
  EXPECT_EQ(broken_in(unsaved), "2");
  unsaved.members[2].durable.add(1, said_state_one);
  EXPECT_EQ(broken_in(unsaved), "2");
}

TEST(SlotRules, WhatTheOwnerDidBreaksRule3) {
  SlotView again = decided();
  again.flags |= batch_created_again;
  EXPECT_EQ(broken_in(again), "3");
  SlotView skipped = decided();
  skipped.flags |= slot_skipped;
  EXPECT_EQ(broken_in(skipped), "3");
  SlotView nothing = decided();
  nothing.flags = decided_one;
  EXPECT_EQ(broken_in(nothing), "3");
}

// Given a decision 1 that a quorum does not hold, or of which it lacks the batch, then 4 is broken.
TEST(SlotRules, ADecision1WithoutAQuorumThatHoldsItBreaksRule4) {
  SlotView alone = decided();
  alone.members[1] = {};
  EXPECT_EQ(broken_in(alone), "4");
  SlotView without_batch = decided();
  without_batch.members[1].batch_durable = false;
  EXPECT_EQ(broken_in(without_batch), "4");
}

TEST(SlotRules, AState1WithoutTheBatchBreaksRule5) {
  SlotView view = decided();
  view.members[2].unbacked = true;
  EXPECT_EQ(broken_in(view), "5");
}

TEST(SlotRules, VotesThatExcludeEachOtherBreakRule6) {
  SlotView zero = decided();
  says(zero.members[2], 1, said_vote_zero);
  EXPECT_EQ(broken_in(zero), "6");
  SlotView one = decided();
  says(one.members[2], 1, said_vote_one);
  EXPECT_EQ(broken_in(one), "6");
  SlotView later = decided();
  says(later.members[0], 3, said_vote_one);
  EXPECT_EQ(broken_rule(later), std::nullopt);
  says(later.members[1], 3, said_vote_zero);
  EXPECT_EQ(broken_in(later), "6");
}

TEST(SlotRules, ABatchWithoutAReservationBreaksRule7) {
  SlotView view = decided();
  view.members[0].reserved = false;
  EXPECT_EQ(broken_in(view), "7");
}

}  // namespace
}  // namespace rabia::sim::explore
