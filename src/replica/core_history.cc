// Slots executed long ago, for a peer that lacks them. protocol.md, section 7.
#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/mutant.h"
#include "io/log.h"
#include "replica/core.h"

namespace rabia::replica {

using consensus::Bit;
using consensus::Round;
using consensus::SlotId;

// One reply while its batches are read from the log.
struct Core::HistoryReply {
  ReplicaId peer;
  consensus::RoundRange rounds;  // Everything of these is in the reply.
  std::vector<History::Entry> entries;
  std::vector<base::SharedBytes> batches;  // Of each entry.
};

namespace {

// The batch of the slot in a record that was stored as holding it.
base::SharedBytes batch_in(std::string_view payload, SlotId slot) {
  const Result<consensus::Record> record = consensus::decode_record(payload);
  if (!record.ok()) return {};
  if (const auto* state = std::get_if<consensus::record::State>(&record.value())) {
    return state->batch;
  }
  if (const auto* batch = std::get_if<consensus::record::Batch>(&record.value())) {
    return batch->bytes;
  }
  if (const auto* checkpoint = std::get_if<consensus::record::Checkpoint>(&record.value())) {
    for (const consensus::record::Batch& batch : checkpoint->batches) {
      if (batch.slot == slot) return batch.bytes;
    }
  }
  return {};
}

}  // namespace

// Where a batch can be read again, and from where on the log is needed.
void Core::note_place(const consensus::Record& record, storage::Lsn lsn,
                      const storage::RecordLocation& location) {
  if (const auto* state = std::get_if<consensus::record::State>(&record)) {
    if (state->batch) history_.stored({state->rounds.first, state->lane}, location);
  } else if (const auto* batch = std::get_if<consensus::record::Batch>(&record)) {
    history_.stored(batch->slot, location);
  } else if (const auto* checkpoint = std::get_if<consensus::record::Checkpoint>(&record)) {
    checkpoints_[checkpoint->round] = {lsn, location.segment};
    for (const consensus::record::Batch& each : checkpoint->batches) {
      history_.stored_again(each.slot, location);
    }
  }
}

void Core::reply_from_history(const consensus::HistoryRequest& request) {
  if (!history_requests_.begin(request.peer, request)) return;
  const Round first = request.rounds.first;
  if (lanes_ == nullptr || !history_.reaches_back_to(first)) {  // As published: it keeps its own.
    if (snapshots_) {
      offer_snapshot(request.peer, first);
    } else {
      io::log(io::Level::warning, "replica", "a peer is behind what is kept in memory",
              {{"peer", request.peer}, {"round", first.value}});
    }
    history_requests_.end(request.peer);
    return;
  }
  // No more than one window: the peer cannot take more at once.
  const consensus::RoundRange window = lanes_->window().range();
  const Round window_end = std::min(request.rounds.end, first + distance(window.first, window.end));
  const Round end = node_->configurations().same_until(first, window_end);  // Of one set of lanes.
  const std::uint64_t bytes_max = options_.tuning.history_reply_bytes;
  History::Part part = history_.part({first, end}, bytes_max);
  const bool all = base::mutated(base::Mutant::cut_history_said_empty);
  const consensus::RoundRange rounds{first, all ? end : part.end};
  std::vector<SlotId> wanted = request.wanted;
  std::erase_if(wanted, [&](SlotId slot) { return rounds.contains(slot.round); });
  history_.add(wanted, bytes_max, part);
  auto reply = std::make_shared<HistoryReply>(
      HistoryReply{request.peer, rounds, std::move(part.entries), std::move(part.batches)});
  read_batches(reply);
}

void Core::read_batches(const std::shared_ptr<HistoryReply>& reply) {
  if (reply->batches.size() == reply->entries.size()) {
    finish_history(*reply);
    return;
  }
  std::vector<storage::RecordLocation> locations;
  for (const History::Entry& entry : reply->entries) locations.push_back(entry.location);
  wal_->read(std::move(locations), [this, reply](Result<std::vector<std::string>> read) {
    if (stopped_) return;
    Status failed = read.status();
    if (read.ok()) {
      for (std::size_t i = 0; i < reply->entries.size(); ++i) {
        reply->batches.push_back(batch_in(read.value()[i], reply->entries[i].slot));
      }
      if (std::any_of(reply->batches.begin(), reply->batches.end(),
                      [](const base::SharedBytes& batch) { return !batch; })) {
        failed = {Code::corrupted, "a record that should hold a batch holds none"};
      }
    }
    if (!failed.ok()) {  // Somebody else may have it; nothing wrong is ever given.
      io::log(io::Level::error, "replica", "cannot read batches back for a peer",
              {{"peer", reply->peer},
               {"round", reply->rounds.first.value},
               {"reason", failed.message()}});
      history_requests_.end(reply->peer);
      return;
    }
    finish_history(*reply);
    schedule();  // Sends what was gathered.
  });
}

void Core::finish_history(HistoryReply& reply) {
  send_history(reply);
  if (const auto next = history_requests_.end(reply.peer)) reply_from_history(*next);
}

void Core::send_history(HistoryReply& reply) {
  const auto say = [&](consensus::Message message) {
    send({reply.peer, nullptr, std::move(message)});
  };
  // What is not 1 in an executed round is 0: in ranges, lane by lane; all of one configuration.
  const auto& configuration = node_->configurations().at(reply.rounds.first);
  for (const ReplicaId lane : configuration.members()) {
    Round from = reply.rounds.first;
    const auto zeros_until = [&](Round end) {
      if (from < end) say(consensus::message::Decided{lane, {from, end}, Bit::zero});
    };
    for (const History::Entry& entry : reply.entries) {
      if (entry.slot.lane != lane || !reply.rounds.contains(entry.slot.round)) continue;
      zeros_until(entry.slot.round);
      from = entry.slot.round + 1;
    }
    zeros_until(reply.rounds.end);
  }
  for (std::size_t i = 0; i < reply.entries.size(); ++i) {
    const SlotId slot = reply.entries[i].slot;
    say(consensus::message::Decided{slot.lane, {slot.round, slot.round + 1}, Bit::one});
    say(consensus::message::BatchCopy{slot, std::move(reply.batches[i])});
  }
  say(consensus::message::NeedEnd{reply.rounds.end, true});
}

}  // namespace rabia::replica
