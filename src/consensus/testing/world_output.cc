// Carrying out a Ready, with a crash at any point of it.
#include <algorithm>
#include <ostream>
#include <utility>

#include "base/check.h"
#include "base/codec.h"
#include "consensus/codec.h"
#include "consensus/testing/print.h"
#include "consensus/testing/world.h"

namespace rabia::consensus::testing {

// In the order that node.h asks for. A crash leaves the first few of the outputs done.
World::Outcome World::carry_out(Process& process) {
  const Ready ready = std::exchange(process.node->ready(), {});
  std::size_t left = ready.records.size() + ready.executions.size() + ready.messages.size() + 1;
  const bool crashes = random_.below(1000) < faults_.crash_permille;
  if (crashes) left = random_.below(left);
  const auto spend = [&left, crashes] { return !crashes || left-- > 0; };
  const auto dies = [&] {
    const ReplicaId id = process.id;
    end_life(process);
    at_unless_healed(now_ + draw(faults_.down), [this, id] { restart(id); });
    return Outcome::crashed;
  };

  for (const Record& record : ready.records) {
    if (!spend()) return dies();
    append(process, record);
  }
  if (ready.waits) start_sync(process);
  for (const OwnDecision& decision : ready.own_decisions) take_own_decision(process, decision);
  for (const Execution& execution : ready.executions) {
    if (!spend()) return dies();
    execute(process, execution);
  }
  finish_reads(process, process.node->reads_done());
  for (const Outgoing& outgoing : ready.messages) {
    if (!spend()) return dies();
    if (outgoing.to) {
      send(process, *outgoing.to, outgoing.message);
      continue;
    }
    for (const ReplicaId member : outgoing.everyone_of->members()) {
      if (member != process.id) send(process, member, outgoing.message);
    }
  }
  for (const HistoryRequest& request : ready.history) answer_history(process, request);
  return crashes ? dies() : Outcome::alive;
}

// ---- records

void World::append(Process& process, const Record& record) {
  if (options_.trace != nullptr) {
    *options_.trace << now_.time_since_epoch().count() / 1000 << " " << process.id.value
                    << " writes " << print(record) << "\n";
  }
  ++tally_.records;
  process.disk.append(record);
  process.slots.add(record);
  invariants_.wrote(process.id, record);
  if (options_.node.mode == Mode::memory) {  // Held by the process is durable.
    became_durable(process, process.disk.written(), process.disk.written());
  }
}

void World::start_sync(Process& process) {
  process.sync_wanted = process.sync_running;
  if (process.sync_running) return;
  process.sync_running = true;
  const RecordNumber up_to = process.disk.written();
  const RecordNumber from = process.disk.durable() + 1;
  const bool memory = options_.node.mode == Mode::memory;
  const base::Duration takes = memory ? base::Duration::zero() : draw(options_.sync);
  at_life(process, now_ + takes, [this, from, up_to](Process& target) {
    target.sync_running = false;
    if (options_.node.mode != Mode::memory) became_durable(target, from, up_to);
    give(target, [this, up_to](Node& node) { node.durable(up_to, now_); });
    if (target.sync_wanted) start_sync(target);  // Nobody waits for lazy records alone.
  });
}

void World::became_durable(Process& process, RecordNumber from, RecordNumber up_to) {
  process.disk.make_durable(up_to);
  for (RecordNumber number = from; number <= up_to; ++number) {
    invariants_.durable(process.id, process.disk.read(number));
  }
}

// ---- clients

void World::take_own_decision(Process& process, const OwnDecision& decision) {
  const auto proposed = process.under_way.find(decision.round);
  RABIA_CHECK(proposed != process.under_way.end());
  if (decision.value == Bit::one) {
    process.to_acknowledge[decision.round] = proposed->second;
  } else {  // Only who created it, and only now, may propose it again (section 3).
    ++tally_.proposed_again;
    process.to_propose.push_front(proposed->second);
    give(process, [](Node&) {});
  }
  process.under_way.erase(proposed);
}

void World::execute(Process& process, const Execution& execution) {
  invariants_.executed(process.id, process.executed, execution.slot, execution.batch);
  ++process.executed;
  if (execution.slot.lane != process.id) return;
  const auto waiting = process.to_acknowledge.find(execution.slot.round);
  if (waiting == process.to_acknowledge.end()) return;  // Of an earlier life.
  RABIA_CHECK(waiting->second == execution.batch);
  process.to_acknowledge.erase(waiting);
  ++tally_.acknowledged;
  ++process.acknowledged;
  invariants_.acknowledged(process.executed);
}

void World::finish_reads(Process& process, std::uint64_t up_to) {
  while (!process.reads.empty() && process.reads.begin()->first <= up_to) {
    invariants_.read_done(process.id, process.reads.begin()->second, process.executed);
    process.reads.erase(process.reads.begin());
    ++tally_.reads;
    ++process.reads_done;
  }
}

// ---- messages

// As the comment at HistoryRequest says. The log knows every executed slot.
void World::answer_history(Process& process, const HistoryRequest& request) {
  ++tally_.history_requests;
  std::uint64_t bytes = 0;
  const auto copy = [&](SlotId slot) {
    if (const base::SharedBytes batch = process.slots.batch(slot)) {
      bytes += batch.size();
      send(process, request.peer, message::BatchCopy{slot, batch});
    }
  };
  for (const SlotId slot : request.wanted) copy(slot);
  Round round = request.rounds.first;
  for (; round < request.rounds.end && bytes < options_.node.reply_bytes_max; ++round) {
    for (const ReplicaId lane : members()) {
      const std::optional<Bit> decision = process.slots.decision({round, lane});
      RABIA_CHECK(decision.has_value());
      if (*decision == Bit::one) copy({round, lane});
      bytes += 16;
      send(process, request.peer, message::Decided{lane, {round, round + 1}, *decision});
    }
  }
  send(process, request.peer, message::NeedEnd{round, true});
}

void World::send(Process& process, ReplicaId to, const Message& message) {
  const Node& node = *process.node;
  invariants_.sent({process.id, node.window().range(), {}, node.own_lane().lane_from()}, message);
  ++tally_.messages[message.index()];
  if (options_.trace != nullptr) {
    *options_.trace << now_.time_since_epoch().count() / 1000 << " " << process.id.value << " -> "
                    << to.value << " " << print(message) << "\n";
  }
  transmit(process, to, message);
  if (random_.chance(faults_.duplicate_percent)) transmit(process, to, message);
}

void World::transmit(const Process& process, ReplicaId to, const Message& message) {
  if (link(process.id, to).connection == 0 || random_.chance(faults_.loss_percent)) return;
  std::string bytes;
  encode(message, bytes);
  at(now_ + draw(options_.link),
     [this, from = process.id, life = process.life, incarnation = process.node->incarnation(), to,
      bytes = std::move(bytes)] { deliver(from, life, incarnation, to, bytes); });
}

// It arrives even if its connection, or its sender's life, has ended meanwhile.
void World::deliver(ReplicaId from, std::uint64_t life, Incarnation incarnation, ReplicaId to,
                    const std::string& bytes) {
  Process& process = processes_.at(to);
  if (process.node == nullptr) return;
  base::Decoder in(bytes);
  Result<Message> message = decode_message(in);
  RABIA_CHECK(message.ok() && in.complete());
  const Process& sender = processes_.at(from);
  if (sender.life != life || sender.node == nullptr) ++tally_.from_earlier_lives;
  const Round end = process.node->window().end();
  const auto* batch = std::get_if<message::Batch>(&message.value());
  const auto* state = std::get_if<message::State>(&message.value());
  if ((batch != nullptr && batch->round >= end) ||
      (state != nullptr && state->value == Bit::one && state->rounds.first >= end)) {
    ++tally_.beyond_window;
  }
  give(process, [this, from, incarnation, taken = message.take()](Node& node) {
    node.receive(from, incarnation, taken, now_);
  });
}

}  // namespace rabia::consensus::testing
