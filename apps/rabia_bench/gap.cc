#include "rabia_bench/gap.h"

#include <algorithm>

namespace rabia::bench {

Gap longest_gap(const std::vector<std::int64_t>& times, const Window& window) {
  std::int64_t longest = 0;
  std::int64_t begun = window.from;
  std::int64_t last = window.from;
  const auto look = [&](std::int64_t time) {
    if (time - last > longest) {
      longest = time - last;
      begun = last;
    }
    last = std::max(last, time);
  };
  for (const std::int64_t each : times) look(each);
  look(window.until);
  return {.milliseconds = static_cast<double>(longest) / 1e6,
          .at_second = static_cast<double>(begun - window.from) / 1e9};
}

}  // namespace rabia::bench
