// Which whole snapshots lie on the disk of this replica.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "consensus/types.h"
#include "rabia/state_machine.h"

namespace rabia::replica {

struct KeptSnapshot {
  consensus::SnapshotName name;
  LogPosition position;               // Batches executed up to there.
  std::optional<StateDigest> digest;  // Absent for one that was found at the start and not loaded.
};

// Two are kept: the older one is what there is when the newer one is found damaged. Core thread
// only.
class KeptSnapshots {
 public:
  // Forgets those that are no longer to be kept.
  void add(const KeptSnapshot& snapshot);
  // It cannot be read.
  void forget(consensus::Round round) { kept_.erase(round); }

  [[nodiscard]] bool empty() const { return kept_.empty(); }
  // Null when there is none.
  [[nodiscard]] const KeptSnapshot* newest() const;
  [[nodiscard]] const KeptSnapshot* find(const consensus::SnapshotName& name) const;
  // The round of the older of the two from which a start may begin; nothing while there is only
  // one.
  [[nodiscard]] std::optional<consensus::Round> fallback() const;
  [[nodiscard]] std::set<std::uint64_t> rounds() const;

 private:
  static constexpr std::size_t fallbacks_kept = 2;

  std::map<consensus::Round, KeptSnapshot> kept_;
};

}  // namespace rabia::replica
