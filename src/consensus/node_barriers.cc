// Asking how far the others are, and answering: linearizable reads, and the return of a member
// without memory. protocol.md, sections 6 and 8.
#include <algorithm>

#include "base/mutant.h"
#include "consensus/node.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

// ---- answering

// The highest round with a durable State 1, or executed, or below the floor; plus one.
Round Node::frontier_end() const {
  if (mutated(Mutant::frontier_of_executed_only)) return window_.executed_end();
  return std::max({state_one_end_, window_.executed_end(), floor_});
}

// The highest round of which it has sent anything, in any life that it remembers, or executed, or
// below the floor; plus one.
Round Node::bound_end() const {
  if (mutated(Mutant::bound_of_executed_only)) return window_.executed_end();
  return std::max({said_end_, window_.executed_end(), floor_});
}

void Node::on(ReplicaId from, const message::Ask& ask) {
  if (stage_ != Stage::running && !mutated(Mutant::answers_without_memory)) return;
  if (ask.kind == BarrierKind::rejoin) {
    send(from, message::Answer{ask.kind, ask.nonce, bound_end()});
  } else if (window_.executed_end() >= floor_ || mutated(Mutant::answers_without_memory)) {
    send(from, message::Answer{ask.kind, ask.nonce, frontier_end()});
  }
}

// ---- asking

void Node::on(ReplicaId from, const message::Answer& answer) {
  raise_in_use(answer.end);
  const bool any = mutated(Mutant::answer_to_another_ask);
  for (std::optional<Barrier>* barrier : {&barrier_, &rejoin_}) {
    if (*barrier && ((*barrier)->answers(answer.kind, answer.nonce) || any)) {
      (*barrier)->answered(from, answer.end);
    }
  }
}

void Node::ask_again(Barrier& barrier) {
  barrier.asked(now_ + options_.need_after_least);
  for (const auto& [id, peer] : peers_) {
    if (peer.up && !barrier.has_answer_of(id)) send(id, barrier.ask());
  }
}

std::uint64_t Node::read() {
  return ++reads_asked_;
}

// One barrier serves all reads that came before it began; the next begins when it is done.
void Node::drive_reads() {
  while (true) {
    // Its own answer, as soon as it may give one: also while the barrier is under way.
    if (barrier_ && window_.executed_end() >= floor_) {
      barrier_->answered(options_.self, frontier_end());
    }
    if (barrier_ && barrier_->complete(configurations_, window_.range())) {
      const bool later_too = mutated(Mutant::barrier_serves_later_reads);
      reads_done_ = later_too ? reads_asked_ : reads_in_barrier_;
      barrier_.reset();
    }
    if (barrier_ && barrier_->ask_due(now_)) ask_again(*barrier_);
    if (barrier_ || reads_in_barrier_ == reads_asked_ || !open()) return;
    barrier_.emplace(BarrierKind::read, fresh_nonce());
    reads_in_barrier_ = reads_asked_;
    ++counters_.barriers;
    ask_again(*barrier_);
  }
}

// Section 8: whatever it said before it forgot is of a round below the end of its window now.
void Node::drive_rejoin() {
  if (stage_ != Stage::rejoining || rejoin_written_ > Round{}) return;
  for (const Configuration* configuration : configurations_.in_force(window_.range())) {
    if (!configuration->contains(options_.self) || configuration->quorums().failures() > 0) {
      continue;
    }
    // Without this member nothing is decided in these rounds, so it must not come back below them.
    // Others may know of later rounds: the cluster may have been so small once, and have grown.
    const bool all_heard = std::all_of(
        configuration->members().begin(), configuration->members().end(), [this](ReplicaId member) {
          return member == options_.self || last_beat(member) != nullptr;
        });
    const bool any_heard = std::any_of(peers_.begin(), peers_.end(), [this](const auto& peer) {
      return last_beat(peer.first) != nullptr;
    });
    const bool any_ahead = std::any_of(peers_.begin(), peers_.end(), [this](const auto& peer) {
      const message::Beat* beat = last_beat(peer.first);
      return beat != nullptr && beat->executed_end > window_.executed_end();
    });
    const bool waited = now_ - started_at_ >= options_.absent_after;
    if (!all_heard || !any_heard || any_ahead || !waited) return;
    why_refused_ = "a cluster of " + std::to_string(configuration->size()) +
                   " cannot do without the memory of one member: restore it from a backup";
    stage_ = Stage::must_rejoin;
    return;
  }
  if (!rejoin_) {
    rejoin_.emplace(BarrierKind::rejoin, fresh_nonce());
    ask_again(*rejoin_);
  }
  if (rejoin_->complete(configurations_, window_.range())) {
    rejoin_.reset();
    rejoin_written_ =
        mutated(Mutant::rejoin_too_early) ? window_.executed_end() + 1 : window_.end();
    write(record::Rejoin{rejoin_written_}, record::Rejoin{rejoin_written_});
  } else if (rejoin_->ask_due(now_)) {
    ask_again(*rejoin_);
  }
}

// The Rejoin is durable.
void Node::begin_taking_part(Round from) {
  ++counters_.rejoins;
  without_memory_ = false;
  floor_ = mutated(Mutant::rejoin_without_floor) ? Round{} : from;
  own_lane_.begin(from);
  begin_running();
}

}  // namespace rabia::consensus
