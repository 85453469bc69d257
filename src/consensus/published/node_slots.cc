// Alg. 1, its loop: propose the head, agree, write into the log, go on. One slot at a time.
#include <utility>

#include "base/mutant.h"
#include "consensus/published/node.h"

namespace rabia::consensus::published {

using base::Mutant;
using base::mutated;

std::size_t Node::index_of(ReplicaId member) const {
  return *start_list_.index_of(member);
}

// ---- received

// Alg. 1: a request that was forwarded.
void Node::on(ReplicaId /*from*/, const Request& said) {
  if (!start_list_.contains(said.id.owner)) return;
  last_time_ = std::max(last_time_, said.id.time);
  queue_.push(said.id, said.bytes);
}

template <typename T>
void Node::on_slot(ReplicaId from, const T& said) {
  constexpr bool returned = std::is_same_v<T, Decided>;
  note_executed_end(from, said.seq + (returned ? 1 : 0));
  if (said.seq < seq_) return answer_late(from, said);
  if (said.seq > seq_) {
    if (ahead_.size() < options_.ahead_max) ahead_.emplace(said.seq, Kept{from, said});
    return;
  }
  if (slot_->add(index_of(from), said)) note_progress();
}

// Who is in a phase that this replica did not come to cannot hear it there: it has returned.
template <typename T>
void Node::answer_late(ReplicaId from, const T& said) {
  if constexpr (requires { said.phase; }) {
    const DecidedLog::Entry* entry = log_.find(said.seq);
    if (entry != nullptr && said.phase > entry->phase) {
      send(from, Decided{said.seq, entry->request});
    }
  }
}

// And who was there before this replica returned, which now will not come.
void Node::answer_who_is_beyond(const DecidedLog::Entry& entry) {
  const MemberSet beyond = slot_->beyond(entry.phase);
  for (const ReplicaId member : start_list_.members()) {
    if (member == options_.node.self || !beyond.contains(index_of(member))) continue;
    send(member, Decided{seq_, entry.request});
  }
}

void Node::on(ReplicaId from, const Proposal& said) {
  on_slot(from, said);
}
void Node::on(ReplicaId from, const State& said) {
  on_slot(from, said);
}
void Node::on(ReplicaId from, const CastVote& said) {
  on_slot(from, said);
}
void Node::on(ReplicaId from, const Decided& said) {
  on_slot(from, said);
}

// ---- the loop

void Node::begin_slot() {
  slot_.emplace(
      WeakMvc::Place{seq_, start_list_.quorums(), index_of(options_.node.self), incarnation_});
  fetched_ = false;
  ask_after_ = options_.node.need_after_least;
  note_progress();
  ahead_.erase(ahead_.begin(), ahead_.lower_bound(seq_));
  const auto [first, last] = ahead_.equal_range(seq_);
  for (auto at = first; at != last; ++at) {
    const std::size_t member = index_of(at->second.from);
    std::visit(
        [&](const auto& said) {
          if constexpr (requires { slot_->add(member, said); }) slot_->add(member, said);
        },
        at->second.said);
  }
  ahead_.erase(first, last);
}

// True when the slot has ended.
bool Node::run_slot() {
  if (!slot_->proposed() && !slot_->decision() && !queue_.empty()) {
    send_everyone(slot_->propose(queue_.head()));
  }
  while (std::optional<Said> said = slot_->next()) send_everyone(std::move(*said));
  return end_slot();
}

// Alg. 1: the output goes into the log. ⊥, or the request of another, leaves the own proposal in
// the queue. What is decided and not held is being fetched (FindReturnValue).
bool Node::end_slot() {
  if (!slot_->decision()) return false;
  DecidedLog::Entry entry{std::nullopt, {}, slot_->decided_in()};
  if (slot_->decision() == Bit::one) {
    entry.request = slot_->value();
    if (!entry.request) return false;
    entry.bytes = queue_.find(*entry.request);
    if (!entry.bytes) return false;
    execute(*entry.request, entry.bytes);
    ++counters_.decided_one;
  } else {
    ++counters_.decided_zero_by_votes;
    if (mutated(Mutant::published_null_drops_head) && !queue_.empty()) queue_.drop_head();
  }
  counters_.phases += entry.phase;
  counters_.coins += slot_->coins();
  if (entry.phase > first_phase) ++counters_.decided_in_later_phases;
  if (entry.phase == 0) ++counters_.learned;
  answer_who_is_beyond(entry);
  fetch_what_was_proposed();
  log_.append(std::move(entry));
  ++seq_;
  begin_slot();
  return true;
}

void Node::execute(const RequestId& id, const base::SharedBytes& bytes) {
  queue_.executed(id);
  const Round number{id.number};
  const bool own = id.owner == options_.node.self;
  if (own && id.number == carrier_) {
    carrier_.reset();
    reads_done_ = reads_carried_;
  }
  if (bytes.size() == 0) return;  // It carried reads.
  ready_.executions.push_back({{number, id.owner}, bytes, seq_ + 1, std::nullopt});
  if (!own) return;
  --own_undecided_;
  own_undecided_bytes_ -= bytes.size();
  ready_.own_decisions.push_back({number, Bit::one});
}

}  // namespace rabia::consensus::published
