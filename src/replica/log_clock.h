// The clock that the log carries, and what this replica stamps its batches with. protocol.md,
// section 17.
//
// Each batch says when its origin made it; the log's clock is the highest stamp so far, so it is
// the same on all replicas at one position. It is never a matter of safety: a wrong clock makes
// keys expire early or late, on all replicas alike.
#pragma once

#include <algorithm>

#include "base/time.h"
#include "rabia/ids.h"

namespace rabia::replica {

[[nodiscard]] inline LogTime log_time_of(base::WallTime wall) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch());
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0))};
}

class LogClock {
 public:
  // A batch that is supported may be ahead of the own clock by `ahead_max`.
  explicit LogClock(base::Duration ahead_max)
      : ahead_max_(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(ahead_max).count())) {}

  [[nodiscard]] LogTime time() const { return time_; }
  // A batch with this stamp is executed.
  void executed(LogTime stamp, base::Instant now) {
    if (stamp <= time_) return;
    time_ = stamp;
    moved_at_ = now;
  }
  // The state is another one, which was made when the clock stood there.
  void restore(LogTime time, base::Instant now) {
    time_ = time;
    moved_at_ = now;
  }

  // Where the log's clock would stand if somebody had written just now: it goes on by itself from
  // where it was seen last. For what nobody must agree about.
  [[nodiscard]] LogTime estimate(base::Instant now) const {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - moved_at_);
    return {time_.value + static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0))};
  }
  // When estimate() reaches `time`, or has reached it.
  [[nodiscard]] base::Instant reaches(LogTime time) const {
    const std::uint64_t ahead = time.value > time_.value ? time.value - time_.value : 0;
    return moved_at_ + std::chrono::milliseconds(static_cast<std::int64_t>(
                           std::min<std::uint64_t>(ahead, std::uint64_t{1} << 42)));
  }
  // The highest stamp of a batch that this replica supports at this time of day.
  [[nodiscard]] LogTime supports_until(base::WallTime wall) const {
    return {log_time_of(wall).value + ahead_max_};
  }
  // For an own batch; `most` is the highest stamp that a quorum supports. The time of day; or where
  // the log's clock is by now, if that is more: so it does not stand still while the one who was
  // ahead is silent. A clock that is above what a quorum supports is the wrong one: it has no say.
  [[nodiscard]] LogTime stamp(base::WallTime wall, base::Instant now, LogTime most) const {
    const LogTime own = log_time_of(wall);
    const LogTime going_on = estimate(now);
    return std::min(own > most ? going_on : std::max(own, going_on), most);
  }

 private:
  std::uint64_t ahead_max_;  // Milliseconds.
  LogTime time_;
  base::Instant moved_at_{};
};

}  // namespace rabia::replica
