#include "replica/digest_watch.h"

#include <algorithm>

#include "base/mutant.h"

namespace rabia::replica {

using base::Mutant;
using base::mutated;

void DigestWatch::begin(const Claim& now) {
  first_ = newest_ = now.position;
  own_[place_of(newest_)] = now.digest;
  for (auto& [id, peer] : peers_) peer.standing = {};
  any_differs_ = false;
  compare_waiting();
}

void DigestWatch::claimed(ReplicaId id, const Claim& claim) {
  Peer& peer = peers_[id];
  if (claim.position <= newest_) return compare(id, peer.standing, claim);
  peer.latest = claim;
  if (!peer.lowest || claim.position < peer.lowest->position) peer.lowest = claim;
  next_waiting_ = std::min(next_waiting_, claim.position.value);
}

void DigestWatch::compare_waiting() {
  next_waiting_ = UINT64_MAX;
  for (auto& [id, peer] : peers_) {
    for (std::optional<Claim>* waiting : {&peer.lowest, &peer.latest}) {
      if (!*waiting || (*waiting)->position > newest_) continue;
      compare(id, peer.standing, **waiting);
      waiting->reset();
    }
    if (!peer.lowest) peer.lowest = peer.latest;
    if (peer.lowest) next_waiting_ = std::min(next_waiting_, peer.lowest->position.value);
  }
}

const StateDigest* DigestWatch::own_at(LogPosition position) const {
  const bool kept =
      first_ <= position && position <= newest_ && newest_.value - position.value < own_.size();
  return kept ? &own_[place_of(position)] : nullptr;
}

// What is said of a position at or below one that was equal is of an earlier life of the member.
void DigestWatch::compare(ReplicaId id, Standing& standing, const Claim& claim) {
  const bool other_position = mutated(Mutant::digest_of_other_position);
  const StateDigest* own = own_at({claim.position.value - (other_position ? 1 : 0)});
  if (own == nullptr || claim.position <= standing.agrees) return;
  const bool differed = standing.differs.has_value();
  if (*own == claim.digest) {
    standing.agrees = claim.position;
    if (differed && standing.differs->position <= claim.position) standing.differs.reset();
  } else if (!differed || claim.position < standing.differs->position) {
    standing.differs = Difference{claim.position, *own, claim.digest};
  }
  if (standing.differs.has_value() == differed) return;
  changed_.push_back(id);
  any_differs_ = std::any_of(peers_.begin(), peers_.end(), [](const auto& each) {
    return each.second.standing.differs.has_value();
  });
}

DigestWatch::Standing DigestWatch::standing(ReplicaId id) const {
  const auto peer = peers_.find(id);
  return peer != peers_.end() ? peer->second.standing : Standing{};
}

std::size_t DigestWatch::differing(const consensus::Configuration& members) const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(), [&members](const auto& each) {
        return members.contains(each.first) && each.second.standing.differs;
      }));
}

bool DigestWatch::outvoted(const consensus::Configuration& members) const {
  if (mutated(Mutant::digest_difference_ignored)) return false;
  return members.size() - differing(members) < members.quorums().quorum();
}

}  // namespace rabia::replica
