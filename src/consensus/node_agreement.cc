// Slots, driven by messages and records. protocol.md, sections 2, 10 and 11.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "consensus/extend.h"
#include "consensus/node.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

// ---- messages

void Node::on(ReplicaId from, const message::Batch& batch) {
  const RoundRange round{batch.round, batch.round + 1};
  if (keep_beyond_window(from, round, batch, batch.bytes.size())) return;
  note_coverage(from, round);
  raise_in_use(round.end);
  const SlotId id{batch.round, from};
  hold_batch(id, batch.bytes, batch.refused);
  if (batch.with_state) on(from, message::State{from, round, first_phase, Bit::one});
}

void Node::on(ReplicaId from, const message::Skip& skip) {
  const auto lane = lanes_.find(from);
  if (lane == lanes_.end() || skip.rounds.empty()) return;
  note_coverage(from, skip.rounds);
  RoundRange inside = skip.rounds.clipped(window_.range());
  if (mutated(Mutant::skip_one_round_too_far)) ++inside.end;
  for (Round round = inside.first; round < inside.end; ++round) {
    const SlotId id{round, from};
    Slot* slot = window_.find(id);
    if (slot != nullptr && !slot->agreement.decision()) decide(id, *slot, Bit::zero, Why::skip);
  }
  // One interval is kept above the window. A second one that does not touch it is dropped: the
  // owner says it again in its reply to Need.
  const RoundRange beyond{std::max(skip.rounds.first, window_.end()), skip.rounds.end};
  RoundRange& kept = lane->second.skip_beyond;
  if (beyond.empty()) return;
  if (kept.clipped({window_.end(), kept.end}).empty()) {
    kept = beyond;
  } else if ((beyond.first <= kept.end && kept.first <= beyond.end) ||
             mutated(Mutant::skips_joined_over_a_gap)) {
    kept = {std::min(kept.first, beyond.first), std::max(kept.end, beyond.end)};
  }
}

// States and votes are counted in the window and answered when decided (section 2.1), also of
// rounds executed not long ago; `excused` says of which decisions the sender need not hear.
template <typename Said, typename Add, typename Excused>
void Node::count_said(ReplicaId from, const Said& said, Add add, Excused excused) {
  const RoundRange known{window_.executed_end() - options_.window_rounds, window_.end()};
  const RoundRange rounds = said.rounds.clipped(known);
  for (Round round = rounds.first; round < rounds.end; ++round) {
    const SlotId id{round, said.lane};
    const auto sender = configurations_.at(round).index_of(from);
    if (!sender) continue;
    Slot* slot = window_.find(id);
    const auto decision =
        slot != nullptr ? slot->agreement.decision() : window_.executed_decision(id);
    if (decision) {
      if (!excused(*decision)) answer_decided(from, id, *decision);
    } else if (slot != nullptr && add(slot->agreement, *sender)) {
      touch(id, *slot);
    }
  }
}

void Node::on(ReplicaId from, const message::State& state) {
  if (state.value == Bit::one) {
    raise_in_use(state.rounds.end);
    if (keep_beyond_window(from, state.rounds, state, sizeof state)) return;
  }
  count_said(
      from, state,
      [&](WeakMvc& agreement, std::size_t sender) {
        return agreement.add_state(sender, state.phase, state.value);
      },
      [&](Bit decision) { return state.phase == first_phase && state.value == decision; });
}

void Node::on(ReplicaId from, const message::CastVote& vote) {
  if (vote.value != Vote::zero) raise_in_use(vote.rounds.end);
  count_said(
      from, vote,
      [&](WeakMvc& agreement, std::size_t sender) {
        return agreement.add_vote(sender, vote.phase, vote.value);
      },
      [](Bit) { return false; });
}

void Node::on(ReplicaId /*from*/, const message::Decided& decided) {
  if (decided.value == Bit::one) raise_in_use(decided.rounds.end);
  const RoundRange inside = decided.rounds.clipped(window_.range());
  for (Round round = inside.first; round < inside.end; ++round) {
    const SlotId id{round, decided.lane};
    Slot* slot = window_.find(id);
    if (slot != nullptr && !slot->agreement.decision()) decide(id, *slot, decided.value, Why::told);
  }
  if (decided.rounds.end > window_.end()) dropped_beyond_window_ = true;
}

void Node::on(ReplicaId from, const message::BatchCopy& copy) {
  // Nobody can have a batch that this life has yet to create.
  const bool may_create = stage_ == Stage::running && copy.slot.round >= own_lane_.next();
  if (copy.slot.lane == options_.self && may_create) return;
  const RoundRange round{copy.slot.round, copy.slot.round + 1};
  raise_in_use(round.end);
  if (keep_beyond_window(from, round, copy, copy.bytes.size())) return;
  hold_batch(copy.slot, copy.bytes, copy.refused);
}

void Node::hold_batch(SlotId id, const base::SharedBytes& bytes, bool refused) {
  Slot* slot = window_.find(id);
  if (slot == nullptr || slot->agreement.decision() == Bit::zero) return;
  if (!slot->agreement.hold(bytes)) return;
  slot->refused = refused;
  if (refused) ++counters_.refused;
  if (slot->agreement.decision() == Bit::one) {
    record_batch_if_new(id, *slot);
  } else {
    touch(id, *slot);
  }
}

void Node::answer_decided(ReplicaId to, SlotId id, Bit decision) {
  send(to, message::Decided{id.lane, {id.round, id.round + 1}, decision});
}

// Rounds ≥ L + α: C(r) is unknown there. Batches and states 1 are kept for one window more.
bool Node::keep_beyond_window(ReplicaId from, RoundRange rounds, const Message& message,
                              std::uint64_t bytes) {
  if (rounds.first < window_.end()) return false;
  raise_in_use(rounds.end);
  const bool near = rounds.end <= window_.end() + options_.window_rounds;
  bytes += sizeof(Message);
  if (!near || beyond_window_bytes_ + bytes > options_.beyond_window_bytes_max) {
    dropped_beyond_window_ = true;
    ++counters_.beyond_window_dropped;
    return true;
  }
  beyond_window_.emplace(rounds.first, Kept{from, message, bytes});
  beyond_window_bytes_ += bytes;
  return true;
}

// The window has reached rounds of which messages were kept.
void Node::receive_kept() {
  while (!beyond_window_.empty() && beyond_window_.begin()->first < window_.end()) {
    const Kept kept = std::move(beyond_window_.extract(beyond_window_.begin()).mapped());
    beyond_window_bytes_ -= kept.bytes;
    dispatch(kept.from, kept.message);
  }
}

// ---- own records

// Section 2.1: durable first, then it is counted here and sent.
void Node::on_durable(const message::State& state) {
  for (Round round = state.rounds.first; round < state.rounds.end; ++round) {
    const SlotId id{round, state.lane};
    Slot* slot = window_.find(id);
    if (slot == nullptr) continue;
    slot->agreement.add_state(*configurations_.at(round).index_of(options_.self), state.phase,
                              state.value);
    touch(id, *slot);
  }
  if (state.value == Bit::one) state_one_end_ = std::max(state_one_end_, state.rounds.end);
  // In mode `memory` the owner's Batch stood for this State already (section 3).
  const bool said_by_batch = options_.mode == Mode::memory && state.lane == options_.self &&
                             state.phase == first_phase && state.value == Bit::one;
  if (!said_by_batch) say_what_is_kept(state);
}

void Node::on_durable(const message::CastVote& vote) {
  for (Round round = vote.rounds.first; round < vote.rounds.end; ++round) {
    const SlotId id{round, vote.lane};
    Slot* slot = window_.find(id);
    if (slot == nullptr) continue;
    slot->agreement.add_vote(*configurations_.at(round).index_of(options_.self), vote.phase,
                             vote.value);
    touch(id, *slot);
  }
  say_what_is_kept(vote);
}

// Section 7: never again of rounds that a checkpoint has left out.
template <typename Said>
void Node::say_what_is_kept(Said said) {
  said.rounds.first = std::max(said.rounds.first, dropped_below_);
  send_ranges(said);
}

// To those who are in force in each round; of rounds in which this replica is no member nothing.
template <typename Said>
void Node::send_ranges(Said said) {
  const Round end = said.rounds.end;
  while (said.rounds.first < end) {
    said.rounds.end = configurations_.same_until(said.rounds.first, end);
    if (configurations_.at(said.rounds.first).contains(options_.self)) {
      send_everyone(said.rounds.first, said);
    }
    said.rounds.first = said.rounds.end;
  }
}
template void Node::send_ranges(message::Skip);

// ---- rules

void Node::touch(SlotId id, Slot& slot) {
  if (slot.queued) return;
  slot.queued = true;
  dirty_.push_back(id);
}

void Node::touch_all() {
  const RoundRange rounds = window_.range();
  for (Round round = rounds.first; round < rounds.end; ++round) {
    const Configuration& configuration = configurations_.at(round);
    for (std::size_t index = 0; index < configuration.size(); ++index) {
      Slot& slot = window_.at(round, index);
      if (!slot.agreement.decision()) touch({round, configuration.members()[index]}, slot);
    }
  }
}

// Tries the rules of every slot that changed. In the order of lanes, so that what is said of
// neighbouring rounds becomes one record and one message.
void Node::run_rules() {
  stalled_ = disk_is_behind();
  while (!dirty_.empty()) {
    trying_.clear();
    trying_.swap(dirty_);
    std::sort(trying_.begin(), trying_.end(), [](SlotId a, SlotId b) {
      return std::tie(a.lane, a.round) < std::tie(b.lane, b.round);
    });
    for (const SlotId id : trying_) {
      if (Slot* slot = window_.find(id)) {
        slot->queued = false;
        run_rules_of(id, *slot);
      }
    }
  }
}

void Node::run_rules_of(SlotId id, Slot& slot) {
  while (true) {
    const StepContext context = context_of(id, slot);
    const Step step = slot.agreement.next(context);
    if (const auto* decision = std::get_if<Decide>(&step)) {
      decide(id, slot, decision->value, Why::rule);
    } else if (const auto* state = std::get_if<WriteState>(&step)) {
      write_state(id, slot, *state);
    } else if (const auto* vote = std::get_if<WriteVote>(&step)) {
      write_vote(id, slot, *vote);
    } else {
      if (mutated(Mutant::repropose_before_decision) && id.lane == options_.self &&
          slot.agreement.holds_batch() && !slot.zero_input &&
          !slot.agreement.tally(first_phase).states_zero.empty()) {
        slot.zero_input = true;  // Once.
        tell_own_decision(id, slot, Bit::zero);
      }
      if (slot.hold_vote_until == base::Instant{} && slot.agreement.would_vote_question(context)) {
        slot.hold_vote_until = now_ + least_patience();
        held_.push_back(id);
      }
      return;
    }
  }
}

StepContext Node::context_of(SlotId id, const Slot& slot) const {
  const Configuration& configuration = configurations_.at(id.round);
  StepContext context;
  context.quorums = configuration.quorums();
  // "Take part", section 1; the slot is inside the window, or it would not have been found. While
  // the disk is behind (section 2.3) this replica only learns.
  if (stage_ == Stage::running && id.round >= floor_ && !stalled_) {
    context.self = configuration.index_of(options_.self);
  }
  context.slot = id;
  context.coin_key = incarnation_;
  context.forfeited = slot.zero_input;
  context.refused = slot.refused;
  const bool held_long_enough =
      slot.hold_vote_until != base::Instant{} && now_ >= slot.hold_vote_until;
  context.patience_over = held_long_enough || others_silent(id, slot);
  return context;
}

// Every member whose phase-1 state is missing is down: no use in waiting for it.
bool Node::others_silent(SlotId id, const Slot& slot) const {
  const Configuration& configuration = configurations_.at(id.round);
  const MemberSet heard = slot.agreement.tally(first_phase).states();
  for (std::size_t index = 0; index < configuration.size(); ++index) {
    const auto peer = peers_.find(configuration.members()[index]);
    if (!heard.contains(index) && (peer == peers_.end() || peer->second.up)) return false;
  }
  return true;
}

void Node::write_state(SlotId id, Slot& slot, WriteState step) {
  const RoundRange round{id.round, id.round + 1};
  if (step.phase > first_phase) {
    const PhaseTally& before = slot.agreement.tally(step.phase - 1);
    if (step.phase > 2 && before.votes_one.empty() && before.votes_zero.empty()) ++counters_.coins;
  }
  slot.agreement.set_own_state(step.phase, step.value);
  if (mutated(Mutant::own_state_before_durable)) {
    const std::size_t self = *configurations_.at(id.round).index_of(options_.self);
    slot.agreement.add_state(self, step.phase, step.value);
  }
  record::State record{id.lane, round, step.phase, step.value, {}};
  if (step.value == Bit::one && !slot.agreement.batch_recorded()) {
    record.batch = slot.agreement.batch();
    slot.agreement.set_batch_recorded();
  }
  const message::State said{id.lane, round, step.phase, step.value};
  write_or_extend(std::move(record), said);
  if (mutated(Mutant::state_sent_before_durable)) send_everyone(id.round, said);
}

void Node::write_vote(SlotId id, Slot& slot, WriteVote step) {
  const RoundRange round{id.round, id.round + 1};
  slot.agreement.set_own_vote(step.phase, step.value);
  if (mutated(Mutant::own_vote_before_durable)) {
    const std::size_t self = *configurations_.at(id.round).index_of(options_.self);
    slot.agreement.add_vote(self, step.phase, step.value);
  }
  const message::CastVote said{id.lane, round, step.phase, step.value};
  write_or_extend(record::CastVote{id.lane, round, step.phase, step.value}, said);
  if (mutated(Mutant::vote_sent_before_durable)) send_everyone(id.round, said);
}

// Writes what is said once it is durable. The last record grows instead, when it says the same.
template <typename Recorded, typename Said>
void Node::write_or_extend(Recorded record, const Said& said) {
  if (!ready_.records.empty() && !written_.empty() && written_.back().number == last_record_) {
    auto* last = std::get_if<Recorded>(&ready_.records.back());
    if (last != nullptr && extend(*last, record)) {
      RABIA_CHECK(extend(std::get<Said>(written_.back().what), said));
      return;
    }
  }
  write(std::move(record), said);
}

// Section 2.3: more than 64 MiB or 1 s of unsynced records.
bool Node::disk_is_behind() const {
  if (written_.empty()) return false;
  return unsynced_bytes_ > options_.unsynced_bytes_max ||
         now_ - written_.front().at > options_.unsynced_for_max;
}

void Node::decide(SlotId id, Slot& slot, Bit value, Why why) {
  RABIA_CHECK(!slot.agreement.decision());
  count_decision(slot, value, why);
  slot.agreement.decide(value);
  record_decision(id, value);
  if (value == Bit::one) record_batch_if_new(id, slot);
  const bool told = mutated(Mutant::repropose_before_decision) && slot.zero_input;
  if (!told) tell_own_decision(id, slot, value);
  // Members that input 0 may not hear the owner: they are told.
  if (why == Why::skip || value == Bit::one) {
    const Configuration& configuration = configurations_.at(id.round);
    const MemberSet zeros = slot.agreement.tally(first_phase).states_zero;
    for (std::size_t index = 0; index < configuration.size(); ++index) {
      const ReplicaId member = configuration.members()[index];
      if (zeros.contains(index) && member != options_.self) answer_decided(member, id, value);
    }
  }
}

// A batch of this life: earlier ones created batches only below lane_from, and a member without
// memory creates none.
bool Node::created_here(SlotId id, const Slot& slot) const {
  const bool of_this_life = stage_ == Stage::running && id.round >= own_lane_.lane_from();
  return id.lane == options_.self && slot.agreement.holds_batch() &&
         (of_this_life || mutated(Mutant::decision_of_an_earlier_life));
}

void Node::tell_own_decision(SlotId id, const Slot& slot, Bit value) {
  if (!created_here(id, slot)) return;
  --own_undecided_;
  own_undecided_bytes_ -= slot.agreement.batch().size();
  ready_.own_decisions.push_back({id.round, value});
}

void Node::count_decision(const Slot& slot, Bit value, Why why) {
  if (why == Why::told) {
    ++counters_.learned;
  } else if (why == Why::skip) {
    ++counters_.decided_zero_by_skip;
  } else if (slot.agreement.phases() > first_phase) {
    ++counters_.decided_in_later_phases;
  } else if (value == Bit::one) {
    ++counters_.decided_one;
  } else if (slot.agreement.tally(first_phase).votes().empty()) {
    ++counters_.decided_zero_by_states;
  } else {
    ++counters_.decided_zero_by_votes;
  }
}

void Node::record_decision(SlotId id, Bit value) {
  record::Decided record{id.lane, {id.round, id.round + 1}, value};
  if (!ready_.records.empty()) {
    auto* last = std::get_if<record::Decided>(&ready_.records.back());
    if (last != nullptr && extend(*last, record)) return;
  }
  persist(record, false);
}

void Node::record_batch_if_new(SlotId id, Slot& slot) {
  if (slot.agreement.batch_recorded() || !slot.agreement.holds_batch()) return;
  slot.agreement.set_batch_recorded();
  persist(record::Batch{id, slot.agreement.batch()}, false);
}

// ---- execution

void Node::execute() {
  const Round before = window_.executed_end();
  while (!(stop_at_round_end_ && !window_.inside_a_round())) {
    const auto executable = window_.executable();
    if (!executable) break;
    std::optional<Execution> execution;
    if (executable->decision == Bit::one) {
      execution = Execution{executable->slot, executable->batch, {}, {}};
      change_members(*execution);  // Before the window moves: section 5.
    }
    window_.executed(*executable, now_);
    if (!execution) continue;
    execution->executed_end = window_.executed_end();
    ready_.executions.push_back(std::move(*execution));
  }
  if (window_.executed_end() != before) enter_rounds(before + options_.window_rounds);
}

// Section 5. A change executed in round c is in force from round c + α on. One that was made from
// another list than the last one, or while that is not in force, changes nothing; on every replica
// alike, since all of this is a matter of the log.
void Node::change_members(Execution& execution) {
  std::optional<Membership> next = membership_in(execution.batch.view());
  if (!next) return;
  const Round round = execution.slot.round;
  Status status = may_follow(configurations_.latest(), *next);
  if (status.ok() && round < configurations_.latest_from()) {
    status = {Code::unavailable, "the last change of the members is not in force yet"};
  }
  if (status.ok()) {
    ++counters_.member_changes;
    const bool late = mutated(Mutant::configuration_late_on_some);
    const Round from = round + options_.window_rounds + (late ? options_.self.value % 2 : 0);
    for (const MemberEntry& member : next->members) know(member.id);
    configurations_.add({from, std::move(*next)});
    beat_changed_ = true;
  }
  execution.membership = std::move(status);
}

// The window has moved: rounds from `before` on are new in it.
void Node::enter_rounds(Round before) {
  raise_by_lane_from();
  for (auto& [lane, state] : lanes_) {
    const RoundRange skipped = state.skip_beyond.clipped({before, window_.end()});
    for (Round round = skipped.first; round < skipped.end; ++round) {
      const SlotId id{round, lane};
      Slot* slot = window_.find(id);
      if (slot != nullptr && !slot->agreement.decision()) decide(id, *slot, Bit::zero, Why::skip);
    }
  }
}

}  // namespace rabia::consensus
