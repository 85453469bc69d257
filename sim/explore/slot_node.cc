#include "sim/explore/slot_node.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "consensus/codec.h"
#include "consensus/common_coin.h"

namespace rabia::sim::explore {

using namespace consensus;  // NOLINT(google-build-using-namespace): this file is about its Node.

namespace {

constexpr RoundRange slot_rounds{{0}, {1}};
constexpr SlotId slot{slot_rounds.first, slot_owner};

const std::string cluster_id = "explore";
const std::string machine = "machine";
const base::SharedBytes batch_bytes{"batch"};

FoundingVector vector_with(std::size_t members, std::uint64_t salt) {
  FoundingVector vector;
  for (std::size_t i = 1; i <= members; ++i) {
    vector.push_back({{static_cast<std::uint16_t>(i)}, {salt, i}});
  }
  return vector;
}

// The first incarnation in which all coins of the slot show `value`.
FoundingVector vector_showing(std::size_t members, Bit value) {
  for (std::uint64_t salt = 0;; ++salt) {
    FoundingVector vector = vector_with(members, salt);
    bool all = true;
    for (Phase phase = first_phase; phase <= slot_phases_max; ++phase) {
      all = all && common_coin(incarnation_of(vector), slot, phase) == value;
    }
    if (all) return vector;
  }
}

NodeOptions options_of(const SlotCluster& cluster, ReplicaId self) {
  NodeOptions options;
  options.cluster_id = cluster_id;
  options.self = self;
  options.members = cluster.members;
  options.boot_id = machine;
  options.window_rounds = 4;
  options.ahead_rounds = 0;  // Only this round is given up on.
  return options;
}

bool speaks_of_slot(Lane lane, RoundRange rounds) {
  return lane == slot_owner && !rounds.clipped(slot_rounds).empty();
}

// The part of a State or CastVote that concerns the slot.
template <typename Recorded>
std::optional<Record> clipped(const Recorded& record) {
  if (!speaks_of_slot(record.lane, record.rounds)) return std::nullopt;
  Recorded part = record;
  part.rounds = slot_rounds;
  return part;
}

}  // namespace

SlotCluster::SlotCluster(std::size_t size) {
  for (std::size_t i = 1; i <= size; ++i) members.push_back({static_cast<std::uint16_t>(i)});
  for (const Bit coin : {Bit::zero, Bit::one}) {
    incarnations[static_cast<std::size_t>(coin)] = vector_showing(size, coin);
  }
}

SlotNode::SlotNode(const SlotCluster& cluster, ReplicaId self, const SlotLife& life)
    : self_(self),
      incarnation_(cluster.incarnations[static_cast<std::size_t>(life.coin)]),
      node_(options_of(cluster, self)) {
  for (const ReplicaId member : cluster.members) {
    if (member != self) others_.push_back(member);
  }
  start(life);
  for (const SlotInput& input : life.inputs) apply(input);
}

// Boot is durable at once, and so is a reservation of rounds above the slot: of all that a start
// writes only the reservation that covers the slot is explored.
void SlotNode::start(const SlotLife& life) {
  const record::Boot boot{cluster_id, incarnation_, self_, Mode::always, machine};
  RABIA_CHECK(node_.restore(boot, ++written_).ok());
  for (const Record& record : life.log) {
    RABIA_CHECK(node_.restore(record, ++written_).ok());
    reserved_ = reserved_ || std::holds_alternative<record::Reserve>(record);
    log_.push_back(record);
  }
  RABIA_CHECK(node_.start(now_).ok());
  take();
  while (durable_ != written_ && pending_.empty()) durable(written_);
}

void SlotNode::apply(const SlotInput& input) {
  if (const auto* heard = std::get_if<Heard>(&input)) {
    hear(*heard);
  } else if (std::holds_alternative<Asked>(input)) {
    asked();
  } else if (std::holds_alternative<Propose>(input)) {
    propose();
  } else {
    sync();
  }
}

std::vector<Record> SlotNode::pending() const {
  std::vector<Record> records;
  for (const Pending& each : pending_) records.push_back(each.record);
  return records;
}

bool SlotNode::life_matters() const {
  const bool may_use = node_.own_lane().lane_from() <= slot.round;
  const bool input_recorded = std::any_of(log_.begin(), log_.end(), [](const Record& record) {
    return std::holds_alternative<record::State>(record);
  });
  return is_owner() && may_use && !input_recorded;
}

std::string SlotNode::identity() const {
  std::string bytes;
  for (const Record& record : log_) encode(record, bytes);
  bytes += '|';
  for (const Pending& each : pending_) encode(each.record, bytes);
  if (life_matters()) bytes += node_.own_lane().next() > slot.round ? "|used" : "|fresh";
  return bytes;
}

// ---- inputs

void SlotNode::hear(const Heard& heard) {
  if (heard.time_passes && !others_.empty()) {
    message::Beat beat;
    beat.incarnation = incarnation_;
    beat.in_use_end = slot_rounds.end;
    receive(others_.front(), beat);
  }
  hear_flags(heard.flags);
  for (std::size_t i = 0; i < others_.size(); ++i) {
    const auto saying = static_cast<std::uint8_t>(heard.said >> (saying_bits * i) & 31U);
    hear_phase(others_[i], heard.phase, saying);
  }
  // Longer than absent_after: whoever has not connected is given up on.
  if (heard.time_passes) now_ += std::chrono::milliseconds(200);
  tick();
}

void SlotNode::hear_phase(ReplicaId from, Phase phase, std::uint8_t saying) {
  for (const Bit value : {Bit::zero, Bit::one}) {
    if ((saying & saying_of(value)) == 0) continue;
    receive(from, message::State{slot_owner, slot_rounds, phase, value});
  }
  for (const Vote value : {Vote::zero, Vote::one, Vote::question}) {
    if ((saying & saying_of(value)) == 0) continue;
    receive(from, message::CastVote{slot_owner, slot_rounds, phase, value});
  }
}

void SlotNode::hear_flags(std::uint8_t flags) {
  if ((flags & batch_created) != 0) {
    if (is_owner()) {  // Another holder brings its own batch back to it.
      receive(others_.front(), message::BatchCopy{slot, batch_bytes});
    } else {
      receive(slot_owner, message::Batch{slot.round, false, batch_bytes});
    }
  }
  if ((flags & lane_from_above) != 0) hear_lane_from();
  if ((flags & slot_skipped) != 0) receive(slot_owner, message::Skip{slot_rounds});
  for (const Bit value : {Bit::zero, Bit::one}) {
    const auto flag = value == Bit::one ? decided_one : decided_zero;
    if ((flags & flag) == 0) continue;
    receive(others_.front(), message::Decided{slot_owner, slot_rounds, value});
  }
}

void SlotNode::hear_lane_from() {
  message::Beat beat;
  beat.incarnation = incarnation_;
  beat.lane_from = slot_rounds.end;
  receive(slot_owner, beat);
}

void SlotNode::asked() {
  if (others_.empty()) return;
  receive(others_.front(), message::Need{});
  take();
}

void SlotNode::propose() {
  if (!node_.can_propose()) return;
  if (node_.propose(batch_bytes, now_) == slot.round) flags_ |= batch_created;
  tick();
}

// Only what the record binds the member to is handed out: what follows from it is the next step's.
void SlotNode::sync() {
  RABIA_CHECK(!pending_.empty());
  durable(pending_.front().number);
}

// ---- outputs

void SlotNode::durable(RecordNumber up_to) {
  durable_ = up_to;
  while (!pending_.empty() && pending_.front().number <= up_to) {
    log_.push_back(std::move(pending_.front().record));
    pending_.erase(pending_.begin());
  }
  node_.durable(up_to, now_);
  take();
}

void SlotNode::receive(ReplicaId from, const Message& message) {
  for (int i = 0; i < 2; ++i) node_.receive(from, node_.incarnation(), message, now_);
}

void SlotNode::tick() {
  node_.tick(now_);
  take();
}

void SlotNode::take() {
  Ready& ready = node_.ready();
  for (const Record& record : ready.records) take(record);
  for (const Outgoing& outgoing : ready.messages) take(outgoing.message);
  ready.clear();
}

void SlotNode::take(const Record& record) {
  ++written_;
  std::optional<Record> part;
  if (const auto* state = std::get_if<record::State>(&record)) {
    part = clipped(*state);
  } else if (const auto* vote = std::get_if<record::CastVote>(&record)) {
    part = clipped(*vote);
  } else if (const auto* decided = std::get_if<record::Decided>(&record)) {
    if (speaks_of_slot(decided->lane, decided->rounds)) {
      flags_ |= decided->value == Bit::one ? decided_one : decided_zero;
    }
  } else if (std::holds_alternative<record::Reserve>(record) && is_owner() && !reserved_) {
    reserved_ = true;
    part = record;
  }
  if (part) pending_.push_back({written_, *std::move(part)});
}

void SlotNode::take(const Message& message) {
  if (const auto* state = std::get_if<message::State>(&message)) {
    if (speaks_of_slot(state->lane, state->rounds))
      said_.add(state->phase, saying_of(state->value));
  } else if (const auto* vote = std::get_if<message::CastVote>(&message)) {
    if (speaks_of_slot(vote->lane, vote->rounds)) said_.add(vote->phase, saying_of(vote->value));
  } else if (const auto* skip = std::get_if<message::Skip>(&message)) {
    if (skip->rounds.contains(slot.round) && is_owner()) flags_ |= slot_skipped;
  }
}

}  // namespace rabia::sim::explore
