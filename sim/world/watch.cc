#include "sim/world/watch.h"

#include <algorithm>
#include <utility>

#include "consensus/codec.h"
#include "consensus/testing/print.h"

namespace rabia::sim {

using consensus::Record;
using consensus::RecordNumber;

namespace {

enum Happening : std::uint64_t { wrote = 1, became_durable_, said, heard, did };

template <typename Thing>
std::string bytes_of(const Thing& thing) {
  std::string bytes;
  consensus::encode(thing, bytes);
  return bytes;
}

}  // namespace

// Section 8, "Why": of the members of one incarnation fewer than a quorum are left when another is
// founded. So no two were ever held by a quorum each, also counting those that forgot it.
void ClusterWatch::booted(ReplicaId member, consensus::Incarnation incarnation) {
  members_of[incarnation].insert(member);
  const auto quorums = std::count_if(
      members_of.begin(), members_of.end(),
      [this](const auto& each) { return each.second.size() >= members.quorums().quorum(); });
  if (quorums > 1) broken("section 8, first start: two incarnations had a quorum of members each");
}

// ---- lives

void HostWatch::begin_life() {
  ++life_;
  attempts_ = 0;
  node_is_gone();
  begin_recovery();
  last_group_ = 0;
  reads_.clear();
  distrusted_.clear();
}

void HostWatch::begin_recovery() {
  recovered_ = 0;
  stopped_cleanly_before_ = false;
  loss_.clear();
  lane_from_ = {};
  incarnation_ = 0;
  without_memory_ = false;
}

// A second time in one life: what its directory held was put aside, and it begins anew.
void HostWatch::attached(const consensus::Engine& node) {
  node_ = &node;
  lanes_ = dynamic_cast<const consensus::Node*>(&node);
  if (++attempts_ == 1) return;
  begin_recovery();
  forget_log();
}

bool HostWatch::is_whole() const {
  return node_ != nullptr && node_->stage() == consensus::Node::Stage::running &&
         node_->executed_end() >= node_->floor();
}

void HostWatch::end_life() {
  if (node_ == nullptr) return;
  const consensus::NodeCounters& counters = node_->counters();
  Tally& tally = cluster_.tally;
  tally[Count::slots_1_by_states] += counters.decided_one;
  tally[Count::slots_0_by_states] += counters.decided_zero_by_states;
  tally[Count::slots_0_by_votes] += counters.decided_zero_by_votes;
  tally[Count::slots_0_by_skip] += counters.decided_zero_by_skip;
  tally[Count::slots_in_later_phases] += counters.decided_in_later_phases;
  tally[Count::slots_learned] += counters.learned;
  tally[Count::coins] += counters.coins;
  tally[Count::forfeits] += counters.forfeits;
  tally[Count::zeros_ahead] += counters.zeros_ahead;
  tally[Count::barriers] += counters.barriers;
  tally[Count::batch_fetched] += counters.fetches;
  tally[Count::beyond_window_dropped] += counters.beyond_window_dropped;
  node_is_gone();
}

void HostWatch::forget_log() {
  log_.clear();
  durable_ = 0;
  incarnation_ = 0;
  founded_ = false;
  must_forget_ = false;
}

// ---- the log

void HostWatch::recovered(RecordNumber number, const Record& record) {
  recovered_ = number;
  stopped_cleanly_before_ = std::holds_alternative<consensus::record::CleanStop>(record);
  const std::uint64_t digest = base::hash64(bytes_of(record));
  if (const auto* boot = std::get_if<consensus::record::Boot>(&record)) {
    incarnation_ = consensus::incarnation_of(boot->incarnation);
    without_memory_ = boot->without_memory;
  }
  if (const auto* reserve = std::get_if<consensus::record::Reserve>(&record)) {
    lane_from_ = std::max(lane_from_, reserve->end);
  }
  if (const auto* rejoin = std::get_if<consensus::record::Rejoin>(&record)) {
    lane_from_ = std::max(lane_from_, rejoin->end);
    without_memory_ = false;
  }
  if (const auto* checkpoint = std::get_if<consensus::record::Checkpoint>(&record)) {
    lane_from_ = std::max(lane_from_, checkpoint->reserved_end);
    incarnation_ = consensus::incarnation_of(checkpoint->boot.incarnation);
  }
  if (number > log_.size()) {  // The mark of a clean stop is written without being seen.
    log_.push_back({digest, record});
    if (!std::holds_alternative<consensus::record::CleanStop>(record)) {
      loss_ = "record " + std::to_string(number) + " came back, and nobody wrote it";
    }
  } else if (log_[number - 1].digest != digest) {
    loss_ = "record " + std::to_string(number) +
            " came back as another one: " + consensus::testing::print(record);
    log_[number - 1].digest = digest;
  }
}

void HostWatch::log_recovered(const storage::Wal::RecoverySummary& summary) {
  if (recovered_ < durable_) {
    loss_ = std::to_string(recovered_) + " records came back, and " + std::to_string(durable_) +
            " had been durable";
    durable_ = recovered_;
  }
  if (recovered_ < log_.size()) ++cluster_.tally[Count::record_lost_before_durable];
  if (summary.torn_bytes_cut > 0) ++cluster_.tally[Count::torn_tail];
  if (summary.first_lsn > 1) ++cluster_.tally[Count::log_cut_off];
  if (lane_from_ > consensus::Round{}) ++cluster_.tally[Count::restart_with_reservation];
  if (without_memory_) ++cluster_.tally[Count::rejoin_interrupted];
  if (stopped_cleanly_before_) must_forget_ = false;  // Everything since was said after a Boot.
  while (log_.size() > recovered_) log_.pop_back();
  became_durable(recovered_);
  if (cluster_.trace.printing()) {
    print("recovered " + std::to_string(recovered_) + " records" +
          (summary.torn_at.empty() ? "" : ", torn at " + summary.torn_at));
  }
}

void HostWatch::appended(RecordNumber number, const Record& record) {
  if (!effect_()) return;
  const std::string bytes = bytes_of(record);
  cluster_.trace.mix(wrote + (std::uint64_t{id_.value} << 8), bytes);
  ++cluster_.tally[Count::records];
  note_escape_row(record);
  const auto* reserve = std::get_if<consensus::record::Reserve>(&record);
  if (reserve != nullptr && reserve->end > lanes_->window().end()) {
    cluster_.broken("section 3, reserve: a reservation beyond the window");
  }
  if (std::holds_alternative<consensus::record::Checkpoint>(record)) {
    ++cluster_.tally[Count::checkpoints];
  } else {
    ++cluster_.records;  // A snapshot may be due also when nobody writes.
  }
  if (const auto* founding = std::get_if<consensus::record::Founding>(&record)) {
    if (!said_.empty() && founding->said != said_) {
      ++cluster_.tally[Count::founding_vector_left];
    }
    said_ = founding->said;
  }
  if (cluster_.trace.printing()) {
    print("writes " + std::to_string(number) + ": " + consensus::testing::print(record));
  }
  if (const auto* boot = std::get_if<consensus::record::Boot>(&record)) note_boot(*boot);
  log_.push_back({base::hash64(bytes), record});
  invariants().wrote(id_, record);
}

// Section 12, step 1: anything missing, and it takes no part under its old promises.
void HostWatch::note_boot(const consensus::record::Boot& boot) {
  incarnation_ = consensus::incarnation_of(boot.incarnation);
  if (boot.without_memory) {
    if (!without_memory_ && !log_.empty()) ++cluster_.tally[Count::memory_doubted];
  } else if (without_memory_) {
    cluster_.broken("section 12: " + name_ + " forgets that it has not come back yet");
  } else if (!loss_.empty()) {
    cluster_.broken("section 1, durable: " + name_ + " takes part, and " + loss_);
  } else if (must_forget_) {
    cluster_.broken("section 8: " + name_ + " takes part in mode `os` after a loss of power");
  }
  without_memory_ = boot.without_memory;
}

void HostWatch::durable(RecordNumber up_to) {
  if (!effect_()) return;
  cluster_.trace.mix(became_durable_ + (std::uint64_t{id_.value} << 8) + (up_to << 24));
  if (cluster_.trace.printing()) print("durable up to " + std::to_string(up_to));
  became_durable(up_to);
}

void HostWatch::became_durable(RecordNumber up_to) {
  while (durable_ < up_to && durable_ < log_.size()) {
    Written& written = log_[durable_++];
    invariants().durable(id_, written.record);
    if (const auto* rejoin = std::get_if<consensus::record::Rejoin>(&written.record)) {
      ++cluster_.tally[Count::rejoins];
      lane_from_ = std::max(lane_from_, rejoin->end);
      without_memory_ = must_forget_ = false;
    }
    if (std::holds_alternative<consensus::record::Boot>(written.record)) {
      founded_ = true;
      if (!without_memory_) cluster_.booted(id_, incarnation_);
    }
    written.record = consensus::record::CleanStop{};  // Its digest is enough from here on.
  }
}

// Section 2.2: all votes ?, the batch not held, f + 1 states 0 known.
void HostWatch::note_escape_row(const Record& record) {
  const auto* state = std::get_if<consensus::record::State>(&record);
  if (state == nullptr || state->phase != 2 || state->value != consensus::Bit::zero) return;
  const consensus::Slot* slot = lanes_->window().find({state->rounds.first, state->lane});
  if (slot == nullptr) return;
  if (slot->agreement.tally(consensus::first_phase).votes_zero.empty()) {
    ++cluster_.tally[Count::escape_row];
  }
}

// ---- batches and reads

void HostWatch::proposed(consensus::Round round, std::uint64_t group) {
  if (!effect_()) return;
  if (lanes_ == nullptr) {
    cluster_.published(node_->incarnation()).created(id_, round.value);
    return;
  }
  last_group_ = std::max(last_group_, group);
  if (group < last_group_) ++cluster_.tally[Count::reproposals];
  const std::uint64_t identity =
      (std::uint64_t{id_.value} << 48) + (life_ << 32) + group;  // Unique in this world.
  invariants().created({round, id_}, identity);
}

void HostWatch::executed(const consensus::Execution& execution, LogPosition before, bool answered) {
  if (!effect_()) return;
  cluster_.trace.mix(did + (std::uint64_t{id_.value} << 8) + (before.value << 24));
  if (cluster_.trace.printing()) {
    print("executes batch " + std::to_string(before.value) + " of slot (" +
          std::to_string(execution.slot.round.value) + ", " +
          std::to_string(execution.slot.lane.value) + ")");
  }
  if (cluster_.executing == 0) cluster_.executing = incarnation_;
  if (cluster_.executing != incarnation_) {
    cluster_.broken("section 8, first start: two incarnations of one cluster execute batches");
  }
  if (lanes_ == nullptr) {
    cluster_.published(node_->incarnation())
        .executed(id_, before.value, execution.slot, execution.batch, execution.executed_end);
  } else {
    invariants().executed(id_, before.value, execution.slot, execution.batch);
  }
  if (execution.membership) {
    ++cluster_
          .tally[execution.membership->ok() ? Count::members_changed : Count::members_change_void];
    invariants().configured(id_, node_->configurations());
  }
  if (answered) invariants().acknowledged(before.value + 1);
}

void HostWatch::read_began(std::uint64_t token) {
  if (!effect_()) return;
  reads_[token] = invariants().read_asked();
  if (cluster_.trace.printing()) {
    print("begins read " + std::to_string(token) + ", which must see " +
          std::to_string(reads_[token]) + " batches");
  }
}

void HostWatch::read_done(std::uint64_t token, LogPosition executed) {
  if (!effect_()) return;
  if (cluster_.trace.printing()) {
    print("read " + std::to_string(token) + " looks after " + std::to_string(executed.value) +
          " batches");
  }
  invariants().read_done(id_, reads_[token], executed.value);
  reads_.erase(token);
}

void HostWatch::installed(const storage::SnapshotHeader& header) {
  if (!effect_()) return;
  ++cluster_.tally[Count::snapshots_installed];
  if (cluster_.trace.printing()) {
    print("has the state of a peer's snapshot: round " + std::to_string(header.round) + ", " +
          std::to_string(header.position) + " batches");
  }
}

// ---- messages

namespace {

// Beats of a founded cluster say nothing that a trace needs, and are many.
bool is_told(const consensus::Message& message) {
  const auto* beat = std::get_if<consensus::message::Beat>(&message);
  return beat == nullptr || beat->incarnation.empty();
}

}  // namespace

void HostWatch::sent(const consensus::Outgoing& outgoing) {
  if (!effect_()) return;
  const consensus::Message& message = outgoing.message;
  cluster_.trace.mix(said + (std::uint64_t{id_.value} << 8), bytes_of(message));
  ++cluster_.tally[Count::messages];
  const auto* beat = std::get_if<consensus::message::Beat>(&message);
  ++(beat != nullptr ? cluster_.beats_sent : cluster_.others_sent);
  if (const auto* copy = std::get_if<consensus::message::BatchCopy>(&message)) {
    const bool from_log = copy->slot.round < node_->executed_end();
    if (from_log) ++cluster_.tally[Count::history_served];
  }
  if (beat != nullptr) note_trust(*beat);
  if (cluster_.trace.printing() && is_told(message)) {
    print((outgoing.to ? "-> r" + std::to_string(outgoing.to->value) : std::string("-> all")) +
          ": " + consensus::testing::print(message));
  }
  using Stage = consensus::Node::Stage;
  if (node_->stage() != Stage::running && node_->stage() != Stage::rejoining) return;
  if (const auto* published = std::get_if<consensus::message::Published>(&message)) {
    cluster_.published(node_->incarnation()).sent(id_, published->said);
  } else if (lanes_ != nullptr) {
    invariants().sent({id_, lanes_->window().range(), lanes_->floor(), lane_from_}, message);
  }
}

void HostWatch::received(ReplicaId from, const consensus::Message& message) {
  if (!effect_()) return;
  cluster_.trace.mix(heard + (std::uint64_t{id_.value} << 8) + (std::uint64_t{from.value} << 24),
                     bytes_of(message));
  if (cluster_.trace.printing() && is_told(message)) {
    print("<- r" + std::to_string(from.value) + ": " + consensus::testing::print(message));
  }
}

void HostWatch::disk_changed(replica::DiskStatus::Room room) {
  using Room = replica::DiskStatus::Room;
  if (room == Room::low) ++cluster_.tally[Count::disk_low];
  if (room == Room::critical) ++cluster_.tally[Count::disk_critical];
}

void HostWatch::note_trust(const consensus::message::Beat& beat) {
  for (const consensus::message::LaneReport& report : beat.lanes) {
    if (report.interval > 1 && distrusted_.insert(report.lane).second) {
      ++cluster_.tally[Count::lane_distrusted];
    }
    if (report.interval == 1 && distrusted_.erase(report.lane) > 0) {
      ++cluster_.tally[Count::lane_trusted_again];
    }
  }
}

}  // namespace rabia::sim
