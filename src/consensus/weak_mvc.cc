#include "consensus/weak_mvc.h"

#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "consensus/common_coin.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

namespace {

// The member itself; a repeat is put down for a member that there is not.
std::size_t counted_for(std::size_t member, MemberSet heard) {
  const bool again = mutated(Mutant::count_repeats) && heard.contains(member);
  return again ? members_max - heard.size() : member;
}

// Algorithm 2: f+1 equal votes decide.
std::size_t votes_to_decide(const Quorums& q) {
  const bool fewer = mutated(Mutant::decide_on_fewer_votes) && q.failures() > 0;
  return fewer ? q.failures() : q.one_correct();
}

}  // namespace

PhaseTally* WeakMvc::tally_for(Phase phase) {
  if (phase == first_phase) return &first_;
  if (phase > phases_max) return nullptr;
  if (later_.size() < phase - 1) later_.resize(phase - 1);
  return &later_[phase - 2];
}

bool WeakMvc::add_state(std::size_t member, Phase phase, Bit value) {
  if (mutated(Mutant::phases_mixed) && phase > first_phase) add_state(member, first_phase, value);
  PhaseTally* tally = tally_for(phase);
  if (tally == nullptr) return false;
  member = counted_for(member, tally->states());
  if (tally->states().contains(member)) return false;
  (value == Bit::one ? tally->states_one : tally->states_zero).insert(member);
  return true;
}

bool WeakMvc::add_vote(std::size_t member, Phase phase, Vote value) {
  if (mutated(Mutant::phases_mixed) && phase > first_phase) add_vote(member, first_phase, value);
  PhaseTally* tally = tally_for(phase);
  if (tally == nullptr) return false;
  member = counted_for(member, tally->votes());
  if (tally->votes().contains(member)) return false;
  switch (value) {
    case Vote::zero:
      tally->votes_zero.insert(member);
      break;
    case Vote::one:
      tally->votes_one.insert(member);
      break;
    case Vote::question:
      tally->votes_question.insert(member);
      break;
  }
  return true;
}

void WeakMvc::set_own_state(Phase phase, Bit value) {
  PhaseTally* tally = tally_for(phase);
  RABIA_CHECK(tally != nullptr && (!tally->own_state || mutated(Mutant::two_states)));
  tally->own_state = value;
}

void WeakMvc::set_own_vote(Phase phase, Vote value) {
  PhaseTally* tally = tally_for(phase);
  RABIA_CHECK(tally != nullptr && !tally->own_vote);
  tally->own_vote = value;
}

bool WeakMvc::hold(base::SharedBytes batch) {
  if (batch_) return false;
  batch_ = std::move(batch);
  return true;
}

bool WeakMvc::may_set_own_state(Phase phase) const {
  return phase > phases() ? phase <= phases_max : !tally(phase).own_state.has_value();
}

bool WeakMvc::may_set_own_vote(Phase phase) const {
  return phase > phases() ? phase <= phases_max : !tally(phase).own_vote.has_value();
}

// Section 11, row by row, in its order. A write row needs self: that this replica may take part.
Step WeakMvc::next(const StepContext& context) const {
  if (decision_) return Wait{};
  if (const Step step = next_in_first_phase(context); !std::holds_alternative<Wait>(step)) {
    return step;
  }
  for (Phase phase = 2; phase <= phases(); ++phase) {
    if (const Step step = next_in_later_phase(phase, context);
        !std::holds_alternative<Wait>(step)) {
      return step;
    }
  }
  return Wait{};
}

// Section 2.2.
Step WeakMvc::next_in_first_phase(const StepContext& context) const {
  const Quorums& q = context.quorums;
  // Input. (Paper, Algorithm 2, the exchange of proposals: one in hand is state 1.)
  const bool again = mutated(Mutant::two_states) && batch_ && first_.own_state == Bit::zero;
  if (context.self && (!first_.own_state || again)) {
    if (batch_ && !context.refused) return WriteState{first_phase, Bit::one};
    if (context.forfeited || context.refused) return WriteState{first_phase, Bit::zero};
  }
  const std::size_t ones = q.quorum() - (mutated(Mutant::decide_on_fewer_states) ? 1 : 0);
  if (first_.states_one.size() >= ones) return Decide{Bit::one};
  const bool f_plus_1 = mutated(Mutant::decide_0_on_f_plus_1_zeros);
  const std::size_t zeros = f_plus_1 ? q.one_correct() : q.zeros_to_decide();
  if (first_.states_zero.size() >= zeros) return Decide{Bit::zero};
  if (const Step vote = first_vote(context); !std::holds_alternative<Wait>(vote)) return vote;
  if (first_.votes_zero.size() >= votes_to_decide(q)) return Decide{Bit::zero};
  return second_state(context);
}

// Algorithm 2, from states to a vote, with 0 in place of a majority value: f+1 states 0 exclude Q
// states 1.
Step WeakMvc::first_vote(const StepContext& context) const {
  const Quorums& q = context.quorums;
  if (!context.self || first_.own_vote || !first_.states().contains(*context.self) ||
      first_.states().size() < q.quorum()) {
    return Wait{};
  }
  const std::size_t zeros = mutated(Mutant::vote_0_on_a_single_0) ? 1 : q.one_correct();
  if (first_.states_zero.size() >= zeros) return WriteVote{first_phase, Vote::zero};
  if (context.patience_over) return WriteVote{first_phase, Vote::question};
  return Wait{};
}

// Algorithm 2, from votes to the next state. All ? means that 1 may be decided already, so no coin
// is flipped: 1 as soon as the batch is here, or 0 once f+1 states 0 prove that it is not decided.
Step WeakMvc::second_state(const StepContext& context) const {
  const Quorums& q = context.quorums;
  constexpr Phase second = 2;
  if (!context.self || !may_set_own_state(second) || !first_.votes().contains(*context.self) ||
      first_.votes().size() < q.quorum()) {
    return Wait{};
  }
  if (!first_.votes_zero.empty()) return WriteState{second, Bit::zero};
  if (mutated(Mutant::coin_in_phase_1)) return WriteState{second, Bit::zero};
  if (batch_ || mutated(Mutant::state_1_without_the_batch)) return WriteState{second, Bit::one};
  const bool hasty = mutated(Mutant::zero_instead_of_fetching);
  if (first_.states_zero.size() >= q.one_correct() || hasty) return WriteState{second, Bit::zero};
  return Wait{};  // The batch is being fetched.
}

// Section 2.3; Algorithm 2, one turn of its loop.
Step WeakMvc::next_in_later_phase(Phase phase, const StepContext& context) const {
  const Quorums& q = context.quorums;
  const PhaseTally& now = tally(phase);
  const bool own_state_counted = context.self && now.states().contains(*context.self);
  if (own_state_counted && !now.own_vote && now.states().size() >= q.quorum()) {
    if (now.states_one.size() >= q.quorum()) return WriteVote{phase, Vote::one};
    if (now.states_zero.size() >= q.quorum()) return WriteVote{phase, Vote::zero};
    return WriteVote{phase, Vote::question};
  }
  if (now.votes_one.size() >= votes_to_decide(q)) return Decide{Bit::one};
  if (now.votes_zero.size() >= votes_to_decide(q)) return Decide{Bit::zero};
  const Phase after = phase + 1;
  if (!context.self || !may_set_own_state(after) || !now.votes().contains(*context.self) ||
      now.votes().size() < q.quorum()) {
    return Wait{};
  }
  const bool may_say_one = batch_ || mutated(Mutant::later_state_1_without_the_batch);
  const bool votes_count = !mutated(Mutant::coin_over_votes);
  if (!now.votes_one.empty() && votes_count) {
    if (may_say_one) return WriteState{after, Bit::one};
    if (mutated(Mutant::zero_over_a_vote_1)) return WriteState{after, Bit::zero};
    return Wait{};  // The batch is being fetched: Q members hold it.
  }
  if (!now.votes_zero.empty() && votes_count) return WriteState{after, Bit::zero};
  const bool heads = common_coin(context.coin_key, context.slot, phase) == Bit::one;
  return WriteState{after, heads && may_say_one ? Bit::one : Bit::zero};
}

bool WeakMvc::would_vote_question(const StepContext& context) const {
  if (decision_) return false;
  StepContext patient = context;
  patient.patience_over = true;
  const Step step = next(patient);
  const auto* vote = std::get_if<WriteVote>(&step);
  return vote != nullptr && vote->phase == first_phase && vote->value == Vote::question;
}

MemberSet WeakMvc::holders() const {
  MemberSet all = first_.states_one;
  for (const PhaseTally& tally : later_) all = all | tally.states_one;
  return all;
}

bool WeakMvc::batch_exists() const {
  if (batch_ || decision_ == Bit::one || !holders().empty() || !first_.votes_question.empty()) {
    return true;
  }
  return std::any_of(later_.begin(), later_.end(),
                     [](const PhaseTally& tally) { return !tally.votes_one.empty(); });
}

void WeakMvc::reset() {
  first_ = {};
  later_.clear();
  batch_ = {};
  batch_recorded_ = false;
  decision_.reset();
}

}  // namespace rabia::consensus
