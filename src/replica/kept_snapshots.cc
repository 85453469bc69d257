#include "replica/kept_snapshots.h"

#include <algorithm>
#include <iterator>

namespace rabia::replica {

void KeptSnapshots::add(const KeptSnapshot& snapshot) {
  kept_.insert_or_assign(snapshot.name.round, snapshot);
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

void KeptSnapshots::pin(PinHolder holder, const consensus::SnapshotName& name, base::Instant now) {
  pins_[holder] = {name, now + pin_lasts};
}

const KeptSnapshot* KeptSnapshots::touch(PinHolder holder, base::Instant now) {
  const auto pin = pins_.find(holder);
  if (pin == pins_.end()) return nullptr;
  pin->second.until = now + pin_lasts;
  return find(pin->second.name);
}

std::size_t KeptSnapshots::pins(PinHolder::Kind kind) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(pins_, [kind](const auto& pin) { return pin.first.kind == kind; }));
}

bool KeptSnapshots::pinned(const consensus::SnapshotName& name) const {
  return std::ranges::any_of(pins_, [&](const auto& pin) { return pin.second.name == name; });
}

std::vector<std::uint64_t> KeptSnapshots::trim(base::Instant now) {
  std::erase_if(pins_, [now](const auto& pin) { return pin.second.until <= now; });
  std::vector<std::uint64_t> forgotten;
  const std::optional<consensus::Round> oldest = fallback();
  if (!oldest) return forgotten;
  for (auto kept = kept_.begin(); kept->first < *oldest;) {
    if (pinned(kept->second.name)) {
      ++kept;
      continue;
    }
    forgotten.push_back(kept->first.value);
    kept = kept_.erase(kept);
  }
  return forgotten;
}

}  // namespace rabia::replica
