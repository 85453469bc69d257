// What was decided of late, for members that are behind (section 3.4 of the paper: a slot may be
// discarded when all have executed it). Bounded: what is older is gone, for good.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/shared_bytes.h"
#include "consensus/published/message.h"

namespace rabia::consensus::published {

class DecidedLog {
 public:
  struct Entry {
    std::optional<RequestId> request;  // None: ⊥.
    base::SharedBytes bytes;
    Phase phase = 0;  // In which it was decided here; 0: somebody else said so.
  };

  explicit DecidedLog(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // The next slot.
  void append(Entry entry);
  // All members have executed the slots below.
  void discard_below(Seq seq);

  // The slots [begin, end) are here.
  [[nodiscard]] Seq begin() const { return begin_; }
  [[nodiscard]] Seq end() const { return begin_ + entries_.size(); }
  // Null when it is not here.
  [[nodiscard]] const Entry* find(Seq seq) const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] static std::uint64_t cost(const Entry& entry);
  void discard_first();

  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  Seq begin_;
  std::deque<Entry> entries_;
};

}  // namespace rabia::consensus::published
