// Restart with durable data: the log is replayed. protocol.md, section 12.
#include <algorithm>
#include <string>
#include <utility>

#include "base/mutant.h"
#include "consensus/node.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

namespace {

const std::string forgot =
    ": this replica may have forgotten what it promised; the others run on without it, and it "
    "comes "
    "back without its memory when it is started with --rejoin";

}  // namespace

Status Node::restore(const Record& record, RecordNumber number) {
  last_record_ = number;
  if (first_record_ == 0) first_record_ = number;
  // What lies before the first checkpoint of a log that was cut off is a rest, and is repeated in
  // it.
  const bool rest = first_record_ > 1 && !checkpoint_seen_;
  if (rest && !std::holds_alternative<record::Checkpoint>(record)) return {};
  const bool stays = mutated(Mutant::clean_stop_remembered) && cleanly_stopped_;
  cleanly_stopped_ = std::holds_alternative<record::CleanStop>(record) || stays;
  const Status replayed =
      std::visit([this](const auto& alternative) { return replay(alternative); }, record);
  if (!replayed.ok()) {
    return {replayed.code(), "log record " + std::to_string(number) + ": " + replayed.message()};
  }
  execute();
  return {};
}

// A record of round r was written when all rounds ≤ r − α were executed (section 13, 7): they were
// in use, also if what had made them so left no record.
bool Node::make_room(Round round) {
  if (round >= window_.end()) {
    raise_in_use(round + 1 - options_.window_rounds);
    execute();
  }
  return round < window_.end();
}

// Round by round: a record may reach into rounds that its first part brought into the window.
// `put_back` gets the slot and this member's index in its round; it is false when the log has said
// something else of the slot before.
template <typename Said, typename PutBack>
Status Node::replay_rounds(const Said& said, bool in_use, PutBack put_back) {
  for (Round round = said.rounds.first; round < said.rounds.end; ++round) {
    if (!make_room(round)) {
      return {
          Code::corrupted,
          "it speaks of a round beyond what the records before it allow: the log is incomplete" +
              forgot};
    }
    if (in_use) raise_in_use(round + 1);
    Slot* slot = window_.find({round, said.lane});
    const std::size_t self =
        configurations_.at(round).index_of(options_.self).value_or(members_max);
    if (slot != nullptr && !put_back(slot->agreement, self)) {
      return {Code::corrupted, "it contradicts the records before it" + forgot};
    }
  }
  return {};
}

Status Node::replay(const record::State& state) {
  const bool one = state.value == Bit::one;
  said_end_ = std::max(said_end_, state.rounds.end);
  if (one && !mutated(Mutant::frontier_forgotten)) {
    state_one_end_ = std::max(state_one_end_, state.rounds.end);
  }
  const bool in_use = one && !mutated(Mutant::replay_below_top);
  return replay_rounds(state, in_use, [&](WeakMvc& slot, std::size_t self) {
    if (self == members_max) return false;  // It had no say there.
    if (state.batch && slot.hold(state.batch)) slot.set_batch_recorded();
    const bool lacking = mutated(Mutant::state_1_without_the_batch);
    if (one && !slot.holds_batch() && !lacking) return false;
    if (mutated(Mutant::forget_a_state)) return true;
    const bool again = mutated(Mutant::two_states);
    if (!slot.may_set_own_state(state.phase) && !again) {
      return repeating_ && state.phase <= slot.phases() &&
             slot.tally(state.phase).own_state == state.value;
    }
    slot.set_own_state(state.phase, state.value);
    slot.add_state(self, state.phase, state.value);
    return true;
  });
}

Status Node::replay(const record::CastVote& vote) {
  said_end_ = std::max(said_end_, vote.rounds.end);
  return replay_rounds(vote, vote.value != Vote::zero, [&](WeakMvc& slot, std::size_t self) {
    if (self == members_max) return false;
    if (mutated(Mutant::forget_a_vote)) return true;
    if (!slot.may_set_own_vote(vote.phase)) {
      return repeating_ && vote.phase <= slot.phases() &&
             slot.tally(vote.phase).own_vote == vote.value;
    }
    slot.set_own_vote(vote.phase, vote.value);
    slot.add_vote(self, vote.phase, vote.value);
    return true;
  });
}

Status Node::replay(const record::Decided& decided) {
  return replay_rounds(decided, decided.value == Bit::one, [&](WeakMvc& slot, std::size_t) {
    if (slot.decision()) return *slot.decision() == decided.value;
    slot.decide(decided.value);
    return true;
  });
}

Status Node::replay(const record::Batch& batch) {
  struct {
    Lane lane;
    RoundRange rounds;
  } const said{batch.slot.lane, {batch.slot.round, batch.slot.round + 1}};
  return replay_rounds(said, true, [&](WeakMvc& slot, std::size_t) {
    if (slot.hold(batch.bytes)) slot.set_batch_recorded();
    return true;
  });
}

Status Node::replay(const record::Reserve& reserve) {
  own_lane_.begin(std::max(own_lane_.lane_from(), reserve.end));
  said_end_ = std::max(said_end_, reserve.end);  // An earlier life may have used all of it.
  return {};
}

Status Node::replay(const record::Rejoin& rejoin) {
  without_memory_ = false;
  floor_ = rejoin.end;
  return replay(record::Reserve{rejoin.end});
}

Status Node::replay(const record::Founding& founding) {
  if (!mutated(Mutant::founding_forgotten)) founding_->restore(founding);
  return {};
}

Status Node::replay(const record::Boot& boot) {
  if (boot.cluster_id != options_.cluster_id || boot.member != options_.self) {
    return {Code::failed_precondition,
            "this log belongs to member " + std::to_string(boot.member.value) + " of cluster '" +
                boot.cluster_id + "': point --data at this member's own directory"};
  }
  if (!last_boot_) began_without_memory_ = boot.without_memory;
  last_boot_ = boot;
  without_memory_ = boot.without_memory && !mutated(Mutant::unfinished_rejoin_forgotten);
  if (window_.executed_end() == Round{} && configurations_.latest().number == 0) {
    found_with(boot.incarnation);
  }
  return {};
}

Status Node::replay(const record::CleanStop& /*stop*/) {
  return {};
}

namespace {

std::string list_of(const std::vector<ReplicaId>& members) {
  std::string list;
  for (const ReplicaId member : members) {
    list += (list.empty() ? "" : ", ") + std::to_string(member.value);
  }
  return list;
}

}  // namespace

// The members were fixed when the cluster was founded, and since then the log says who they are:
// another start list, before anything was changed, is a mistake.
Status Node::check_members() const {
  const Configuration founders = configurations_.latest().voters();
  const bool changed = configurations_.latest().number > 0;
  if (changed || !founders.contains(options_.self) || founders.members() == start_list_.members()) {
    return {};
  }
  return {Code::failed_precondition,
          "this cluster was founded with members " + list_of(founders.members()) +
              ", and this replica was started with members " + list_of(start_list_.members()) +
              ": start it with the list with which the cluster was founded; members are added "
              "and removed by rabia-ctl member"};
}

// Section 8, "Who": what the system alone held may be gone.
bool Node::forgot_in_mode_os() const {
  const bool same_boot = !options_.boot_id.empty() && last_boot_->boot_id == options_.boot_id;
  const bool forgiven = cleanly_stopped_ || mutated(Mutant::power_loss_forgiven);
  return last_boot_->mode == Mode::os && !same_boot && !forgiven;
}

Status Node::start(base::Instant now) {
  now_ = started_at_ = last_tick_ = patience_since_ = next_beat_ = need_at_ = now;
  ready_.records.clear();  // Replay wrote nothing; what it decided is in the log already.
  ready_.messages.clear();
  ready_.own_decisions.clear();
  if (first_record_ > 1 && !checkpoint_seen_) {
    return {Code::corrupted, "the log begins with record " + std::to_string(first_record_) +
                                 ", and what came before it is nowhere" + forgot};
  }
  if (!last_boot_ && window_.executed_end() > Round{}) {
    return {Code::corrupted, "there is a snapshot and no log to it" + forgot};
  }
  if (!last_boot_) {
    if (options_.rejoin) return {};  // It says nothing until it hears of the cluster.
    after_founding_step(founding_->begin());
    // Alone, and stopped between saying and founding: nobody else will speak.
    if (const auto vector = founding_->founded()) become(*vector);
    return {};
  }
  if (Status status = check_members(); !status.ok()) return status;
  if (last_boot_->mode == Mode::memory) {
    return {Code::corrupted,
            "this log was kept in mode 'memory', which does not survive a restart" + forgot};
  }
  // Of a log that was there the operator may say that it is whole; never of one that began empty.
  const bool vouched = options_.vouched && last_boot_->mode == Mode::os && !began_without_memory_;
  without_memory_ = !vouched && (without_memory_ || forgot_in_mode_os());
  become(last_boot_->incarnation);
  return {};
}

}  // namespace rabia::consensus
