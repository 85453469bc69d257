// The longest time in which nothing was completed.
#pragma once

#include <cstdint>
#include <vector>

#include "rabia_bench/tally.h"

namespace rabia::bench {

struct Gap {
  double milliseconds = 0;
  double at_second = 0;  // When it began, from the beginning of the window.
};

// `times` in order and within the window; its ends count as completions, so that a window without
// any is one gap.
Gap longest_gap(const std::vector<std::int64_t>& times, const Window& window);

}  // namespace rabia::bench
