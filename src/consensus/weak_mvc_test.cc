#include "consensus/weak_mvc.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "consensus/common_coin.h"

namespace rabia::consensus {
namespace {

// Index of the replica under test; the others are 1, 2, ….
constexpr std::size_t self = 0;

const base::SharedBytes a_batch(std::string("batch"));

StepContext context_of(std::size_t members) {
  StepContext context;
  context.quorums = {members};
  context.self = self;
  context.slot = {{7}, {1}};
  return context;
}

// Members [first, first + count) say it.
void states(WeakMvc& slot, std::size_t first, std::size_t count, Bit value, Phase phase = 1) {
  for (std::size_t i = 0; i < count; ++i) slot.add_state(first + i, phase, value);
}
void votes(WeakMvc& slot, std::size_t first, std::size_t count, Vote value, Phase phase = 1) {
  for (std::size_t i = 0; i < count; ++i) slot.add_vote(first + i, phase, value);
}

// This replica's own values, durable.
void own_state(WeakMvc& slot, Bit value, Phase phase = 1) {
  slot.set_own_state(phase, value);
  slot.add_state(self, phase, value);
}
void own_vote(WeakMvc& slot, Vote value, Phase phase = 1) {
  slot.set_own_vote(phase, value);
  slot.add_vote(self, phase, value);
}

std::string text(const Step& step) {
  if (const auto* decide = std::get_if<Decide>(&step)) {
    return "decide " + std::to_string(static_cast<int>(decide->value));
  }
  if (const auto* state = std::get_if<WriteState>(&step)) {
    return "state_" + std::to_string(state->phase) + " = " +
           std::to_string(static_cast<int>(state->value));
  }
  if (const auto* vote = std::get_if<WriteVote>(&step)) {
    return "vote_" + std::to_string(vote->phase) + " = " +
           std::string(1, "01?"[static_cast<int>(vote->value)]);
  }
  return "wait";
}

// The rows of protocol.md, section 11, in its order, for clusters of 1 to 7 members.
class SlotTable : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t n = GetParam();
  const Quorums q{n};
  const std::size_t f = (n - 1) / 2;
  StepContext context = context_of(n);
  WeakMvc slot;
  std::string next() { return text(slot.next(context)); }
};

INSTANTIATE_TEST_SUITE_P(Members, SlotTable, testing::Range<std::size_t>(1, 8));

// Given the paper's and section 1's definitions, then the quorums are these.
TEST_P(SlotTable, QuorumsIntersect) {
  EXPECT_EQ(q.failures(), f);
  EXPECT_EQ(q.quorum(), n - f);
  EXPECT_GT(2 * q.quorum(), n);                // Two quorums.
  EXPECT_GT(q.quorum() + q.one_correct(), n);  // A quorum and f + 1.
}

// Given nothing, then nothing is done.
TEST_P(SlotTable, NothingKnownIsNothingDone) {
  EXPECT_EQ(next(), "wait");
}

// Given a decision, when anything at all is known, then nothing more is set.
TEST_P(SlotTable, DecidedSetsNothingMore) {
  slot.hold(a_batch);
  context.forfeited = true;
  states(slot, 0, n, Bit::one);
  slot.decide(Bit::one);
  EXPECT_EQ(next(), "wait");
}

TEST_P(SlotTable, BatchHeldAndStateUnsetWritesState1) {
  slot.hold(a_batch);
  EXPECT_EQ(next(), "state_1 = 1");
  slot.set_own_state(1, Bit::one);  // Set once: not again while it is on its way to the disk.
  EXPECT_EQ(next(), "wait");
}

TEST_P(SlotTable, ForfeitWithoutBatchWritesState0) {
  context.forfeited = true;
  EXPECT_EQ(next(), "state_1 = 0");
  slot.set_own_state(1, Bit::zero);
  EXPECT_EQ(next(), "wait");
}

TEST_P(SlotTable, ForfeitWithBatchWritesState1) {
  context.forfeited = true;
  slot.hold(a_batch);
  EXPECT_EQ(next(), "state_1 = 1");
}

// Given input 0, when the batch comes late, then it is kept and the state stays.
TEST_P(SlotTable, LateBatchDoesNotChangeState1) {
  own_state(slot, Bit::zero);
  slot.hold(a_batch);
  EXPECT_TRUE(slot.holds_batch());
  EXPECT_EQ(next(), n == 1 ? "decide 0" : "wait");
}

TEST_P(SlotTable, QuorumOfStates1Decides1) {
  states(slot, n - q.quorum(), q.quorum() - 1, Bit::one);
  EXPECT_EQ(next(), "wait");
  slot.add_state(n - 1, 1, Bit::one);
  EXPECT_EQ(next(), "decide 1");
}

TEST_P(SlotTable, EnoughStates0Decide0) {
  const std::size_t enough = std::max(q.quorum(), 2 * f + 1);
  slot.set_own_vote(1, Vote::zero);  // Under way to the disk: the vote's row does not come first.
  slot.set_own_state(1, Bit::zero);
  states(slot, 0, enough - 1, Bit::zero);
  EXPECT_NE(next(), "decide 0") << "one too few";
  slot.add_state(enough - 1, 1, Bit::zero);
  EXPECT_EQ(next(), "decide 0");
}

// Given a quorum of states with the own one, when f + 1 of them are 0, then the vote is 0, at once.
TEST_P(SlotTable, QuorumOfStatesWithFPlus1ZerosVotes0) {
  if (f + 1 >= std::max(q.quorum(), 2 * f + 1)) return;  // they decide already.
  own_state(slot, Bit::zero);
  states(slot, 1, f, Bit::zero);
  states(slot, 1 + f, q.quorum() - f - 1, Bit::one);
  EXPECT_EQ(next(), "vote_1 = 0");
}

TEST_P(SlotTable, QuorumOfStatesWithFZerosVotesQuestionOnceOutOfPatience) {
  if (f == 0) return;  // f zeros are none: a quorum of ones decides.
  own_state(slot, Bit::zero);
  states(slot, 1, f - 1, Bit::zero);
  states(slot, f, q.quorum() - f, Bit::one);
  EXPECT_EQ(next(), "wait");
  EXPECT_TRUE(slot.would_vote_question(context));
  context.patience_over = true;
  EXPECT_EQ(next(), "vote_1 = ?");
}

// Given the states of a quorum of others, when the own one is not durable, then there is no vote.
TEST_P(SlotTable, NoVoteWithoutTheOwnState) {
  if (n < 3) return;  // no quorum without this replica.
  context.patience_over = true;
  slot.set_own_state(1, Bit::one);
  states(slot, 1, n - q.quorum(), Bit::zero);
  states(slot, 1 + n - q.quorum(), n - 1 - (n - q.quorum()), Bit::one);
  if (slot.tally(1).states_one.size() >= q.quorum()) return;  // they decide already.
  EXPECT_EQ(next(), "wait");
}

TEST_P(SlotTable, FPlus1Votes0Decide0) {
  votes(slot, 0, f, Vote::zero);
  EXPECT_EQ(next(), "wait");
  slot.add_vote(f, 1, Vote::zero);
  EXPECT_EQ(next(), "decide 0");
}

TEST_P(SlotTable, QuorumOfVotesWithA0GivesState2Zero) {
  if (f == 0) return;  // one vote 0 decides.
  own_state(slot, Bit::one);
  slot.hold(a_batch);
  own_vote(slot, Vote::question);
  slot.add_vote(1, 1, Vote::zero);
  votes(slot, 2, q.quorum() - 2, Vote::question);
  EXPECT_EQ(next(), "state_2 = 0");
}

TEST_P(SlotTable, QuorumOfVotesAllQuestionWithTheBatchGivesState2One) {
  own_state(slot, Bit::zero);
  if (n == 1) return;  // one state decides.
  slot.hold(a_batch);
  own_vote(slot, Vote::question);
  votes(slot, 1, q.quorum() - 1, Vote::question);
  EXPECT_EQ(next(), "state_2 = 1");
}

// Given all votes ? and no batch, then it is fetched; f + 1 zeros prove that 1 is not decided.
TEST_P(SlotTable, QuorumOfVotesAllQuestionWithoutTheBatchWaitsForItOrForFPlus1Zeros) {
  if (f == 0) return;  // one state 0 is f + 1.
  own_state(slot, Bit::zero);
  own_vote(slot, Vote::question);
  votes(slot, 1, q.quorum() - 1, Vote::question);
  states(slot, 1, f - 1, Bit::zero);
  EXPECT_EQ(next(), "wait");
  EXPECT_TRUE(slot.batch_exists()) << "it must be known that there is something to fetch";
  slot.add_state(f, 1, Bit::zero);
  EXPECT_EQ(next(), "state_2 = 0");
}

TEST_P(SlotTable, NoState2WithoutTheOwnVote) {
  if (n < 3) return;  // no quorum without this replica.
  own_state(slot, Bit::one);
  slot.hold(a_batch);
  slot.set_own_vote(1, Vote::question);
  votes(slot, 1, q.quorum(), Vote::question);
  EXPECT_EQ(next(), "wait");
}

TEST_P(SlotTable, LaterPhaseVotesForTheValueOfAQuorumElseQuestion) {
  for (const Bit value : {Bit::zero, Bit::one}) {
    WeakMvc same;
    own_state(same, value, 2);
    states(same, 1, q.quorum() - 1, value, 2);
    same.set_own_state(1, Bit::zero);
    EXPECT_EQ(text(same.next(context)), value == Bit::one ? "vote_2 = 1" : "vote_2 = 0");
  }
  if (n == 1) return;
  own_state(slot, Bit::zero, 2);
  slot.set_own_state(1, Bit::zero);
  states(slot, 1, q.quorum() - 1, Bit::one, 2);
  EXPECT_EQ(next(), "vote_2 = ?");
}

TEST_P(SlotTable, LaterPhaseFPlus1EqualVotesDecide) {
  for (const Bit value : {Bit::zero, Bit::one}) {
    WeakMvc votes_only;
    votes(votes_only, 0, f, vote_for(value), 2);
    EXPECT_EQ(text(votes_only.next(context)), "wait");
    votes_only.add_vote(f, 2, vote_for(value));
    EXPECT_EQ(text(votes_only.next(context)), value == Bit::one ? "decide 1" : "decide 0");
  }
}

TEST_P(SlotTable, LaterPhaseAValueAmongTheVotesIsTheNextState) {
  if (f == 0) return;  // one vote decides.
  slot.set_own_state(1, Bit::zero);
  slot.set_own_state(2, Bit::zero);
  own_vote(slot, Vote::question, 2);
  votes(slot, 1, q.quorum() - 2, Vote::question, 2);
  slot.add_vote(q.quorum() - 1, 2, Vote::one);
  EXPECT_EQ(next(), "wait") << "value 1 needs the batch first";
  EXPECT_TRUE(slot.batch_exists());
  slot.hold(a_batch);
  EXPECT_EQ(next(), "state_3 = 1");

  WeakMvc zero;
  zero.set_own_state(1, Bit::zero);
  zero.set_own_state(2, Bit::zero);
  own_vote(zero, Vote::zero, 2);
  votes(zero, 1, q.quorum() - 1, Vote::question, 2);
  EXPECT_EQ(text(zero.next(context)), "state_3 = 0");
}

// Given all votes ? in phase 2, then the coin says what is next; 1 only with the batch.
TEST_P(SlotTable, LaterPhaseAllQuestionFlipsTheCoin) {
  bool seen[2] = {};
  for (std::uint64_t round = 0; round < 64; ++round) {
    context.slot.round = {round};
    const bool heads = common_coin(context.coin_key, context.slot, 2) == Bit::one;
    for (const bool holds : {false, true}) {
      WeakMvc coin;
      coin.set_own_state(1, Bit::zero);
      coin.set_own_state(2, Bit::zero);
      if (holds) coin.hold(a_batch);
      own_vote(coin, Vote::question, 2);
      votes(coin, 1, q.quorum() - 1, Vote::question, 2);
      EXPECT_EQ(text(coin.next(context)), heads && holds ? "state_3 = 1" : "state_3 = 0");
    }
    seen[heads ? 1 : 0] = true;
  }
  EXPECT_TRUE(seen[0] && seen[1]) << "the coin has two sides";
}

// Given a replica that may not take part in the round, then it decides and writes nothing.
TEST_P(SlotTable, WhoMayNotTakePartOnlyLearns) {
  context.self.reset();
  context.forfeited = context.patience_over = true;
  slot.hold(a_batch);
  states(slot, 0, q.quorum() - 1, Bit::one);
  EXPECT_EQ(next(), "wait");
  slot.add_state(q.quorum() - 1, 1, Bit::one);
  EXPECT_EQ(next(), "decide 1");
}

// Given a record of one sender and phase, when it is repeated or contradicted, then the first
// counts.
TEST_P(SlotTable, RepeatsChangeNothing) {
  EXPECT_TRUE(slot.add_state(0, 1, Bit::one));
  EXPECT_FALSE(slot.add_state(0, 1, Bit::one));
  EXPECT_FALSE(slot.add_state(0, 1, Bit::zero));
  EXPECT_TRUE(slot.add_vote(0, 2, Vote::one));
  EXPECT_FALSE(slot.add_vote(0, 2, Vote::question));
  EXPECT_EQ(slot.tally(1).states().size(), 1U);
  EXPECT_EQ(slot.tally(2).votes().size(), 1U);
  EXPECT_TRUE(slot.hold(a_batch));
  EXPECT_FALSE(slot.hold(a_batch));
}

// Given a message of a phase that nobody reaches, then no memory is taken for it.
TEST(WeakMvc, PhasesAreBounded) {
  WeakMvc slot;
  EXPECT_TRUE(slot.add_state(0, phases_max, Bit::one));
  EXPECT_FALSE(slot.add_state(0, phases_max + 1, Bit::one));
  EXPECT_FALSE(slot.add_vote(0, 0xffff'ffff, Vote::one));
  EXPECT_EQ(slot.phases(), phases_max);
  EXPECT_FALSE(slot.may_set_own_state(phases_max + 1));
}

TEST(WeakMvc, ResetIsAsNew) {
  WeakMvc slot;
  slot.hold(a_batch);
  slot.set_batch_recorded();
  own_state(slot, Bit::one);
  slot.add_vote(1, 3, Vote::one);
  slot.decide(Bit::one);
  slot.reset();
  EXPECT_FALSE(slot.holds_batch() || slot.batch_recorded() || slot.decision());
  EXPECT_TRUE(slot.own_state_unset());
  EXPECT_EQ(slot.phases(), 1U);
  EXPECT_TRUE(slot.tally(1).states().empty());
}

// ---- agreement, exhaustively

// What one member has said (255: nothing) and whether the batch reached it.
struct Member {
  std::array<std::uint8_t, 2> state{255, 255};
  std::array<std::uint8_t, 2> vote{255, 255};
  bool batch = false;
  friend auto operator<=>(const Member&, const Member&) = default;
};

struct Joint {
  std::vector<Member> members;
  bool decided[2] = {};
  friend auto operator<=>(const Joint&, const Joint&) = default;
};

// Every state of one slot that `members` can reach in two phases when each may have heard any part
// of what was said whenever it does something; forfeits and patience come at any time.
class Explorer {
 public:
  explicit Explorer(std::size_t members) : context_(context_of(members)) {
    Joint start;
    start.members.resize(members);
    visit(start);
    while (!open_.empty()) {
      const Joint joint = open_.back();
      open_.pop_back();
      for (std::size_t who = 0; who < members; ++who) expand(joint, who);
    }
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }
  [[nodiscard]] bool reached_both() const { return decided_[0] && decided_[1]; }
  [[nodiscard]] bool disagreed() const { return disagreed_; }

 private:
  void visit(const Joint& joint) {
    if (seen_.insert(joint).second) open_.push_back(joint);
  }

  void expand(const Joint& joint, std::size_t who) {
    if (!joint.members[who].batch) {
      Joint next = joint;
      next.members[who].batch = true;
      visit(next);
    }
    hear(joint, who, 0, WeakMvc());
  }

  // Tries every part of what the members from `other` on have said.
  void hear(const Joint& joint, std::size_t who, std::size_t other, const WeakMvc& heard) {
    if (other == joint.members.size()) return act(joint, who, heard);
    const Member& member = joint.members[other];
    const unsigned all = other == who ? 0xf : 0;  // A member knows what it said itself.
    for (unsigned part = all; part <= 0xf; ++part) {
      WeakMvc slot = heard;
      bool said = true;
      for (Phase phase = 1; phase <= 2; ++phase) {
        const std::uint8_t state = member.state[phase - 1];
        const std::uint8_t vote = member.vote[phase - 1];
        if ((part >> (phase - 1) & 1) != 0) {
          if (state != 255) {
            slot.add_state(other, phase, static_cast<Bit>(state));
            if (other == who) slot.set_own_state(phase, static_cast<Bit>(state));
          } else {
            said = said && other == who;
          }
        }
        if ((part >> (phase + 1) & 1) != 0) {
          if (vote != 255) {
            slot.add_vote(other, phase, static_cast<Vote>(vote));
            if (other == who) slot.set_own_vote(phase, static_cast<Vote>(vote));
          } else {
            said = said && other == who;
          }
        }
      }
      if (said) hear(joint, who, other + 1, slot);
    }
  }

  void act(const Joint& joint, std::size_t who, WeakMvc slot) {
    StepContext context = context_;
    context.self = who;
    context.forfeited = context.patience_over = true;
    if (joint.members[who].batch) slot.hold(a_batch);
    Joint next = joint;
    Member& member = next.members[who];
    const Step step = slot.next(context);
    if (const auto* decide = std::get_if<Decide>(&step)) {
      next.decided[static_cast<int>(decide->value)] = true;
      decided_[static_cast<int>(decide->value)] = true;
      disagreed_ = disagreed_ || (next.decided[0] && next.decided[1]);
    } else if (const auto* state = std::get_if<WriteState>(&step)) {
      if (state->phase > 2) return;
      member.state[state->phase - 1] = static_cast<std::uint8_t>(state->value);
    } else if (const auto* vote = std::get_if<WriteVote>(&step)) {
      member.vote[vote->phase - 1] = static_cast<std::uint8_t>(vote->value);
    }
    visit(next);
  }

  StepContext context_;
  std::set<Joint> seen_;
  std::vector<Joint> open_;
  bool decided_[2] = {};
  bool disagreed_ = false;
};

// Given one slot, when members hear any of what was said, in any order, and forget what they heard
// (as a crash makes them), and give up at any time, then no two decisions differ.
// Source: protocol.md, section 2.4.
TEST(WeakMvc, NoOrderOfDeliveryMakesTwoMembersDisagree) {
  for (const std::size_t members : {1U, 2U, 3U}) {
    const Explorer explorer(members);
    EXPECT_FALSE(explorer.disagreed()) << members << " members";
    EXPECT_TRUE(explorer.reached_both()) << members << " members, " << explorer.states();
  }
}

}  // namespace
}  // namespace rabia::consensus
