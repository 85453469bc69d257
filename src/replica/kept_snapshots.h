// Which whole snapshots lie on the disk of this replica, and which of them must stay.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "consensus/types.h"
#include "rabia/state_machine.h"

namespace rabia::replica {

struct KeptSnapshot {
  consensus::SnapshotName name;
  LogPosition position;               // Batches executed up to there.
  std::optional<StateDigest> digest;  // Absent for one that was found at the start and not loaded.
};

// Somebody who reads one snapshot, part by part.
struct PinHolder {
  enum class Kind : std::uint8_t { peer, backup } kind = Kind::peer;
  std::uint64_t number = 0;  // The peer's id, or the backup's.
  friend constexpr auto operator<=>(const PinHolder&, const PinHolder&) = default;
};

// The two newest are kept: the older one is what there is when the newer one is found damaged. So
// are those that somebody reads: each holder pins one, until it has heard nothing of it for
// pin_lasts. How many holders there may be is for the caller to bound. Core thread only.
class KeptSnapshots {
 public:
  static constexpr base::Duration pin_lasts = std::chrono::seconds(30);

  void add(const KeptSnapshot& snapshot);
  // It cannot be read.
  void forget(consensus::Round round) { kept_.erase(round); }

  [[nodiscard]] bool empty() const { return kept_.empty(); }
  // Null when there is none.
  [[nodiscard]] const KeptSnapshot* newest() const;
  [[nodiscard]] const KeptSnapshot* find(const consensus::SnapshotName& name) const;
  // The round of the older of the two newest; nothing while there is only one.
  [[nodiscard]] std::optional<consensus::Round> fallback() const;
  [[nodiscard]] std::set<std::uint64_t> rounds() const;

  // The holder reads this snapshot now: it lets go of another one that it had pinned.
  void pin(PinHolder holder, const consensus::SnapshotName& name, base::Instant now);
  // It is read once more. What it reads; null when it has no pin, or the file cannot be read.
  const KeptSnapshot* touch(PinHolder holder, base::Instant now);
  // False when it has no pin.
  bool unpin(PinHolder holder) { return pins_.erase(holder) > 0; }
  [[nodiscard]] std::size_t pins(PinHolder::Kind kind) const;

  // Ends the pins of those that are silent, and forgets what need not stay. The rounds of those:
  // their files are to be removed.
  std::vector<std::uint64_t> trim(base::Instant now);

 private:
  static constexpr std::size_t fallbacks_kept = 2;
  struct Pin {
    consensus::SnapshotName name;
    base::Instant until;
  };
  [[nodiscard]] bool pinned(const consensus::SnapshotName& name) const;

  std::map<consensus::Round, KeptSnapshot> kept_;
  std::map<PinHolder, Pin> pins_;
};

}  // namespace rabia::replica
