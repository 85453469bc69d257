// Time as the rest of the code sees it. Nothing here reads a clock: io/executor.h does.
#pragma once

#include <chrono>

namespace rabia::base {

using Duration = std::chrono::nanoseconds;

// Monotonic time of one process (or of one simulated replica). Comparable only within it.
struct MonotonicClockTag {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClockTag, Duration>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClockTag::time_point;

// Time of day, since the Unix epoch. May jump. Never used for safety.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

}  // namespace rabia::base
