// The lane that this replica owns: which round its next batch or skip may take.
// protocol.md, section 3 (propose, reserve, skip).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/mutant.h"
#include "consensus/types.h"

namespace rabia::consensus {

class OwnLane {
 public:
  explicit OwnLane(std::uint64_t window_rounds) : window_rounds_(window_rounds) {}

  // At start: the last durable reservation (0 in a first life). An earlier life may have used
  // anything below it, so this one creates nothing there.
  void begin(Round reserved) {
    lane_from_ = reserved_durable_ = reserved_written_ = reserved;
    next_ = base::mutated(base::Mutant::no_reservation) ? Round{} : reserved;
  }
  // A Reserve record became durable.
  void reserved(Round end) { reserved_durable_ = std::max(reserved_durable_, end); }

  // H must exceed a round before it is used. It is kept half a window above what is used, renewed
  // when less than a quarter remains, never above L + α. The end to write now, if any.
  // `aim`: where the next batch would go; it may lie far above what is used (section 4).
  [[nodiscard]] std::optional<Round> reservation_due(Round executed_end, Round aim) const {
    const Round used = std::max(next_, aim);
    if (distance(used, reserved_written_) >= window_rounds_ / 4) return std::nullopt;
    const Round end = std::min(used + window_rounds_ / 2, executed_end + window_rounds_);
    if (end <= reserved_written_) return std::nullopt;
    return end;
  }
  void reservation_written(Round end) { reserved_written_ = end; }

  // Rounds that may be used now: from the first never used one to the reservation.
  [[nodiscard]] RoundRange usable() const {
    const bool early = base::mutated(base::Mutant::reservation_before_durable);
    return {next_, early ? reserved_written_ : reserved_durable_};
  }
  // Everything below `end` is used up, by a batch or a skip.
  void use_up_to(Round end) { next_ = std::max(next_, end); }

  [[nodiscard]] Round reserved_written() const { return reserved_written_; }

  // This life creates batches and skips only from here on.
  [[nodiscard]] Round lane_from() const { return lane_from_; }
  [[nodiscard]] Round next() const { return next_; }
  [[nodiscard]] Round reserved_durable() const { return reserved_durable_; }

 private:
  std::uint64_t window_rounds_;
  Round lane_from_;
  Round next_;
  Round reserved_durable_;
  Round reserved_written_;
};

}  // namespace rabia::consensus
