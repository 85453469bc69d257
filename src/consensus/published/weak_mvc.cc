#include "consensus/published/weak_mvc.h"

#include "base/check.h"
#include "base/mutant.h"
#include "consensus/common_coin.h"

namespace rabia::consensus::published {

using base::Mutant;
using base::mutated;

// ---- received

WeakMvc::PhaseTally& WeakMvc::tally(Phase phase) {
  if (phases_.size() < phase) phases_.resize(phase);
  return phases_[phase - 1];
}

bool WeakMvc::add(std::size_t member, const Proposal& said) {
  return proposals_.try_emplace(member, said.id).second;
}

bool WeakMvc::add(std::size_t member, const State& said) {
  if (said.phase > phases_max) return false;
  PhaseTally& now = tally(said.phase);
  if ((now.states_zero | now.states_one).contains(member)) return false;
  (said.value == Bit::one ? now.states_one : now.states_zero).insert(member);
  if (said.request) named_ = said.request;
  return true;
}

bool WeakMvc::add(std::size_t member, const CastVote& said) {
  if (said.phase > phases_max) return false;
  PhaseTally& now = tally(said.phase);
  if (now.votes().contains(member)) return false;
  switch (said.value) {
    case Vote::zero:
      now.votes_zero.insert(member);
      break;
    case Vote::one:
      now.votes_one.insert(member);
      break;
    case Vote::question:
      now.votes_question.insert(member);
      break;
  }
  return true;
}

bool WeakMvc::add(std::size_t /*member*/, const Decided& said) {
  const bool names = said.request && !named_;  // News also for who decided 1 and lacks the value.
  if (names) named_ = said.request;
  if (decision_) return names;
  decision_ = said.request ? Bit::one : Bit::zero;
  return true;
}

// ---- done

Proposal WeakMvc::propose(const RequestId& id) {
  RABIA_CHECK(!proposed());
  proposals_.emplace(place_.self, id);
  return {place_.seq, id};
}

std::optional<Said> WeakMvc::next() {
  if (decision_ || !proposed()) return std::nullopt;
  if (phase_ == 0) return end_exchange();
  if (!tally(phase_).own_vote) return end_first_round();
  return end_second_round();
}

// Alg. 2, exchange stage: with n − f proposals the state is 1 if a majority of all proposes one
// request, else 0.
std::optional<Said> WeakMvc::end_exchange() {
  if (proposals_.size() < place_.quorums.quorum()) return std::nullopt;
  std::optional<RequestId> proposed = majority();
  if (mutated(Mutant::published_any_proposal) && !proposed) proposed = proposals_.begin()->second;
  if (proposed) named_ = proposed;
  phase_ = first_phase;
  return say_state(proposed ? Bit::one : Bit::zero);
}

// Alg. 2, first round: with n − f states of the phase the vote is the value of a majority, or ?.
std::optional<Said> WeakMvc::end_first_round() {
  PhaseTally& now = tally(phase_);
  if (now.states() < place_.quorums.quorum()) return std::nullopt;
  const std::size_t majority = place_.quorums.members / 2 + 1;
  Vote vote = Vote::question;
  if (now.states_one.size() >= majority) vote = Vote::one;
  if (now.states_zero.size() >= majority) vote = Vote::zero;
  now.own_vote = vote;
  const CastVote said{place_.seq, phase_, vote};
  add(place_.self, said);
  return said;
}

// Alg. 2, second round: with n − f votes of the phase, f + 1 that are equal and not ? decide; a
// single one is the next state; without any the coin is.
std::optional<Said> WeakMvc::end_second_round() {
  const PhaseTally now = tally(phase_);
  if (now.votes().size() < place_.quorums.quorum()) return std::nullopt;
  if (now.votes_one.size() >= votes_to_decide()) decision_ = Bit::one;
  if (now.votes_zero.size() >= votes_to_decide()) decision_ = Bit::zero;
  if (decision_) {
    decided_in_ = phase_;
    return std::nullopt;
  }
  if (phase_ == phases_max) return std::nullopt;
  Bit state = Bit::zero;
  if (!now.votes_one.empty()) {
    state = Bit::one;
  } else if (now.votes_zero.empty()) {
    state = coin(phase_);
    ++coins_;
  }
  ++phase_;
  return say_state(state);
}

Said WeakMvc::say_state(Bit value) {
  tally(phase_).own_state = value;
  const bool names = phase_ == first_phase && value == Bit::one;
  const State said{place_.seq, phase_, value, names ? named_ : std::nullopt};
  add(place_.self, said);
  return said;
}

std::size_t WeakMvc::votes_to_decide() const {
  const bool fewer = mutated(Mutant::published_f_votes_decide) && place_.quorums.failures() > 0;
  return fewer ? place_.quorums.failures() : place_.quorums.one_correct();
}

// Section 4 of the paper: the same at all members, from what they have in common.
Bit WeakMvc::coin(Phase phase) const {
  const Lane where{mutated(Mutant::published_own_coin) ? static_cast<std::uint16_t>(place_.self)
                                                       : std::uint16_t{0}};
  return common_coin(place_.coin_key, {place_.seq, where}, phase);
}

std::optional<RequestId> WeakMvc::majority() const {
  std::map<RequestId, std::size_t> counts;
  for (const auto& [member, id] : proposals_) {
    if (++counts[id] > place_.quorums.members / 2) return id;
  }
  return std::nullopt;
}

std::optional<RequestId> WeakMvc::value() const {
  return named_ ? named_ : majority();
}

MemberSet WeakMvc::beyond(Phase phase) const {
  MemberSet all;
  for (std::size_t i = phase; i < phases_.size(); ++i) {
    const PhaseTally& now = phases_[i];
    all = all | now.states_zero | now.states_one | now.votes();
  }
  return all;
}

std::vector<Said> WeakMvc::said() const {
  std::vector<Said> all;
  const auto own = proposals_.find(place_.self);
  if (own == proposals_.end()) return all;
  all.emplace_back(Proposal{place_.seq, own->second});
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const Phase phase = static_cast<Phase>(i + 1);
    const PhaseTally& now = phases_[i];
    if (now.own_state) {
      const bool names = phase == first_phase && now.own_state == Bit::one;
      all.emplace_back(State{place_.seq, phase, *now.own_state, names ? named_ : std::nullopt});
    }
    if (now.own_vote) all.emplace_back(CastVote{place_.seq, phase, *now.own_vote});
  }
  return all;
}

}  // namespace rabia::consensus::published
