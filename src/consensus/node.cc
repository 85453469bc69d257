// Inputs, Ready, the stages of a life, Beats. protocol.md, sections 8 and 9.
#include "consensus/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/mutant.h"
#include "consensus/extend.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

void Ready::clear() {
  records.clear();
  waits = false;
  own_decisions.clear();
  executions.clear();
  messages.clear();
  history.clear();
  snapshot_talk.clear();
  digest_claims.clear();
}

Node::Node(NodeOptions options)
    : options_(std::move(options)),
      start_list_(options_.members),
      configurations_(founded_with(options_.members)),
      window_(configurations_, options_.window_rounds),
      own_lane_(options_.window_rounds) {
  RABIA_CHECK(options_.members.size() <= members_max);
  RABIA_CHECK(start_list_.contains(options_.self));
  for (const ReplicaId member : start_list_.members()) know(member);
  founding_.emplace(options_.self, start_list_, options_.may_found && !options_.rejoin,
                    [this] { return fresh_nonce(); });
}

void Node::know(ReplicaId peer) {
  if (peer == options_.self) return;
  lanes_.try_emplace(peer, options_.lane_watch);
  peers_.try_emplace(peer);
}

// 128 bits from this life's random bits and a count: nobody has drawn or can guess them.
Nonce Node::fresh_nonce() {
  const std::uint64_t words[3] = {options_.life.high, options_.life.low, ++nonces_drawn_};
  const std::string_view bytes(reinterpret_cast<const char*>(words), sizeof words);
  return {base::hash64(bytes, 1), base::hash64(bytes, 2)};
}

// ---- start (section 12)

// Boot is durable before anything is sent, in every life (section 10).
void Node::become(const FoundingVector& incarnation) {
  incarnation_vector_ = incarnation;
  incarnation_ = incarnation_of(incarnation);
  stage_ = Stage::booting;
  const record::Boot boot = boot_record();
  write(boot, boot);
}

record::Boot Node::boot_record() const {
  return {options_.cluster_id, incarnation_vector_, options_.self,
          options_.mode,       options_.boot_id,    without_memory_};
}

// Boot is durable.
void Node::begin_life() {
  need_after_ = options_.need_after_least;
  if (without_memory_) {
    stage_ = Stage::rejoining;
  } else {
    begin_running();
  }
  send_beats();
  for (const auto& [id, peer] : peers_) {
    if (peer.up) send_need(id, {});
  }
}

void Node::begin_running() {
  stage_ = Stage::running;
  raise_by_lane_from();
  touch_all();
  renew_reservation();
  beat_changed_ = true;
}

bool Node::open() const {
  return stage_ == Stage::running && own_lane_.reserved_durable() > own_lane_.lane_from();
}

bool Node::has_quorum() const {
  const Configuration& configuration = configurations_.at(window_.executed_end());
  const auto up = static_cast<std::size_t>(std::count_if(
      configuration.members().begin(), configuration.members().end(), [this](ReplicaId member) {
        if (member == options_.self) return true;
        const auto peer = peers_.find(member);
        return peer != peers_.end() && peer->second.up;
      }));
  return up >= configuration.quorums().quorum();
}

bool Node::is_voter() const {
  return configurations_.at(window_.executed_end()).contains(options_.self) &&
         configurations_.latest().voters().contains(options_.self);
}

Round Node::peer_executed_end(ReplicaId peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() ? found->second.beat.executed_end : Round{};
}

const message::Beat* Node::last_beat(ReplicaId peer) const {
  const auto found = peers_.find(peer);
  const bool heard =
      found != peers_.end() && found->second.up && found->second.beat_on_this_connection;
  return heard ? &found->second.beat : nullptr;
}

// ---- founding (section 8)

void Node::after_founding_step(std::optional<record::Founding> record) {
  if (!record) return;
  write(*record, *record);
}

// The cluster exists: this member has helped to found it, or comes into it without memory.
void Node::hear_founded(const FoundingVector& incarnation) {
  if (!options_.rejoin && founding_->may_adopt(incarnation)) {
    become(incarnation);
  } else if (options_.rejoin || options_.mode == Mode::memory) {
    without_memory_ = !mutated(Mutant::rejoin_as_if_founded);
    found_with(incarnation);
    become(incarnation);
  } else {
    stage_ = Stage::must_rejoin;
    why_refused_ = "the cluster '" + options_.cluster_id +
                   "' exists already and does not know this replica's empty data directory: start "
                   "it with the directory that it had; if that is lost, with --rejoin";
  }
}

// C(r) of the first rounds: the members of V, whatever the start list says.
void Node::found_with(const FoundingVector& incarnation) {
  std::vector<ReplicaId> founders;
  for (const FoundingEntry& entry : incarnation) founders.push_back(entry.member);
  if (founders == configurations_.at({}).members()) return;
  for (const ReplicaId founder : founders) know(founder);
  configurations_.begin({{Round{}, founded_with(founders)}});
  window_.begin_at({});
}

void Node::hear_founding(ReplicaId from, const message::Beat& beat) {
  if (!beat.incarnation.empty()) {
    hear_founded(beat.incarnation);
    return;
  }
  after_founding_step(founding_->hear(from, beat.nonce, beat.said));
  if (const auto vector = founding_->founded()) become(*vector);
}

// ---- inputs

void Node::receive(ReplicaId from, Incarnation incarnation, const Message& message,
                   base::Instant now) {
  now_ = now;
  if (!peers_.contains(from)) return;
  const auto* beat = std::get_if<message::Beat>(&message);
  if (stage_ == Stage::founding && beat != nullptr) {
    hear_founding(from, *beat);
    return;
  }
  if (!active() || incarnation != incarnation_) return;
  dispatch(from, message);
}

void Node::dispatch(ReplicaId from, const Message& message) {
  std::visit([this, from](const auto& alternative) { on(from, alternative); }, message);
}

void Node::durable(RecordNumber up_to, base::Instant now) {
  now_ = now;
  if (mutated(Mutant::durable_one_record_too_far)) ++up_to;
  while (!written_.empty() && written_.front().number <= up_to) {
    const Written done = std::move(written_.front());
    written_.pop_front();
    unsynced_bytes_ -= done.bytes;
    write_time_ += (now - done.at - write_time_) / 8;
    if (const auto* state = std::get_if<message::State>(&done.what)) {
      on_durable(*state);
    } else if (const auto* vote = std::get_if<message::CastVote>(&done.what)) {
      on_durable(*vote);
    } else if (const auto* reserve = std::get_if<record::Reserve>(&done.what)) {
      own_lane_.reserved(reserve->end);
    } else if (const auto* founding = std::get_if<record::Founding>(&done.what)) {
      founding_->durable(*founding);
      beat_changed_ = true;
      if (stage_ == Stage::founding) {
        if (const auto vector = founding_->founded()) become(*vector);
      }
    } else if (const auto* rejoin = std::get_if<record::Rejoin>(&done.what)) {
      begin_taking_part(rejoin->end);
    } else {
      begin_life();
    }
  }
  if (stalled_ && !disk_is_behind()) touch_all();
}

void Node::peer_up(ReplicaId id, base::Instant now) {
  now_ = now;
  know(id);
  Peer& peer = peers_.at(id);
  peer.up = true;
  peer.beat_on_this_connection = false;
  lanes_.at(id).watch.connected(true, now);
  if (may_beat()) send(id, make_beat());
  if (active()) send_need(id, {});
}

void Node::peer_down(ReplicaId id, base::Instant now) {
  now_ = now;
  peers_.at(id).up = false;
  lanes_.at(id).watch.connected(false, now);
  for (const SlotId held : held_) {  // Nobody need wait for it any longer.
    if (Slot* slot = window_.find(held)) touch(held, *slot);
  }
}

void Node::round_trip(ReplicaId id, base::Duration measured) {
  know(id);
  Peer& peer = peers_.at(id);
  peer.round_trip += (measured - peer.round_trip) / 4;
}

void Node::tick(base::Instant now) {
  now_ = now;
  if (may_beat() && (beat_changed_ || now >= next_beat_)) send_beats();
  if (active()) {
    watch_lanes();
    forfeit();
    std::erase_if(held_, [this](SlotId id) {
      Slot* slot = window_.find(id);
      if (slot == nullptr || slot->agreement.decision()) return true;
      if (now_ < slot->hold_vote_until) return false;
      touch(id, *slot);
      return true;
    });
    // Rules make slots executable, execution moves the window, and that makes more slots known.
    Round before;
    do {
      before = window_.executed_end();
      run_rules();
      execute();
      skip_own_rounds();
      execute();
      receive_kept();
    } while (window_.executed_end() != before || !dirty_.empty());
    renew_reservation();
    ask_for_what_is_missing();
    drive_rejoin();
    drive_reads();
  }
  last_tick_ = now;
  set_wake_up();
}

// ---- beats

// What a Beat says must be durable first: the nonce while founding, Boot afterwards.
bool Node::may_beat() const {
  return active() || (stage_ == Stage::founding && founding_->saying());
}

message::Beat Node::make_beat() const {
  message::Beat beat;
  beat.incarnation = incarnation_vector_;
  beat.executed_end = window_.executed_end();
  beat.in_use_end = window_.in_use_end();
  beat.lane_from = own_lane_.lane_from();
  beat.floor = floor();
  // Of lanes that are in force, or will be: who else was ever known may be more than fit into it.
  std::vector<const Configuration*> spoken_of = configurations_.in_force(window_.range());
  const Configuration coming = configurations_.latest().voters();
  spoken_of.push_back(&coming);
  for (const auto& [id, lane] : lanes_) {
    const bool has_lane =
        std::any_of(spoken_of.begin(), spoken_of.end(),
                    [id = id](const Configuration* each) { return each->contains(id); });
    if (!has_lane || beat.lanes.size() == members_max) continue;
    beat.lanes.push_back({id, lane.watch.own_interval(), lane.ahead_end, lane.watch.recent_wait()});
  }
  if (stage_ == Stage::founding) {
    beat.nonce = founding_->saying()->nonce;
    beat.said = founding_->saying()->said;
  }
  return beat;
}

void Node::send_beats() {
  beat_changed_ = false;
  next_beat_ = now_ + options_.beat_every;
  // An idle owner that makes others wait skips ahead by as many rounds as it is late.
  const base::Duration worst = own_lane_seen_by_voters().waited;
  const std::uint64_t rounds = distance(in_use_end_at_last_beat_, window_.in_use_end());
  in_use_end_at_last_beat_ = window_.in_use_end();
  const bool late = worst > options_.lane_watch.patience_least / 2;
  const auto ahead = static_cast<std::uint64_t>(worst / options_.beat_every + 1) * rounds;
  skip_ahead_rounds_ = late ? std::min(ahead, options_.window_rounds / 8) : 0;
  for (const auto& [id, peer] : peers_) {
    if (peer.up) send(id, make_beat());
  }
}

void Node::on(ReplicaId from, const message::Beat& beat) {
  Peer& peer = peers_.at(from);
  OtherLane& lane = lanes_.at(from);
  if (beat.incarnation.empty()) return;
  lane.lane_from = std::max(lane.lane_from, beat.lane_from);
  raise_in_use(beat.in_use_end);
  raise_by_lane_from();
  for (const message::LaneReport& report : beat.lanes) {
    // Zeros that were input ahead while the connection was down were not heard.
    if (report.lane == options_.self && !peer.beat_on_this_connection) {
      avoid_below_ = std::max(avoid_below_, report.ahead_end);
    }
  }
  peer.beat_on_this_connection = true;
  peer.beat = beat;
  for (auto& [id, watched] : lanes_) {
    std::uint32_t interval = 1;
    for (const auto& [other, state] : peers_) {
      for (const message::LaneReport& report : state.beat.lanes) {
        if (state.up && report.lane == id) interval = std::max(interval, report.interval);
      }
    }
    watched.watch.set_others_interval(interval);
  }
}

// ---- outputs

RecordNumber Node::persist(Record record, bool waits) {
  ready_.records.push_back(std::move(record));
  ready_.waits = ready_.waits || waits;
  return ++last_record_;
}

// Writes a record that somebody waits for; `what` happens when it is durable.
void Node::write(Record record, Awaited what) {
  constexpr std::uint64_t record_bytes = 32;  // Roughly, without its batch.
  const auto* state = std::get_if<record::State>(&record);
  const std::uint64_t bytes = record_bytes + (state != nullptr ? state->batch.size() : 0);
  written_.push_back({persist(std::move(record), true), bytes, now_, std::move(what)});
  unsynced_bytes_ += bytes;
}

namespace {

template <typename Said>
bool extend(Message& last, const Said& next) {
  auto* said = std::get_if<Said>(&last);
  return said != nullptr && consensus::extend(*said, next);
}

bool extend_any(Message& last, const Message& next) {
  if (const auto* state = std::get_if<message::State>(&next)) return extend(last, *state);
  if (const auto* vote = std::get_if<message::CastVote>(&next)) return extend(last, *vote);
  if (const auto* decided = std::get_if<message::Decided>(&next)) return extend(last, *decided);
  return false;
}

// Of what is said to everyone, each kind speaks of rounds.
RoundRange rounds_of(const Message& message) {
  if (const auto* batch = std::get_if<message::Batch>(&message)) {
    return {batch->round, batch->round + 1};
  }
  if (const auto* skip = std::get_if<message::Skip>(&message)) return skip->rounds;
  if (const auto* state = std::get_if<message::State>(&message)) return state->rounds;
  return std::get<message::CastVote>(message).rounds;
}

}  // namespace

void Node::send(ReplicaId to, Message message) {
  if (!ready_.messages.empty()) {
    Outgoing& last = ready_.messages.back();
    if (last.to == to && extend_any(last.message, message)) return;
  }
  ready_.messages.push_back({to, nullptr, std::move(message)});
}

void Node::send_everyone(Round round, Message message) {
  said_end_ = std::max(said_end_, rounds_of(message).end);
  const Configuration* everyone = &configurations_.at(round);
  if (everyone->size() == 1) return;
  if (!ready_.messages.empty()) {
    Outgoing& last = ready_.messages.back();
    if (!last.to && last.everyone_of == everyone && extend_any(last.message, message)) return;
  }
  ready_.messages.push_back({std::nullopt, everyone, std::move(message)});
}

void Node::raise_in_use(Round end) {
  window_.raise_in_use_end(end, now_);
}

base::Duration Node::slowest_exchange() const {
  base::Duration slowest{};
  for (const auto& [id, peer] : peers_) {
    if (peer.up) slowest = std::max(slowest, peer.round_trip);
  }
  return 2 * slowest + write_time_;
}

base::Duration Node::least_patience() const {
  base::Duration least = options_.lane_watch.patience_most;
  const base::Duration slowest = slowest_exchange();
  for (const auto& [id, lane] : lanes_) least = std::min(least, lane.watch.patience(slowest));
  return least;
}

// Something is under way that time may have to move on.
bool Node::busy() const {
  return window_.executed_end() < window_.in_use_end() || barrier_ || rejoin_ || !held_.empty();
}

void Node::set_wake_up() {
  wake_at_ = next_beat_ > now_ ? next_beat_ : now_ + options_.beat_every;  // It may not beat yet.
  if (!active() || !busy()) return;
  const base::Duration often = std::clamp<base::Duration>(
      least_patience() / 4, std::chrono::microseconds(500), std::chrono::milliseconds(5));
  wake_at_ = std::min(wake_at_, now_ + often);
}

}  // namespace rabia::consensus
