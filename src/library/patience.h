// Until when somebody waits.
#pragma once

#include <algorithm>
#include <chrono>

namespace rabia::library {

// A patience that is very long is a year, so that it can be added to a time.
[[nodiscard]] inline std::chrono::steady_clock::time_point end_of(
    std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds year = std::chrono::hours(24 * 365);
  return std::chrono::steady_clock::now() + std::min(patience, year);
}

}  // namespace rabia::library
