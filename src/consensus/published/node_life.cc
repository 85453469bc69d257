// The first start, Beats, records. protocol.md, section 8: as with lanes, but for the return.
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "consensus/published/node.h"

namespace rabia::consensus::published {

// 128 bits from this life's random bits and a count, as in consensus::Node.
Nonce Node::fresh_nonce() {
  const NodeOptions& options = options_.node;
  const std::uint64_t words[3] = {options.life.high, options.life.low, ++nonces_drawn_};
  const std::string_view bytes(reinterpret_cast<const char*>(words), sizeof words);
  return {base::hash64(bytes, 1), base::hash64(bytes, 2)};
}

Status Node::start(base::Instant now) {
  now_ = started_at_ = next_beat_ = progress_at_ = now;
  if (options_.node.mode != Mode::memory || options_.node.rejoin) {
    return {Code::failed_precondition,
            "the protocol as published keeps nothing and takes nobody back: it runs with "
            "durability memory, and without rejoin"};
  }
  begin_founding(founding_.begin());
  if (const auto vector = founding_.founded()) become(*vector);
  return {};
}

void Node::begin_founding(std::optional<record::Founding> record) {
  if (record) persist(*record);
}

void Node::persist(Record record) {
  written_.push_back(record);
  ready_.records.push_back(std::move(record));
  ready_.waits = true;
}

void Node::durable(RecordNumber up_to, base::Instant now) {
  now_ = now;
  while (durable_ < up_to && !written_.empty()) {
    const Record record = std::move(written_.front());
    written_.erase(written_.begin());
    ++durable_;
    beat_changed_ = true;
    if (const auto* founding = std::get_if<record::Founding>(&record)) {
      founding_.durable(*founding);
      if (stage_ != Stage::founding) continue;
      if (const auto vector = founding_.founded()) become(*vector);
    } else if (stage_ == Stage::booting) {
      stage_ = Stage::running;
      begin_slot();
    }
  }
}

void Node::become(const FoundingVector& vector) {
  vector_ = vector;
  incarnation_ = incarnation_of(vector);
  stage_ = Stage::booting;
  const NodeOptions& options = options_.node;
  persist(record::Boot{options.cluster_id, vector, options.self, options.mode, options.boot_id});
}

// A member of an earlier life of this one may have said what this life does not remember. The
// cluster's incarnation is that of the earlier life, so it may not be adopted.
void Node::hear_founding(ReplicaId from, const message::Beat& beat) {
  if (beat.incarnation.empty()) {
    begin_founding(founding_.hear(from, beat.nonce, beat.said));
    if (const auto vector = founding_.founded()) become(*vector);
    return;
  }
  if (founding_.may_adopt(beat.incarnation)) {
    become(beat.incarnation);
    return;
  }
  stage_ = Stage::must_rejoin;
  why_refused_ = "the cluster '" + options_.node.cluster_id +
                 "' exists already, and this replica has forgotten it: the protocol as published "
                 "takes nobody back who was restarted; the others go on without it, and only a new "
                 "cluster will have all members again";
}

bool Node::may_beat() const {
  return stage_ == Stage::running || (stage_ == Stage::founding && founding_.saying());
}

message::Beat Node::make_beat() const {
  message::Beat beat;
  beat.incarnation = vector_;
  beat.executed_end = seq_;
  beat.in_use_end = in_use_end();
  if (stage_ == Stage::founding) {
    beat.nonce = founding_.saying()->nonce;
    beat.said = founding_.saying()->said;
  }
  return beat;
}

void Node::send_beats() {
  beat_changed_ = false;
  next_beat_ = now_ + options_.node.beat_every;
  for (const auto& [id, peer] : peers_) {
    if (peer.up) ready_.messages.push_back({id, nullptr, make_beat()});
  }
}

}  // namespace rabia::consensus::published
