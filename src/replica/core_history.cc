// Slots executed long ago, for a peer that lacks them. protocol.md, section 7.
#include <utility>

#include "base/codec.h"
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
  std::size_t next = 0;  // The entry whose batch is read next.
};

void Core::reply_from_history(const consensus::HistoryRequest& request) {
  if (!history_replies_.insert(request.peer).second) return;  // It asks again.
  // No more than one window: the peer cannot take more at once.
  const consensus::RoundRange window = node_->window().range();
  const Round most = request.rounds.first + distance(window.first, window.end);
  const consensus::RoundRange asked{request.rounds.first, std::min(request.rounds.end, most)};
  if (!history_.reaches_back_to(asked.first)) {
    io::log(io::Level::warning, "replica", "a peer is behind what is kept in memory",
            {{"peer", request.peer}, {"round", asked.first.value}});
    history_replies_.erase(request.peer);
    return;
  }
  auto reply = std::make_shared<HistoryReply>();
  History::Part part = history_.part(asked, history_reply_bytes);
  reply->peer = request.peer;
  reply->rounds = {asked.first, part.end};
  reply->entries = std::move(part.entries);
  for (const SlotId slot : request.wanted) {
    if (reply->rounds.contains(slot.round)) continue;
    if (auto entry = history_.find(slot)) reply->entries.push_back(std::move(*entry));
  }
  read_next(reply);
}

// Reads the batches one after the other, behind what the log is about to write.
void Core::read_next(const std::shared_ptr<HistoryReply>& reply) {
  while (reply->next < reply->entries.size() && reply->entries[reply->next].batch) ++reply->next;
  if (reply->next == reply->entries.size()) {
    send_history(*reply);
    history_replies_.erase(reply->peer);
    return;
  }
  History::Entry& entry = reply->entries[reply->next];
  wal_->read(entry.location, [this, reply, &entry](Result<std::string> read) {
    if (stopped_) return;
    Status failed = read.status();
    if (read.ok()) {
      const auto record = consensus::decode_record(read.value());
      if (record.ok()) {
        if (const auto* state = std::get_if<consensus::record::State>(&record.value())) {
          entry.batch = state->batch;
        } else if (const auto* batch = std::get_if<consensus::record::Batch>(&record.value())) {
          entry.batch = batch->bytes;
        }
      }
      if (!entry.batch) failed = {Code::corrupted, "the record holds no batch"};
    }
    if (!entry.batch) {  // Somebody else may have it; nothing wrong is ever given.
      io::log(io::Level::error, "replica", "cannot read back a batch for a peer",
              {{"peer", reply->peer},
               {"round", entry.slot.round.value},
               {"reason", failed.message()}});
      history_replies_.erase(reply->peer);
      return;
    }
    read_next(reply);
    schedule();  // Sends what was gathered.
  });
}

void Core::send_history(HistoryReply& reply) {
  const auto say = [&](consensus::Message message) {
    outbox_->add(node_->incarnation(), options_.self, {reply.peer, nullptr, std::move(message)});
  };
  // What is not 1 in an executed round is 0: in ranges, lane by lane.
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
  for (History::Entry& entry : reply.entries) {
    const Round round = entry.slot.round;
    say(consensus::message::BatchCopy{entry.slot, std::move(entry.batch)});
    say(consensus::message::Decided{entry.slot.lane, {round, round + 1}, Bit::one});
  }
  say(consensus::message::NeedEnd{reply.rounds.end, true});
}

}  // namespace rabia::replica
