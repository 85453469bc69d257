// Which slots were decided 1 and executed, and where their batches lie: what this replica can give
// to one that is further behind than the window (protocol.md, section 7). 32 bytes of memory for
// each batch that the log holds.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/shared_bytes.h"
#include "consensus/types.h"
#include "storage/wal.h"

namespace rabia::replica {

class History {
 public:
  struct Entry {
    consensus::SlotId slot;
    storage::RecordLocation location;  // Of the record that holds the batch.
  };

  // `memory_bytes_max`: of batches kept in mode `memory`; older ones are forgotten.
  explicit History(bool in_memory, std::uint64_t memory_bytes_max)
      : in_memory_(in_memory), memory_bytes_max_(memory_bytes_max) {}

  // A record that holds the batch of a slot was appended (the first one counts).
  void stored(consensus::SlotId slot, storage::RecordLocation location);
  // A checkpoint holds it too. What lies before that may be removed while the slot waits for its
  // turn.
  void stored_again(consensus::SlotId slot, storage::RecordLocation location);
  // The slot's turn in the log came. Rounds below `executed_end` are executed.
  void executed(consensus::SlotId slot, const base::SharedBytes& batch,
                consensus::Round executed_end);

  // Everything below the round is in a snapshot; nothing is known of it here.
  void begin_at(consensus::Round round);
  // Segments of the log before this one are gone.
  void forget_segments_before(std::uint32_t segment);

  // Whether everything from the round on is here.
  [[nodiscard]] bool reaches_back_to(consensus::Round round) const { return round >= first_; }
  // The executed slots of these rounds, in log order, up to about `bytes_max` of batches; and the
  // round up to which they are all that there is.
  struct Part {
    std::vector<Entry> entries;
    std::vector<base::SharedBytes> batches;  // Mode `memory`: of each entry. Else empty.
    consensus::Round end;
  };
  [[nodiscard]] Part part(consensus::RoundRange rounds, std::uint64_t bytes_max) const;
  // Adds those of these slots that are here, up to about `bytes_max` of batches.
  void add(const std::vector<consensus::SlotId>& slots, std::uint64_t bytes_max, Part& part) const;
  [[nodiscard]] std::uint64_t size() const { return executed_.size(); }

 private:
  // Adds one entry to the part; the size of its batch.
  std::uint64_t add(std::deque<Entry>::const_iterator at, Part& part) const;

  bool in_memory_;
  std::uint64_t memory_bytes_max_;
  std::uint64_t memory_bytes_ = 0;
  consensus::Round first_;  // Nothing is known of rounds below.
  std::map<consensus::SlotId, storage::RecordLocation> stored_;  // Not yet executed.
  std::deque<Entry> executed_;                                   // In log order.
  std::deque<base::SharedBytes> batches_;  // Mode `memory`: of each entry; no log holds them.
};

}  // namespace rabia::replica
