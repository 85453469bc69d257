#include "replica/kept_snapshots.h"

#include <iterator>

namespace rabia::replica {

void KeptSnapshots::add(const KeptSnapshot& snapshot) {
  kept_.insert_or_assign(snapshot.name.round, snapshot);
  while (kept_.size() > fallbacks_kept) kept_.erase(kept_.begin());
}

const KeptSnapshot* KeptSnapshots::newest() const {
  return kept_.empty() ? nullptr : &kept_.rbegin()->second;
}

const KeptSnapshot* KeptSnapshots::find(const consensus::SnapshotName& name) const {
  const auto kept = kept_.find(name.round);
  return kept == kept_.end() || kept->second.name != name ? nullptr : &kept->second;
}

std::optional<consensus::Round> KeptSnapshots::fallback() const {
  if (kept_.size() < fallbacks_kept) return std::nullopt;
  return std::prev(kept_.end(), fallbacks_kept)->first;
}

std::set<std::uint64_t> KeptSnapshots::rounds() const {
  std::set<std::uint64_t> rounds;
  for (const auto& [round, kept] : kept_) rounds.insert(round.value);
  return rounds;
}

}  // namespace rabia::replica
