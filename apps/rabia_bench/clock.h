// The clock by which latencies are measured.
#pragma once

#include <cstdint>
#include <ctime>

namespace rabia::bench {

// Nanoseconds of the monotonic clock.
inline std::int64_t clock_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace rabia::bench
