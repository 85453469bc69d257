// In place of the paper's reliable links: who hears nothing new says again what it has said, and
// asks for what it lacks. And what section 3.4 of the paper discards.
#include <algorithm>
#include <utility>

#include "consensus/published/node.h"

namespace rabia::consensus::published {

// ---- asked

void Node::on(ReplicaId from, const Ask& said) {
  note_executed_end(from, said.seq);
  if (said.seq < seq_) {
    reply_from_log(from, said.seq);
  } else if (said.seq == seq_) {
    for (Said& own : slot_->said()) send(from, std::move(own));
  }
}

void Node::on(ReplicaId from, const Want& said) {
  for (const RequestId& id : said.ids) {
    if (base::SharedBytes bytes = queue_.find(id)) send(from, Request{id, std::move(bytes)});
  }
}

void Node::reply_from_log(ReplicaId to, Seq from) {
  if (from < log_.begin()) {
    send(to, Gone{log_.begin()});
    ready_.history.push_back({to, {from, log_.begin()}, {}});  // The caller says so in its log.
    return;
  }
  std::uint64_t bytes = 0;
  Seq seq = from;
  for (; seq < seq_ && distance(from, seq) < options_.reply_slots_max; ++seq) {
    const DecidedLog::Entry& entry = *log_.find(seq);
    bytes += entry.bytes.size();
    if (seq > from && bytes > options_.node.reply_bytes_max) break;
    if (entry.request) send(to, Request{*entry.request, entry.bytes});
    send(to, Decided{seq, entry.request});
  }
  send(to, Told{seq});
}

// Nothing that it has said is forgotten, but it cannot go on: out of reach of what is kept.
void Node::on(ReplicaId from, const Gone& said) {
  if (said.kept_from <= seq_) return;
  stage_ = Stage::must_rejoin;
  why_refused_ = "this replica is at slot " + std::to_string(seq_.value) + ", and member " +
                 std::to_string(from.value) + " keeps only those from " +
                 std::to_string(said.kept_from.value) +
                 " on: the protocol as published has no way back from there";
}

// ---- asking

void Node::note_executed_end(ReplicaId id, Seq end) {
  Seq& known = peers_.at(id).executed_end;
  known = std::max(known, end);
  known_end_ = std::max(known_end_, end);
}

// There is something to agree on, or to catch up with. A request that only somebody proposes who is
// away is neither: it comes when that one does.
bool Node::busy() const {
  if (!queue_.empty() || known_end_ > seq_) return true;
  const auto& proposals = slot_->proposals();
  return std::any_of(proposals.begin(), proposals.end(), [this](const auto& proposal) {
    const auto peer = peers_.find(start_list_.members()[proposal.first]);
    return peer != peers_.end() && peer->second.up;
  });
}

bool Node::lacks(const RequestId& id) const {
  return !queue_.in_log(id) && !queue_.find(id);
}

// Requests that others propose, or that are decided, and that this replica does not hold.
std::vector<RequestId> Node::wanted() const {
  std::vector<RequestId> all;
  const auto want = [&](const RequestId& id) {
    const bool again = std::find(all.begin(), all.end(), id) != all.end();
    if (!again && lacks(id)) all.push_back(id);
  };
  for (const auto& [member, id] : slot_->proposals()) want(id);
  if (const auto value = slot_->value()) want(*value);
  return all;
}

// A request that is proposed and does not come was lost on its way here. Slots that end meanwhile
// break every silence, so it is asked for by itself, of who proposed it; not at once, since large
// requests are mostly still on their way, and asking would put them on the links once more.
void Node::fetch_what_was_proposed() {
  std::erase_if(missing_since_, [this](const auto& missing) { return !lacks(missing.first); });
  for (const auto& [member, id] : slot_->proposals()) {
    if (!lacks(id)) continue;
    base::Instant& since = missing_since_.try_emplace(id, now_).first->second;
    if (now_ - since < options_.node.need_after_least) continue;
    since = now_;
    ++counters_.fetches;
    send(start_list_.members()[member], Want{{id}});
  }
}

// FindReturnValue: from one who proposed it, at once. Should that come to nothing, all are asked
// after some silence.
void Node::fetch_value() {
  if (fetched_ || slot_->decision() != Bit::one || !slot_->value()) return;
  fetched_ = true;
  for (const auto& [member, id] : slot_->proposals()) {
    const ReplicaId holder = start_list_.members()[member];
    if (id != *slot_->value() || holder == options_.node.self || !peers_.at(holder).up) continue;
    ++counters_.fetches;
    send(holder, Want{{id}});
    send(holder, Ask{seq_});  // It may have executed it.
    return;
  }
}

// At once when a reply ended and brought this replica to its end, but not all the way. Of several
// that tell the same only the first is gone on with.
void Node::ask_for_more() {
  const std::optional<Reply> reply = std::exchange(told_, std::nullopt);
  if (!reply || reply->end != seq_ || asked_from_ == seq_) return;
  if (peers_.at(reply->from).executed_end <= seq_) return;
  ++counters_.needs_sent;
  asked_from_ = seq_;
  send(reply->from, Ask{seq_});
}

// Silence begins when there is something to wait for. Requests that come do not end it: a slot that
// lacks a message would stand still for as long as clients write.
void Node::ask_when_silent() {
  const bool has_waited = std::exchange(was_busy_, busy());
  if (!has_waited || !was_busy_) {
    note_progress();
    ask_after_ = options_.node.need_after_least;
    return;
  }
  if (now_ < progress_at_ + ask_after_) return;
  note_progress();
  ++counters_.needs_sent;
  ask_after_ = std::min(2 * ask_after_, options_.node.need_after_most);
  say_again();
}

void Node::say_again() {
  for (Said& said : slot_->said()) send_everyone(std::move(said));
  asked_from_ = seq_;
  send_everyone(Ask{seq_});
  if (std::vector<RequestId> ids = wanted(); !ids.empty()) send_everyone(Want{std::move(ids)});
}

// Section 3.4 of the paper: what all have executed. A member that is dead for ever holds this back;
// then the bound of the log forgets the oldest.
void Node::discard_what_all_have() {
  Seq all = seq_;
  for (const auto& [id, peer] : peers_) all = std::min(all, peer.executed_end);
  log_.discard_below(all);
}

}  // namespace rabia::consensus::published
