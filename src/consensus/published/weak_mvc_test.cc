// Alg. 2, step by step, at one member of three or five.
#include "consensus/published/weak_mvc.h"

#include <gtest/gtest.h>

#include "consensus/common_coin.h"

namespace rabia::consensus::published {
namespace {

constexpr Seq seq{7};
constexpr Incarnation key = 99;
constexpr RequestId a{10, {1}, 1};
constexpr RequestId b{11, {2}, 1};

WeakMvc slot_of(std::size_t members) {
  return WeakMvc({seq, Quorums{members}, 0, key});
}

// What it says next, as the kind that is expected.
template <typename Kind>
Kind expect_said(WeakMvc& slot) {
  const std::optional<Said> said = slot.next();
  EXPECT_TRUE(said && std::holds_alternative<Kind>(*said));
  return said && std::holds_alternative<Kind>(*said) ? std::get<Kind>(*said) : Kind{};
}

void expect_waits(WeakMvc& slot) {
  EXPECT_FALSE(slot.next());
}

State state(Phase phase, Bit value) {
  const bool names = phase == first_phase && value == Bit::one;
  return {seq, phase, value, names ? std::optional(a) : std::nullopt};
}
CastVote vote(Phase phase, Vote value) {
  return {seq, phase, value};
}

// A phase in which all votes are ?, and whose coin shows this.
Phase phase_with_coin(Bit value) {
  Phase phase = first_phase;
  while (common_coin(key, {seq, {0}}, phase) != value) ++phase;
  return phase;
}

// Three members. Goes with a state 0 through phases of votes ? up to the given one's end.
void flip_coins_through(WeakMvc& slot, Phase last) {
  slot.propose(a);
  slot.add(1, Proposal{seq, b});
  State own = expect_said<State>(slot);
  for (Phase phase = first_phase; phase <= last; ++phase) {
    EXPECT_EQ(own.phase, phase);
    slot.add(1, state(phase, own.value == Bit::one ? Bit::zero : Bit::one));
    EXPECT_EQ(expect_said<CastVote>(slot).value, Vote::question);
    slot.add(1, vote(phase, Vote::question));
    own = expect_said<State>(slot);
  }
}

// ---- exchange stage

// Given fewer than n − f proposals, its own among them, then it waits: Alg. 2, exchange stage.
TEST(PublishedExchange, WaitsForAllButFProposals) {
  WeakMvc slot = slot_of(5);
  slot.add(1, Proposal{seq, a});
  expect_waits(slot);
  slot.propose(a);
  expect_waits(slot);
  slot.add(1, Proposal{seq, a});  // A repeat counts once.
  expect_waits(slot);
  slot.add(2, Proposal{seq, a});
  EXPECT_EQ(expect_said<State>(slot).value, Bit::one);
}

// Given a majority for one request, then state 1, with its name: Alg. 2, exchange stage.
TEST(PublishedExchange, GivesState1ForAMajority) {
  WeakMvc slot = slot_of(3);
  slot.propose(a);
  slot.add(2, Proposal{seq, a});
  const State said = expect_said<State>(slot);
  EXPECT_EQ(said.value, Bit::one);
  EXPECT_EQ(said.request, a);
}

// Given proposals that differ, then state 0, also when a majority comes later.
TEST(PublishedExchange, GivesState0WithoutAMajority) {
  WeakMvc slot = slot_of(3);
  slot.propose(a);
  slot.add(1, Proposal{seq, b});
  EXPECT_EQ(expect_said<State>(slot).value, Bit::zero);
  slot.add(2, Proposal{seq, a});
  expect_waits(slot);
}

// Given as many equal proposals as n − f and not more than half of all, as of four members, then
// state 0: a majority is of all members, not of those that were heard.
TEST(PublishedExchange, CountsAMajorityOfAllMembers) {
  WeakMvc slot = slot_of(4);
  slot.propose(a);
  slot.add(1, Proposal{seq, a});
  slot.add(2, Proposal{seq, b});
  EXPECT_EQ(expect_said<State>(slot).value, Bit::zero);
}

// ---- first round of a phase

TEST(PublishedFirstRound, VotesForTheValueOfAMajorityOfStates) {
  for (const Bit value : {Bit::zero, Bit::one}) {
    WeakMvc slot = slot_of(3);
    slot.propose(a);
    slot.add(1, Proposal{seq, value == Bit::one ? a : b});
    EXPECT_EQ(expect_said<State>(slot).value, value);
    expect_waits(slot);
    slot.add(2, state(1, value));
    EXPECT_EQ(expect_said<CastVote>(slot).value, vote_for(value));
  }
}

TEST(PublishedFirstRound, VotesQuestionWithoutAMajority) {
  WeakMvc slot = slot_of(3);
  slot.propose(a);
  slot.add(1, Proposal{seq, b});
  EXPECT_EQ(expect_said<State>(slot).value, Bit::zero);
  slot.add(1, state(1, Bit::one));
  EXPECT_EQ(expect_said<CastVote>(slot).value, Vote::question);
}

// ---- second round of a phase

// Given f + 1 equal votes, then it decides, and FindReturnValue gives the request.
TEST(PublishedSecondRound, DecidesOnFPlus1EqualVotes) {
  WeakMvc slot = slot_of(5);
  slot.propose(a);
  for (const std::size_t member : {1U, 2U}) slot.add(member, Proposal{seq, a});
  expect_said<State>(slot);
  for (const std::size_t member : {1U, 2U}) slot.add(member, state(1, Bit::one));
  EXPECT_EQ(expect_said<CastVote>(slot).value, Vote::one);
  slot.add(1, vote(1, Vote::one));
  expect_waits(slot);
  EXPECT_FALSE(slot.decision()) << "n - f votes are needed first";
  slot.add(2, vote(1, Vote::one));
  expect_waits(slot);
  EXPECT_EQ(slot.decision(), Bit::one);
  EXPECT_EQ(slot.value(), a);
  EXPECT_EQ(slot.decided_in(), 1U);
}

// Given a single vote that is not ?, then it is the next state, whatever the coin shows.
TEST(PublishedSecondRound, TakesASingleVoteForItsNextState) {
  WeakMvc slot = slot_of(3);
  slot.propose(a);
  slot.add(1, Proposal{seq, b});
  expect_said<State>(slot);
  slot.add(1, state(1, Bit::one));
  EXPECT_EQ(expect_said<CastVote>(slot).value, Vote::question);
  slot.add(1, vote(1, Vote::one));
  const State next = expect_said<State>(slot);
  EXPECT_EQ(next.phase, 2U);
  EXPECT_EQ(next.value, Bit::one);
  EXPECT_EQ(slot.coins(), 0U);
}

// Given votes that are all ?, then the next state is the common coin of the phase.
TEST(PublishedSecondRound, FlipsTheCommonCoinWhenAllVotesAreQuestions) {
  for (const Bit shown : {Bit::zero, Bit::one}) {
    WeakMvc slot = slot_of(3);
    const Phase last = phase_with_coin(shown);
    flip_coins_through(slot, last);
    EXPECT_EQ(slot.phase(), last + 1);
    EXPECT_EQ(slot.coins(), last);
    const auto said = slot.said();
    EXPECT_EQ(std::get<State>(said.back()).value, shown);
  }
}

// ---- FindReturnValue

// Given a decision 0, then there is nothing to find: ⊥.
TEST(PublishedFindReturnValue, IsNothingForADecision0) {
  WeakMvc slot = slot_of(3);
  slot.propose(a);
  slot.add(1, Proposal{seq, b});
  expect_said<State>(slot);
  slot.add(1, state(1, Bit::zero));
  expect_said<CastVote>(slot);
  slot.add(1, vote(1, Vote::zero));
  expect_waits(slot);
  EXPECT_EQ(slot.decision(), Bit::zero);
}

// Given a member that saw no majority of proposals, when it decides 1, then it knows the request by
// a state 1 of the first phase; and without one, when the missing proposals come.
TEST(PublishedFindReturnValue, KnowsTheRequestByAStateOrByLateProposals) {
  WeakMvc slot = slot_of(3);
  slot.propose(b);
  slot.add(1, Proposal{seq, a});
  EXPECT_EQ(expect_said<State>(slot).value, Bit::zero);
  EXPECT_FALSE(slot.value());
  slot.add(2, Proposal{seq, a});
  EXPECT_EQ(slot.value(), a);

  WeakMvc other = slot_of(3);
  other.propose(b);
  other.add(1, state(1, Bit::one));
  EXPECT_EQ(other.value(), a);
}

// Given one who has returned, then its word is as good as votes.
TEST(PublishedFindReturnValue, BelievesWhoHasReturned) {
  WeakMvc slot = slot_of(3);
  EXPECT_TRUE(slot.add(2, Decided{seq, a}));
  EXPECT_EQ(slot.decision(), Bit::one);
  EXPECT_EQ(slot.value(), a);
  EXPECT_FALSE(slot.add(1, Decided{seq, a}));
  EXPECT_EQ(slot.decided_in(), 0U);
}

// Given a member that decided 1 and never heard of what, when one who has returned says so, then it
// knows. It once did not listen, since it had decided.
TEST(PublishedFindReturnValue, LearnsTheRequestAfterItsDecision) {
  WeakMvc slot = slot_of(3);
  slot.propose(b);
  slot.add(1, Proposal{seq, a});
  expect_said<State>(slot);
  slot.add(2, state(1, Bit::zero));
  EXPECT_EQ(expect_said<CastVote>(slot).value, Vote::zero);
  slot.add(2, vote(1, Vote::question));
  EXPECT_EQ(expect_said<State>(slot).phase, 2U);
  slot.add(2, state(2, Bit::one));
  expect_said<CastVote>(slot);
  slot.add(2, vote(2, Vote::one));
  expect_said<State>(slot);
  slot.add(2, state(3, Bit::one));
  expect_said<CastVote>(slot);
  slot.add(2, vote(3, Vote::one));
  expect_waits(slot);
  EXPECT_EQ(slot.decision(), Bit::one);
  EXPECT_FALSE(slot.value());
  EXPECT_TRUE(slot.add(1, Decided{seq, a}));
  EXPECT_EQ(slot.value(), a);
}

// ---- saying it again

TEST(PublishedSlot, SaysAgainWhatItHasSaidAndNothingElse) {
  WeakMvc slot = slot_of(3);
  EXPECT_TRUE(slot.said().empty());
  slot.propose(a);
  slot.add(1, Proposal{seq, a});
  slot.add(1, state(1, Bit::one));
  slot.add(1, vote(2, Vote::one));  // Of a phase to come.
  expect_said<State>(slot);
  expect_said<CastVote>(slot);
  const std::vector<Said> said = slot.said();
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(std::get<Proposal>(said[0]).id, a);
  EXPECT_EQ(std::get<State>(said[1]).request, a);
  EXPECT_EQ(std::get<CastVote>(said[2]).value, Vote::one);
}

// Given a phase that nobody comes to, then what is said of it takes no room.
TEST(PublishedSlot, CountsNoPhaseBeyondTheLast) {
  WeakMvc slot = slot_of(3);
  EXPECT_FALSE(slot.add(1, state(phases_max + 1, Bit::one)));
  EXPECT_FALSE(slot.add(1, vote(UINT32_MAX, Vote::one)));
  EXPECT_TRUE(slot.add(1, vote(phases_max, Vote::one)));
}

}  // namespace
}  // namespace rabia::consensus::published
