// Which slots were decided 1 and executed, and where their batches lie: what this replica can give
// to one that is further behind than the window (protocol.md, section 7).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
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
    base::SharedBytes batch;           // Mode `memory`: there is no log to read it from.
  };

  // `memory_bytes_max`: of batches kept in mode `memory`; older ones are forgotten.
  explicit History(bool in_memory, std::uint64_t memory_bytes_max)
      : in_memory_(in_memory), memory_bytes_max_(memory_bytes_max) {}

  // A record that holds the batch of a slot was appended (the first one counts).
  void stored(consensus::SlotId slot, storage::RecordLocation location);
  // The slot's turn in the log came. Rounds below `executed_end` are executed.
  void executed(consensus::SlotId slot, const base::SharedBytes& batch,
                consensus::Round executed_end);

  // Whether everything from the round on is here.
  [[nodiscard]] bool reaches_back_to(consensus::Round round) const { return round >= first_; }
  // The executed slots of these rounds, in log order, up to about `bytes_max` of batches; and the
  // round up to which they are all that there is.
  struct Part {
    std::vector<Entry> entries;
    consensus::Round end;
  };
  [[nodiscard]] Part part(consensus::RoundRange rounds, std::uint64_t bytes_max) const;
  [[nodiscard]] std::optional<Entry> find(consensus::SlotId slot) const;

 private:
  bool in_memory_;
  std::uint64_t memory_bytes_max_;
  std::uint64_t memory_bytes_ = 0;
  consensus::Round first_;                                    // Nothing is known of rounds below.
  std::map<consensus::SlotId, storage::RecordLocation> stored_;  // Not yet executed.
  std::deque<Entry> executed_;                                // In log order.
};

}  // namespace rabia::replica
