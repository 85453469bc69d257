// How much of something there was a second, of late: for the lines of INFO that say so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace rabia::server {

// Mean of the last samples of a counter that rises. A value.
class Rate {
 public:
  void sample(base::Instant now, std::uint64_t counter) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    // The counter was reset, or there is nothing to compare with.
    const bool usable = sampled_ && counter >= counter_ && seconds > 0;
    samples_[next_] = usable ? static_cast<double>(counter - counter_) / seconds : 0;
    next_ = (next_ + 1) % samples_.size();
    sampled_ = true;
    at_ = now;
    counter_ = counter;
  }
  [[nodiscard]] double per_second() const {
    double sum = 0;
    for (const double sample : samples_) sum += sample;
    return sum / static_cast<double>(samples_.size());
  }

 private:
  std::array<double, 8> samples_{};
  std::size_t next_ = 0;
  bool sampled_ = false;
  base::Instant at_{};
  std::uint64_t counter_ = 0;
};

struct Rates {
  Rate commands;
  Rate input_bytes;
  Rate output_bytes;
};

}  // namespace rabia::server
