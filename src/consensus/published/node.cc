// Inputs, requests, reads.
#include "consensus/published/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace rabia::consensus::published {

using base::Mutant;
using base::mutated;

Node::Node(Options options)
    : options_(std::move(options)),
      start_list_(options_.node.members),
      members_(founded_with(options_.node.members)),
      founding_(options_.node.self, start_list_, options_.node.may_found,
                [this] { return fresh_nonce(); }),
      log_(options_.log_bytes_max),
      ask_after_(options_.node.need_after_least) {
  RABIA_CHECK(start_list_.size() <= members_max);
  RABIA_CHECK(start_list_.contains(options_.node.self));
  for (const ReplicaId member : start_list_.members()) {
    if (member != options_.node.self) peers_.try_emplace(member);
  }
}

// ---- requests (Alg. 1)

bool Node::can_propose() const {
  const bool few = own_undecided_ < options_.node.own_undecided_max;
  const bool small = own_undecided_bytes_ < options_.node.own_undecided_bytes_max;
  return open() && few && small;
}

Round Node::propose(base::SharedBytes batch, base::Instant now) {
  RABIA_CHECK(can_propose() && batch.size() > 0);
  now_ = now;
  ++own_undecided_;
  own_undecided_bytes_ += batch.size();
  ++counters_.proposed;
  return {new_request(std::move(batch)).number};
}

// Pushed here, and forwarded to all. Time stamps follow the time of day, and are never below one
// that was seen: clocks that are wrong make nobody wait for ever.
RequestId Node::new_request(base::SharedBytes bytes) {
  const auto wall = std::chrono::duration_cast<std::chrono::microseconds>(
      options_.wall.time_since_epoch() + (now_ - started_at_));
  last_time_ =
      std::max(last_time_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(wall.count(), 0)));
  const RequestId id{last_time_, options_.node.self, ++last_number_};
  queue_.push(id, bytes);
  send_everyone(Request{id, std::move(bytes)});
  return id;
}

// ---- reads

std::uint64_t Node::reads_done() const {
  return mutated(Mutant::published_read_at_once) ? reads_asked_ : reads_done_;
}

// As the paper has it, a read is a request like any other. An empty one is made for all reads that
// wait: when it is executed here, whatever was acknowledged before they came is executed too.
void Node::drive_reads() {
  if (carrier_ || reads_done_ == reads_asked_) return;
  reads_carried_ = reads_asked_;
  ++counters_.barriers;
  carrier_ = new_request(base::SharedBytes(std::string())).number;
}

// ---- inputs

void Node::receive(ReplicaId from, Incarnation incarnation, const Message& message,
                   base::Instant now) {
  now_ = now;
  const auto peer = peers_.find(from);
  if (peer == peers_.end()) return;
  const auto* beat = std::get_if<message::Beat>(&message);
  if (stage_ == Stage::founding && beat != nullptr) {
    hear_founding(from, *beat);
    return;
  }
  if (stage_ != Stage::running || incarnation != incarnation_) return;
  if (beat != nullptr) {
    peer->second.beat = *beat;
    note_executed_end(from, beat->executed_end);
  } else if (const auto* digest = std::get_if<message::Digest>(&message)) {
    ready_.digest_claims.push_back({from, *digest});
  } else if (const auto* published = std::get_if<message::Published>(&message)) {
    std::visit([this, from](const auto& said) { on(from, said); }, published->said);
  }
}

// What was said while there was no connection was not heard.
void Node::peer_up(ReplicaId id, base::Instant now) {
  now_ = now;
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  peer->second.up = true;
  if (may_beat()) ready_.messages.push_back({id, nullptr, make_beat()});
  if (stage_ != Stage::running) return;
  for (const auto& [request, bytes] : queue_.waiting()) {
    if (request.owner == options_.node.self) send(id, Request{request, bytes});
  }
  for (Said& said : slot_->said()) send(id, std::move(said));
  asked_from_ = seq_;
  send(id, Ask{seq_});
}

void Node::peer_down(ReplicaId id, base::Instant now) {
  now_ = now;
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  peer->second.up = false;
  peer->second.beat.reset();
}

bool Node::has_quorum() const {
  const auto up =
      std::count_if(peers_.begin(), peers_.end(), [](const auto& peer) { return peer.second.up; });
  return static_cast<std::size_t>(up) + 1 >= start_list_.quorums().quorum();
}

void Node::tick(base::Instant now) {
  now_ = now;
  if (may_beat() && (beat_changed_ || now >= next_beat_)) send_beats();
  if (stage_ == Stage::running) {
    do {
      drive_reads();
      while (run_slot()) {
      }
    } while (!carrier_ && reads_done_ != reads_asked_);
    fetch_value();
    ask_for_more();
    ask_when_silent();
    discard_what_all_have();
  }
  set_wake_up();
}

// ---- outputs

void Node::send(ReplicaId to, Said said) {
  ready_.messages.push_back({to, nullptr, message::Published{std::move(said)}});
}

void Node::send_everyone(Said said) {
  const Configuration& everyone = members_.at(seq_);
  if (everyone.size() == 1) return;
  ready_.messages.push_back({std::nullopt, &everyone, message::Published{std::move(said)}});
}

void Node::set_wake_up() {
  wake_at_ = next_beat_ > now_ ? next_beat_ : now_ + options_.node.beat_every;
  if (stage_ == Stage::running && busy()) {
    wake_at_ = std::min(wake_at_, std::max(progress_at_ + ask_after_, now_));
  }
}

Round Node::in_use_end() const {
  return std::max(known_end_, seq_ + (stage_ == Stage::running && busy() ? 1 : 0));
}

const message::Beat* Node::last_beat(ReplicaId id) const {
  const auto peer = peers_.find(id);
  return peer != peers_.end() && peer->second.beat ? &*peer->second.beat : nullptr;
}

Round Node::peer_executed_end(ReplicaId id) const {
  const auto peer = peers_.find(id);
  return peer != peers_.end() ? peer->second.executed_end : Round{};
}

}  // namespace rabia::consensus::published
