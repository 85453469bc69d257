// Compaction, and coming back by a snapshot. protocol.md, sections 7 and 12.
//
// A snapshot holds the state after all rounds below s. What the log before it says is then no
// longer needed, but for what a Checkpoint repeats: one record, so that a crash leaves all of it or
// nothing.
#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "consensus/extend.h"
#include "consensus/node.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

namespace {

template <typename Said>
void append_or_extend(std::vector<Said>& all, Said said) {
  if (all.empty() || !extend(all.back(), said)) all.push_back(std::move(said));
}

void repeat_slot(SlotId id, const WeakMvc& slot, record::Checkpoint& out) {
  const RoundRange round{id.round, id.round + 1};
  if (slot.holds_batch() && slot.batch_recorded()) out.batches.push_back({id, slot.batch()});
  for (Phase phase = first_phase; phase <= slot.phases(); ++phase) {
    const PhaseTally& tally = slot.tally(phase);
    if (tally.own_state)
      append_or_extend(out.states, {id.lane, round, phase, *tally.own_state, {}});
    if (mutated(Mutant::checkpoint_without_votes)) continue;
    if (tally.own_vote) append_or_extend(out.votes, {id.lane, round, phase, *tally.own_vote});
  }
  if (slot.decision()) append_or_extend(out.decided, {id.lane, round, *slot.decision()});
}

}  // namespace

// ---- at run time

bool Node::between_rounds() const {
  const bool any_time = mutated(Mutant::snapshot_inside_a_round);
  return stage_ == Stage::running && (any_time || !window_.inside_a_round());
}

std::uint64_t Node::checkpoint_bytes() const {
  std::uint64_t bytes = 0;
  const RoundRange rounds = window_.range();
  for (Round round = rounds.first; round < rounds.end; ++round) {
    for (std::size_t index = 0; index < configurations_.at(round).size(); ++index) {
      const WeakMvc& slot = window_.at(round, index).agreement;
      if (slot.holds_batch() && slot.batch_recorded()) bytes += slot.batch().size();
    }
  }
  return bytes;
}

RecordNumber Node::write_checkpoint() {
  RABIA_CHECK(between_rounds());
  record::Checkpoint checkpoint;
  checkpoint.round = window_.executed_end();
  checkpoint.boot = boot_record();
  if (!mutated(Mutant::checkpoint_without_reservation)) {
    checkpoint.reserved_end = own_lane_.reserved_written();
  }
  checkpoint.floor = floor_;
  checkpoint.state_one_end = state_one_end_;
  // Lane by lane, so that neighbouring rounds become one range.
  const RoundRange rounds = window_.range();
  std::set<Lane> lanes;
  for (const Configuration* configuration : configurations_.in_force(rounds)) {
    lanes.insert(configuration->members().begin(), configuration->members().end());
  }
  for (const Lane lane : lanes) {
    for (Round round = rounds.first; round < rounds.end; ++round) {
      if (const Slot* slot = window_.find({round, lane})) {
        repeat_slot({round, lane}, slot->agreement, checkpoint);
      }
    }
  }
  dropped_below_ = window_.executed_end();
  return persist(std::move(checkpoint), false);
}

void Node::install(const SnapshotPoint& point, base::Instant now) {
  RABIA_CHECK(active() && point.round > window_.executed_end());
  now_ = now;
  // Own batches that the snapshot passes over: nobody here learns what became of them.
  const Round window_end = window_.end();
  for (Round round = window_.executed_end(); round < std::min(point.round, window_end); ++round) {
    const Slot* slot = window_.find({round, options_.self});
    if (slot != nullptr && !slot->agreement.decision() &&
        created_here({round, options_.self}, *slot)) {
      --own_undecided_;
      own_undecided_bytes_ -= slot->agreement.batch().size();
    }
  }
  dropped_below_ = point.round;
  for (const Epoch& epoch : point.epochs) {
    if (epoch.membership.number <= configurations_.latest().number) continue;
    for (const MemberEntry& member : epoch.membership.members) know(member.id);
    configurations_.add(epoch);
  }
  window_.advance_to(point.round, now_);
  enter_rounds(window_end);
  own_lane_.use_up_to(point.round);
  ++counters_.snapshots_installed;
  beat_changed_ = true;
  touch_all();
}

// ---- at start

void Node::restore_snapshot(const SnapshotPoint& point) {
  RABIA_CHECK(last_record_ == 0 && window_.executed_end() == Round{});
  for (const Epoch& epoch : point.epochs) {
    for (const MemberEntry& member : epoch.membership.members) know(member.id);
  }
  configurations_.begin(point.epochs);
  window_.begin_at(point.round);
}

// Repeats what the records before it say, where they were read.
Status Node::replay(const record::Checkpoint& checkpoint) {
  raise_in_use(checkpoint.round);
  execute();
  if (checkpoint.round > window_.executed_end()) {
    return {Code::corrupted,
            "it needs the snapshot of round " + std::to_string(checkpoint.round.value) +
                ", which is missing or damaged, and neither an older one nor the log before it "
                "reach so far"};
  }
  checkpoint_seen_ = true;
  if (Status status = replay(checkpoint.boot); !status.ok()) return status;
  if (Status status = replay(record::Reserve{checkpoint.reserved_end}); !status.ok()) return status;
  floor_ = std::max(floor_, checkpoint.floor);
  state_one_end_ = std::max(state_one_end_, checkpoint.state_one_end);
  Status status;
  const auto replay_all = [&](const auto& records) {
    for (const auto& each : records) {
      if (status.ok()) status = replay(each);
    }
  };
  repeating_ = true;
  replay_all(checkpoint.batches);
  replay_all(checkpoint.states);
  replay_all(checkpoint.votes);
  replay_all(checkpoint.decided);
  repeating_ = false;
  return status;
}

}  // namespace rabia::consensus
