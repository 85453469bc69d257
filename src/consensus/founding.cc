#include "consensus/founding.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

Founding::Founding(ReplicaId self, const Configuration& start_list, bool may_found,
                   std::function<Nonce()> fresh_nonce)
    : self_(self),
      start_list_(start_list),
      may_found_(may_found),
      fresh_nonce_(std::move(fresh_nonce)) {}

void Founding::restore(const record::Founding& record) {
  const bool left = written_ && !written_->said.empty() && written_->said != record.said;
  if (left && !mutated(Mutant::left_vectors_forgotten)) {
    left_.insert(written_->said);
  }
  written_ = said_ = record;
  nonces_[self_] = record.nonce;
}

std::optional<record::Founding> Founding::begin() {
  if (written_) return std::nullopt;
  nonces_[self_] = fresh_nonce_();
  // Alone, a member has heard all nonces with its own.
  written_ = record::Founding{nonces_[self_], heard_vector().value_or(FoundingVector{})};
  return written_;
}

std::optional<record::Founding> Founding::hear(ReplicaId from, Nonce nonce,
                                               const FoundingVector& said) {
  if (!written_ || from == self_ || !start_list_.contains(from)) return std::nullopt;
  nonces_[from] = nonce;
  vectors_[from] = said;
  std::optional<FoundingVector> vector = heard_vector();
  if (!vector || *vector == written_->said) return std::nullopt;
  return moved_to(std::move(*vector));
}

// The vector of the nonces last heard from all members, once all were heard.
std::optional<FoundingVector> Founding::heard_vector() const {
  if (nonces_.size() != start_list_.size()) return std::nullopt;
  FoundingVector vector;
  for (const auto& [member, nonce] : nonces_) vector.push_back({member, nonce});
  return vector;
}

record::Founding Founding::moved_to(FoundingVector vector) {
  if (!written_->said.empty()) left_.insert(written_->said);
  const bool again = mutated(Mutant::founding_without_last_vector);
  if (left_.contains(vector) && !again) {
    // It may not be said again: a new nonce makes a new vector.
    nonces_[self_] = fresh_nonce_();
    vector = *heard_vector();
  }
  written_ = record::Founding{nonces_[self_], std::move(vector)};
  return *written_;
}

std::optional<FoundingVector> Founding::founded() const {
  if (!may_found_ || !said_ || said_->said.empty() || *said_ != *written_) return std::nullopt;
  const bool all = std::all_of(start_list_.members().begin(), start_list_.members().end(),
                               [&](ReplicaId member) {
                                 if (member == self_) return true;
                                 const auto heard = vectors_.find(member);
                                 return heard != vectors_.end() && heard->second == said_->said;
                               });
  return all ? std::optional(said_->said) : std::nullopt;
}

bool Founding::may_adopt(const FoundingVector& incarnation) const {
  if (mutated(Mutant::founding_without_last_vector) && written_) {
    const FoundingEntry own{self_, written_->nonce};
    return std::find(incarnation.begin(), incarnation.end(), own) != incarnation.end();
  }
  return said_ && *said_ == *written_ && said_->said == incarnation && !incarnation.empty();
}

}  // namespace rabia::consensus
