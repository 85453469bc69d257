// Compares this replica's state with the others', by what each says of its own: at equal positions
// of the log states are equal, or one of them is wrong. docs/architecture.md, "Digests".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "consensus/configuration.h"
#include "consensus/message.h"
#include "rabia/ids.h"
#include "rabia/state_machine.h"

namespace rabia::replica {

// A value that computes: no clock, no I/O. Not thread-safe. Memory: 16 bytes a position kept, and a
// few words for each member that was heard.
class DigestWatch {
 public:
  // A state: its position (how many batches made it) and its digest.
  using Claim = consensus::message::Digest;

  struct Difference {
    LogPosition position;
    StateDigest own;
    StateDigest theirs;
  };
  // How a member's state compares with the present one of this replica.
  struct Standing {
    LogPosition agrees;  // The highest position at which it was equal; 0: none.
    std::optional<Difference>
        differs;  // The lowest at which it is not, and it was not equal since.
  };

  // `positions_kept`: of the own state, the last so many; a power of two. Claims of older ones
  // cannot be compared.
  explicit DigestWatch(std::size_t positions_kept) : own_(positions_kept) {
    RABIA_CHECK(positions_kept > 0 && (positions_kept & (positions_kept - 1)) == 0);
  }

  // The state has become this one otherwise than by a batch, from a snapshot: what was known of the
  // state before says nothing about it.
  void begin(const Claim& now);
  // The state after the next batch.
  void executed(LogPosition position, const StateDigest& digest) {
    RABIA_CHECK(position.value == newest_.value + 1);
    newest_ = position;
    own_[place_of(position)] = digest;
    if (position.value >= next_waiting_) compare_waiting();
  }
  // What this replica says: the state as it was right after the newest batch, so that what it says
  // and what it compares with are the same.
  [[nodiscard]] Claim newest() const { return {newest_, own_[place_of(newest_)]}; }
  // What a member says, in any order, more than once, or from an earlier life of it. Of a position
  // that is not reached here it is kept, and compared then.
  void claimed(ReplicaId peer, const Claim& claim);

  // Members that differ and did not, or the other way round, since the last call.
  [[nodiscard]] std::vector<ReplicaId> take_changed() { return std::exchange(changed_, {}); }
  [[nodiscard]] bool changed() const { return !changed_.empty(); }
  [[nodiscard]] Standing standing(ReplicaId peer) const;
  // Some member differs.
  [[nodiscard]] bool any_differs() const { return any_differs_; }
  // How many of these members differ.
  [[nodiscard]] std::size_t differing(const consensus::Configuration& members) const;
  // So many of these members differ that those left, this replica included, are no quorum: it is
  // not in a majority that agrees, whatever the members say that were not heard.
  [[nodiscard]] bool outvoted(const consensus::Configuration& members) const;

 private:
  struct Peer {
    Standing standing;
    // Claims of positions above the own one. The lowest, since those that come later must not put
    // the comparison off for ever; and the latest, which may be the last one before all is quiet.
    std::optional<Claim> lowest;
    std::optional<Claim> latest;
  };

  [[nodiscard]] std::size_t place_of(LogPosition position) const {
    return position.value & (own_.size() - 1);
  }
  // Null: it is older than those that are kept.
  [[nodiscard]] const StateDigest* own_at(LogPosition position) const;
  void compare(ReplicaId id, Standing& standing, const Claim& claim);
  void compare_waiting();

  std::vector<StateDigest> own_;  // A ring, by position.
  LogPosition first_;             // Nothing is known of the own state before it.
  LogPosition newest_;
  std::map<ReplicaId, Peer> peers_;
  std::uint64_t next_waiting_ = UINT64_MAX;  // The lowest position of a claim that is kept.
  std::vector<ReplicaId> changed_;
  bool any_differs_ = false;
};

}  // namespace rabia::replica
