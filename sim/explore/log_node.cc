#include "sim/explore/log_node.h"

#include <algorithm>

#include "base/check.h"
#include "consensus/codec.h"

namespace rabia::sim::explore {

using namespace consensus;  // NOLINT(google-build-using-namespace): this file is about its Node.

namespace {

const std::string cluster_id = "explore";
const std::string machine = "machine";

std::vector<ReplicaId> all_members() {
  std::vector<ReplicaId> members;
  for (std::size_t i = 1; i <= log_members; ++i) members.push_back({static_cast<std::uint16_t>(i)});
  return members;
}

FoundingVector incarnation() {
  FoundingVector vector;
  for (const ReplicaId member : all_members()) vector.push_back({member, {member.value, 0}});
  return vector;
}

NodeOptions options_of(const LogBirth& birth) {
  NodeOptions options;
  options.cluster_id = cluster_id;
  options.self = birth.self;
  options.members = all_members();
  options.boot_id = machine;
  options.life = {birth.self.value, birth.life};
  options.window_rounds = 4;
  options.ahead_rounds = 0;
  // One patience for everything: it ends at once, whatever was measured before.
  LaneWatchOptions& watch = options.lane_watch;
  watch.patience_first = watch.patience_least = watch.patience_most = std::chrono::milliseconds(20);
  return options;
}

// Decisions and batches are written for nobody to wait for, and a crash loses them: README.md.
bool is_awaited(const Record& record) {
  return !std::holds_alternative<record::Decided>(record) &&
         !std::holds_alternative<record::Batch>(record);
}

void append(std::string& bytes, std::uint64_t number) {
  bytes += std::to_string(number) + ' ';
}

}  // namespace

// The first records of a life, Boot and in a first life the reservation, are durable at once.
LogNode::LogNode(const LogBirth& birth)
    : self_(birth.self),
      life_(birth.life),
      beats_(birth.beats),
      node_(options_of(birth)),
      log_(birth.log) {
  const record::Boot boot{cluster_id, incarnation(), self_, Mode::always, machine};
  RABIA_CHECK(node_.restore(boot, ++written_).ok());
  for (const Record& record : log_) {
    RABIA_CHECK(node_.restore(record, ++written_).ok());
    take();
  }
  RABIA_CHECK(node_.start(now_).ok());
  take();
  pending_.clear();  // Boot: every life writes the same.
  node_.durable(written_, now_);
  take();
  if (log_.empty()) sync();
  for (const ReplicaId member : all_members()) {
    if (member != self_) node_.peer_up(member, now_);
  }
  step();
}

void LogNode::forget() {
  sent_.clear();
  events_ = {};
}

// ---- inputs

void LogNode::deliver(ReplicaId from, const Message& message) {
  const auto* answer = std::get_if<message::Answer>(&message);
  if (answer != nullptr && asked_ == answer->nonce) answers_.try_emplace(from, answer->end);
  if (const auto* beat = std::get_if<message::Beat>(&message)) {
    lane_from_[from] = std::max(lane_from_[from], beat->lane_from);
  }
  node_.receive(from, node_.incarnation(), message, now_);
  step();
}

void LogNode::sync() {
  RABIA_CHECK(!pending_.empty());
  const RecordNumber number = pending_.front().number;
  log_.push_back(std::move(pending_.front().record));
  pending_.erase(pending_.begin());
  node_.durable(number, now_);
  step();
}

void LogNode::propose() {
  if (!node_.can_propose()) return;
  const std::string bytes =
      "batch of member " + std::to_string(self_.value) + ", life " + std::to_string(life_);
  const SlotId slot{node_.propose(base::SharedBytes(bytes), now_), self_};
  if (in_log_bound(slot)) {
    events_.created_again |= created_ & mask_of(slot);
    events_.created |= mask_of(slot);
    created_ |= mask_of(slot);
  } else {
    events_.beyond = true;
  }
  step();
}

void LogNode::read() {
  read_ = node_.read();
  step();
}

// Longer than the patience for any lane and for a vote ?, in ticks that are no pause.
void LogNode::pass_time() {
  ++passes_;
  for (int i = 0; i < 5; ++i) {
    now_ += std::chrono::milliseconds(8);
    step();
  }
}

void LogNode::step() {
  node_.tick(now_);
  take();
  beat();
  if (!read_ || node_.reads_done() < *read_) return;
  events_.read_done = true;
  read_.reset();
  asked_.reset();
  answers_.clear();
}

// A Beat may be sent at any time. It says again what a member has said, but for these two.
void LogNode::beat() {
  message::Beat beat;
  beat.incarnation = incarnation();
  beat.in_use_end = node_.in_use_end();
  beat.lane_from = node_.own_lane().lane_from();
  const std::pair<Round, Round> says{beat.in_use_end, beat.lane_from};
  if (!beats_ || says == beat_) return;
  beat_ = says;
  sent_.push_back({std::nullopt, std::move(beat)});
}

// ---- outputs

void LogNode::take() {
  Ready& ready = node_.ready();
  for (const Record& record : ready.records) take(record);
  for (const Execution& execution : ready.executions) execute(execution);
  for (const Outgoing& outgoing : ready.messages) take(outgoing);
  ready.clear();
}

void LogNode::take(const Record& record) {
  ++written_;
  if (is_awaited(record)) pending_.push_back({written_, record});
  if (const auto* decided = std::get_if<record::Decided>(&record)) note_decided(*decided);
}

void LogNode::note_decided(const record::Decided& decided) {
  for (Round round = decided.rounds.first; round < decided.rounds.end; ++round) {
    const SlotId slot{round, decided.lane};
    if (!in_log_bound(slot)) continue;
    (decided.value == Bit::one ? events_.decided_one : events_.decided_zero) |= mask_of(slot);
  }
}

void LogNode::execute(const Execution& execution) {
  if (!in_log_bound(execution.slot)) return;
  const SlotMask slot = mask_of(execution.slot);
  executed_ |= slot;
  if (execution.slot.lane == self_) events_.acknowledged |= slot & created_;
}

// Beats, Need and its end are left out: README.md.
void LogNode::take(const Outgoing& outgoing) {
  const Message& message = outgoing.message;
  if (std::holds_alternative<message::Beat>(message) ||
      std::holds_alternative<message::Need>(message) ||
      std::holds_alternative<message::NeedEnd>(message)) {
    return;
  }
  if (const auto* skip = std::get_if<message::Skip>(&message)) {
    for (Round round = skip->rounds.first; round < skip->rounds.end; ++round) {
      if (in_log_bound({round, self_})) events_.skipped |= mask_of({round, self_});
    }
  } else if (const auto* ask = std::get_if<message::Ask>(&message)) {
    if (asked_ != ask->nonce)
      answers_ = {{self_, node_.frontier_end()}};  // Its own, when it began.
    asked_ = ask->nonce;
  }
  sent_.push_back({outgoing.to, message});
}

// ---- now

std::vector<Record> LogNode::disk(std::size_t pending_kept) const {
  std::vector<Record> records = log_;
  for (std::size_t i = 0; i < pending_kept; ++i) records.push_back(pending_[i].record);
  return records;
}

unsigned LogNode::position() const {
  const std::uint64_t passed = node_.executed_end().value * log_members + node_.window().cursor();
  return static_cast<unsigned>(std::min<std::uint64_t>(passed, log_rounds * log_members));
}

std::string LogNode::identity(bool may_crash) const {
  std::string bytes;
  const Window& window = node_.window();
  const OwnLane& lane = node_.own_lane();
  append(bytes, self_.value);
  append(bytes, life_);
  append(bytes, passes_);
  for (const Round round : {node_.executed_end(), node_.in_use_end(), node_.frontier_end(),
                            lane.lane_from(), lane.next(), lane.reserved_durable()}) {
    append(bytes, round.value);
  }
  append(bytes, window.cursor());
  append(bytes, executed_);
  append(bytes, created_);
  append(bytes, read_ ? 1 : 0);
  for (const auto& [from, frontier_end] : answers_) {
    append(bytes, from.value);
    append(bytes, frontier_end.value);
  }
  bytes += '|';
  for (const auto& [from, round] : lane_from_) {
    if (round > Round{}) append(bytes, from.value * 10 + round.value);
  }
  bytes += '|';
  for (Round round = window.range().first; round.value < log_rounds; ++round) {
    for (std::size_t i = 0; i < log_members; ++i) append_slot(bytes, window.at(round, i));
  }
  bytes += '|';
  if (may_crash) {
    for (const Record& record : log_) encode(record, bytes);
    bytes += '|';
  }
  for (const Pending& each : pending_) encode(each.record, bytes);
  return bytes;
}

// Of a decided slot nothing else is looked at any more.
void LogNode::append_slot(std::string& bytes, const Slot& slot) const {
  const WeakMvc& agreement = slot.agreement;
  bytes += '/';
  append(bytes, agreement.holds_batch() ? 1 : 0);
  append(bytes, agreement.batch_recorded() ? 1 : 0);
  if (agreement.decision()) {
    bytes += *agreement.decision() == Bit::one ? "one" : "zero";
    return;
  }
  append(bytes, slot.zero_input ? 1 : 0);
  append(bytes, slot.hold_vote_until == base::Instant{} ? 0 : slot.hold_vote_until > now_ ? 1 : 2);
  for (Phase phase = first_phase; phase <= agreement.phases(); ++phase) {
    const PhaseTally& tally = agreement.tally(phase);
    for (const MemberSet& set : {tally.states_zero, tally.states_one, tally.votes_zero,
                                 tally.votes_one, tally.votes_question}) {
      append(bytes, set.bits());
    }
    append(bytes, tally.own_state ? 1 + static_cast<unsigned>(*tally.own_state) : 0);
    append(bytes, tally.own_vote ? 1 + static_cast<unsigned>(*tally.own_vote) : 0);
  }
}

}  // namespace rabia::sim::explore
