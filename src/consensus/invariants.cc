#include "consensus/invariants.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace rabia::consensus {

namespace {

constexpr std::size_t violations_max = 8;

std::string text_of(SlotId id) {
  return "slot (" + std::to_string(id.round.value) + ", " + std::to_string(id.lane.value) + ")";
}

}  // namespace

Invariants::Invariants(const Configuration& founders, Mode mode, std::uint64_t window_rounds)
    : configurations_(founded_with(founders.members())),
      mode_(mode),
      window_rounds_(window_rounds) {}

// A place in sets of members, whatever the configuration.
std::size_t Invariants::index_of(ReplicaId member) {
  RABIA_CHECK(member.value > 0 && member.value <= members_max);
  return member.value - 1U;
}

void Invariants::broken(const std::string& rule, SlotId id, const std::string& how) {
  if (violations_.size() == violations_max) return;
  violations_.push_back("section 13, " + rule + ": " + text_of(id) + ": " + how);
}

// ---- what members do

void Invariants::wrote(ReplicaId /*member*/, const Record& record) {
  if (const auto* said = std::get_if<record::Decided>(&record)) {
    decided(said->lane, said->rounds, said->value);
  } else if (const auto* checkpoint = std::get_if<record::Checkpoint>(&record)) {
    for (const auto& each : checkpoint->decided) decided(each.lane, each.rounds, each.value);
  }
}

void Invariants::durable(ReplicaId member, const Record& record) {
  if (const auto* state = std::get_if<record::State>(&record)) {
    durable(member, *state);
  } else if (const auto* vote = std::get_if<record::CastVote>(&record)) {
    durable(member, *vote);
  } else if (const auto* batch = std::get_if<record::Batch>(&record)) {
    SlotHistory& slot = slots_[batch->slot];
    check_3_one_batch(batch->slot, slot, batch->bytes);
    slot.batch_durable.insert(index_of(member));
  } else if (const auto* reserve = std::get_if<record::Reserve>(&record)) {
    reserved_[member] = std::max(reserved_[member], reserve->end);
  } else if (const auto* boot = std::get_if<record::Boot>(&record)) {
    if (!boot->without_memory) return;
    reserved_.erase(member);
    state_one_end_.erase(member);
  } else if (const auto* rejoin = std::get_if<record::Rejoin>(&record)) {
    check_8_rejoin(member, rejoin->end);
    reserved_[member] = rejoin->end;
  } else if (const auto* checkpoint = std::get_if<record::Checkpoint>(&record)) {
    for (const auto& each : checkpoint->batches) durable(member, Record(each));
    for (const auto& each : checkpoint->states) durable(member, each);
    for (const auto& each : checkpoint->votes) durable(member, each);
  }
}

void Invariants::durable(ReplicaId member, const record::State& state) {
  const std::size_t index = index_of(member);
  for (Round round = state.rounds.first; round < state.rounds.end; ++round) {
    const SlotId id{round, state.lane};
    SlotHistory& slot = slots_[id];
    if (state.batch) {
      check_3_one_batch(id, slot, state.batch);
      slot.batch_durable.insert(index);
    }
    check_2_state(id, state.phase, slot.phases[state.phase].durable, index, state.value);
    if (state.value == Bit::one) check_5_batch_durable(id, slot, index);
    check_6_votes(id, state.phase, slot.phases[state.phase].durable);
    if (state.phase > first_phase) check_6_next_state(id, state.phase - 1, slot);
    check_6_next_state(id, state.phase, slot);
  }
}

void Invariants::durable(ReplicaId member, const record::CastVote& vote) {
  for (Round round = vote.rounds.first; round < vote.rounds.end; ++round) {
    const SlotId id{round, vote.lane};
    SlotHistory& slot = slots_[id];
    PhaseTally& all = slot.phases[vote.phase].durable;
    check_2_vote(id, vote.phase, all, index_of(member), vote.value);
    check_6_votes(id, vote.phase, all);
    check_6_next_state(id, vote.phase, slot);
  }
}

void Invariants::sent(const SenderView& sender, const Message& message) {
  if (const auto* state = std::get_if<message::State>(&message)) {
    said(sender, *state);
  } else if (const auto* vote = std::get_if<message::CastVote>(&message)) {
    said(sender, *vote);
  } else if (const auto* batch = std::get_if<message::Batch>(&message)) {
    said(sender, *batch);
  } else if (const auto* skip = std::get_if<message::Skip>(&message)) {
    said(sender, *skip);
  } else if (const auto* told = std::get_if<message::Decided>(&message)) {
    decided(told->lane, told->rounds, told->value);
  } else if (const auto* copy = std::get_if<message::BatchCopy>(&message)) {
    check_3_one_batch(copy->slot, slots_[copy->slot], copy->bytes);
  } else if (const auto* answer = std::get_if<message::Answer>(&message)) {
    check_9_answer(sender, *answer);
  } else if (const auto* beat = std::get_if<message::Beat>(&message)) {
    check_1_top(sender, beat->in_use_end);
  }
}

void Invariants::said(const SenderView& sender, const message::State& state) {
  check_7_takes_part(sender, state.rounds);
  const std::size_t index = index_of(sender.id);
  for (Round round = state.rounds.first; round < state.rounds.end; ++round) {
    const SlotId id{round, state.lane};
    SlotHistory& slot = slots_[id];
    check_2_state(id, state.phase, slot.phases[state.phase].said, index, state.value);
    check_2_state_durable(id, state.phase, slot, index, state.value);
    if (state.value == Bit::one) check_5_batch_durable(id, slot, index);
  }
  if (state.value == Bit::one) {
    state_one_end_[sender.id] = std::max(state_one_end_[sender.id], state.rounds.end);
  }
}

void Invariants::said(const SenderView& sender, const message::CastVote& vote) {
  check_7_takes_part(sender, vote.rounds);
  const std::size_t index = index_of(sender.id);
  for (Round round = vote.rounds.first; round < vote.rounds.end; ++round) {
    const SlotId id{round, vote.lane};
    SlotHistory& slot = slots_[id];
    check_2_vote(id, vote.phase, slot.phases[vote.phase].said, index, vote.value);
    check_2_vote_durable(id, vote.phase, slot, index, vote.value);
  }
}

void Invariants::said(const SenderView& sender, const message::Batch& batch) {
  const RoundRange round{batch.round, batch.round + 1};
  check_7_takes_part(sender, round);
  check_7_own_lane(sender, round);
  const SlotId id{batch.round, sender.id};
  SlotHistory& slot = slots_[id];
  check_3_one_batch(id, slot, batch.bytes);
  if (slot.skipped) broken("3", id, "a batch was created in a skipped slot");
  if (!batch.with_state) return;
  if (mode_ != Mode::memory) broken("2", id, "a Batch stood for a State that is not durable");
  // Mode `memory`: what the process holds is durable.
  const std::size_t index = index_of(sender.id);
  slot.batch_durable.insert(index);
  PhaseHistory& first = slot.phases[first_phase];
  check_2_state(id, first_phase, first.durable, index, Bit::one);
  check_2_state(id, first_phase, first.said, index, Bit::one);
  state_one_end_[sender.id] = std::max(state_one_end_[sender.id], round.end);
}

void Invariants::said(const SenderView& sender, const message::Skip& skip) {
  check_7_takes_part(sender, skip.rounds);
  check_7_own_lane(sender, skip.rounds);
  for (Round round = skip.rounds.first; round < skip.rounds.end; ++round) {
    const SlotId id{round, sender.id};
    check_3_skip(id, slots_[id]);
  }
}

void Invariants::decided(Lane lane, RoundRange rounds, Bit value) {
  for (Round round = rounds.first; round < rounds.end; ++round) {
    const SlotId id{round, lane};
    check_1_agreement(id, slots_[id], value);
  }
}

void Invariants::executed(ReplicaId member, std::uint64_t before, SlotId slot,
                          const base::SharedBytes& batch) {
  const std::uint64_t digest = base::hash64(batch.view());
  const auto history = slots_.find(slot);
  if (history == slots_.end() || history->second.decision != Bit::one) {
    broken("1", slot, "executed without a decision 1");
  } else if (history->second.digest != digest) {
    broken("3", slot, "executed another batch than the one that was created");
  }
  check_1_one_log(member, before, slot, digest, batch.view());
}

// Section 3: a batch is proposed again only after its slot was decided 0.
void Invariants::created(SlotId slot, std::uint64_t identity) {
  for (const SlotId before : slots_of_[identity]) {
    if (slots_[before].decision != Bit::zero) {
      broken("11", slot, "a batch is proposed again while " + text_of(before) + " may take it");
    }
  }
  slots_of_[identity].push_back(slot);
  identity_of_[slot] = identity;
}

void Invariants::acknowledged(std::uint64_t position_end) {
  seen_end_ = std::max(seen_end_, position_end);
}

// 10: a read sees what was acknowledged, and what completed reads saw, before it was asked.
void Invariants::read_done(ReplicaId member, std::uint64_t must_see, std::uint64_t saw) {
  if (saw < must_see && violations_.size() < violations_max) {
    violations_.push_back("section 13, 10: a read at member " + std::to_string(member.value) +
                          " saw " + std::to_string(saw) + " batches of " +
                          std::to_string(must_see) + " that it had to see");
  }
  seen_end_ = std::max(seen_end_, saw);
}

// ---- section 13

void Invariants::check_1_agreement(SlotId id, SlotHistory& slot, Bit value) {
  if (slot.decision) {
    if (*slot.decision != value) broken("1", id, "decided both 0 and 1");
    return;
  }
  slot.decision = value;
  ++slots_decided_;
  if (value == Bit::zero) return;
  check_3_created(id, slot);
  check_4_quorum_holds(id, slot);
}

// The logs of all members, in all their lives, are prefixes of one.
void Invariants::check_1_one_log(ReplicaId member, std::uint64_t before, SlotId id,
                                 std::uint64_t digest, std::string_view batch) {
  if (before < log_.size()) {
    const LogEntry& there = log_[before];
    if (there.slot != id || there.digest != digest) {
      broken("1", id,
             "member " + std::to_string(member.value) + " executed it at position " +
                 std::to_string(before) + ", where others executed " + text_of(there.slot));
    }
    return;
  }
  if (before > log_.size()) return broken("1", id, "executed behind a gap");
  if (!log_.empty() && id <= log_.back().slot) broken("1", id, "executed out of log order");
  check_11_once(id);
  log_.push_back({id, digest});
  follow_membership(id, batch);
}

// Section 5, as every replica has it.
void Invariants::follow_membership(SlotId id, std::string_view batch) {
  std::optional<Membership> next = membership_in(batch);
  if (!next || !may_follow(configurations_.latest(), *next).ok()) return;
  if (id.round < configurations_.latest_from()) return;
  configurations_.add({id.round + window_rounds_, std::move(*next)});
}

// 1: C(r) is the same wherever it is known.
void Invariants::configured(ReplicaId member, const ConfigurationHistory& known) {
  for (const Epoch& epoch : known.from(known.latest_from())) {
    if (epoch.membership.number > configurations_.latest().number) continue;
    const Configuration& here = configurations_.at(epoch.from);
    const bool begins = epoch.from == Round{} || &here != &configurations_.at(epoch.from - 1);
    if (!begins || here.members() != epoch.membership.voters().members()) {
      broken("1", {epoch.from, member}, "another configuration than the log says");
    }
  }
}

void Invariants::check_2_state(SlotId id, Phase phase, PhaseTally& all, std::size_t member,
                               Bit value) {
  const MemberSet& other = value == Bit::one ? all.states_zero : all.states_one;
  if (other.contains(member)) {
    broken("2", id, "two values of one member's state in phase " + std::to_string(phase));
  }
  (value == Bit::one ? all.states_one : all.states_zero).insert(member);
}

void Invariants::check_2_vote(SlotId id, Phase phase, PhaseTally& all, std::size_t member,
                              Vote value) {
  MemberSet* const sets[] = {&all.votes_zero, &all.votes_one, &all.votes_question};
  MemberSet& same = *sets[static_cast<std::size_t>(value)];
  if (!same.contains(member) && all.votes().contains(member)) {
    broken("2", id, "two values of one member's vote in phase " + std::to_string(phase));
  }
  same.insert(member);
}

void Invariants::check_2_state_durable(SlotId id, Phase phase, const SlotHistory& slot,
                                       std::size_t member, Bit value) {
  const PhaseTally& all = slot.phases.at(phase).durable;
  if (!(value == Bit::one ? all.states_one : all.states_zero).contains(member)) {
    broken("2", id,
           "a state of phase " + std::to_string(phase) + " was sent before it was durable");
  }
}

void Invariants::check_2_vote_durable(SlotId id, Phase phase, const SlotHistory& slot,
                                      std::size_t member, Vote value) {
  const PhaseTally& all = slot.phases.at(phase).durable;
  const MemberSet* const sets[] = {&all.votes_zero, &all.votes_one, &all.votes_question};
  if (!sets[static_cast<std::size_t>(value)]->contains(member)) {
    broken("2", id, "a vote of phase " + std::to_string(phase) + " was sent before it was durable");
  }
}

void Invariants::check_3_one_batch(SlotId id, SlotHistory& slot, const base::SharedBytes& batch) {
  const std::uint64_t digest = base::hash64(batch.view());
  if (slot.digest && *slot.digest != digest) broken("3", id, "two batches");
  slot.digest = digest;
}

void Invariants::check_3_skip(SlotId id, SlotHistory& slot) {
  if (slot.digest) broken("3", id, "skipped, and a batch was created in it");
  slot.skipped = true;
}

void Invariants::check_3_created(SlotId id, const SlotHistory& slot) {
  if (!slot.digest) broken("3", id, "decided 1, and no batch was created");
  if (slot.skipped) broken("3", id, "decided 1, and it was skipped");
}

void Invariants::check_4_quorum_holds(SlotId id, const SlotHistory& slot) {
  MemberSet ones;
  for (const auto& [phase, history] : slot.phases) ones = ones | history.durable.states_one;
  std::size_t holders = 0;
  const Configuration& configuration = configurations_.at(id.round);
  for (const ReplicaId member : configuration.members()) {
    const std::size_t index = index_of(member);
    if (ones.contains(index) && slot.batch_durable.contains(index)) ++holders;
  }
  if (holders < configuration.quorums().quorum()) {
    broken("4", id, "decided 1 while only " + std::to_string(holders) + " hold a durable state 1");
  }
}

void Invariants::check_5_batch_durable(SlotId id, const SlotHistory& slot, std::size_t member) {
  if (!slot.batch_durable.contains(member)) {
    broken("5", id, "a state 1 without the batch being durable there");
  }
}

void Invariants::check_6_votes(SlotId id, Phase phase, const PhaseTally& all) {
  if (phase == first_phase) {
    if (!all.votes_zero.empty() && all.states_one.size() >= quorums_of(id).quorum()) {
      broken("6", id, "a quorum of states 1 and a vote 0");
    }
    if (!all.votes_one.empty()) broken("6", id, "a vote 1 in phase 1");
  } else if (!all.votes_zero.empty() && !all.votes_one.empty()) {
    broken("6", id, "votes 0 and 1 in phase " + std::to_string(phase));
  }
}

// What can be decided in one phase is everybody's state in the next (section 2.4).
void Invariants::check_6_next_state(SlotId id, Phase phase, SlotHistory& slot) {
  const PhaseTally& now = slot.phases[phase].durable;
  const auto next = slot.phases.find(phase + 1);
  if (next == slot.phases.end()) return;
  const Quorums quorums = quorums_of(id);
  const bool one = phase == first_phase ? now.states_one.size() >= quorums.quorum()
                                        : now.votes_one.size() >= quorums.one_correct();
  const bool zero = now.votes_zero.size() >= quorums.one_correct();
  const PhaseTally& after = next->second.durable;
  if ((one && !after.states_zero.empty()) || (zero && !after.states_one.empty())) {
    broken("6", id,
           "phase " + std::to_string(phase) + " can decide " + (one ? "1" : "0") +
               ", and there is another state behind it");
  }
}

void Invariants::check_7_takes_part(const SenderView& sender, RoundRange rounds) {
  Round& end = said_end_[sender.id];
  end = std::max(end, rounds.end);
  for (const Configuration* configuration : configurations_.in_force(rounds)) {
    if (!configuration->contains(sender.id)) {
      broken("7", {rounds.first, sender.id}, "said something of a round in which it is no member");
    }
  }
  if (rounds.first < sender.floor || rounds.end > sender.window.end) {
    broken("7", {rounds.first, sender.id}, "said something beyond its window or below its floor");
  }
}

void Invariants::check_7_own_lane(const SenderView& sender, RoundRange rounds) {
  if (rounds.first < sender.lane_from || rounds.end > reserved_[sender.id]) {
    broken("7", {rounds.first, sender.id},
           "used a round of its lane without a durable reservation");
  }
}

// Section 1: a batch that is known has put its round in use.
void Invariants::check_1_top(const SenderView& sender, Round in_use_end) {
  if (in_use_end < state_one_end_[sender.id]) {
    broken("1 (section 1, top)", {in_use_end, sender.id}, "top is below a state 1 that was said");
  }
}

// `from`: where a member without memory takes part again.
void Invariants::check_8_rejoin(ReplicaId member, Round from) {
  if (from < said_end_[member]) {
    broken("8", {from, member}, "takes part again in rounds of which it has said something before");
  }
}

// Of a member without memory nothing is asked that it could have forgotten.
void Invariants::check_9_answer(const SenderView& sender, const message::Answer& answer) {
  const SlotId where{answer.end, sender.id};
  if (sender.floor == round_never) broken("8", where, "it answers without its memory");
  if (answer.kind == message::BarrierKind::rejoin) {
    if (answer.end < said_end_[sender.id]) broken("9", where, "a bound below what it has said");
  } else {
    if (sender.window.first < sender.floor) broken("9", where, "a frontier below its floor");
    check_9_frontier(sender, answer.end);
  }
}

void Invariants::check_9_frontier(const SenderView& sender, Round frontier_end) {
  if (frontier_end < state_one_end_[sender.id]) {
    broken("9", {frontier_end, sender.id}, "a frontier below a state 1 that was said");
  }
}

void Invariants::check_11_once(SlotId id) {
  const auto identity = identity_of_.find(id);
  if (identity == identity_of_.end()) return broken("3", id, "executed, and nobody created it");
  if (!executed_once_.insert(identity->second).second) {
    broken("11", id, "the same batch executed twice");
  }
}

}  // namespace rabia::consensus
