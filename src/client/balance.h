// Which replica a call is sent to. A value; nothing waits, and no clock is read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "client/connection.h"

namespace rabia::client {

// A replica that fails is left out for a while, which doubles with each failure from `pause_min` to
// `pause_max`; of that a random part of up to a half is taken off, so that clients do not come back
// as one. Then one call tries it, and it is as others are when that is answered.
class Balance {
 public:
  static constexpr Milliseconds pause_min{20};
  static constexpr Milliseconds pause_max{1'000};

  Balance(std::size_t replicas, std::size_t calls_max, std::uint64_t seed)
      : calls_max_(calls_max), replicas_(replicas), random_(seed) {}

  // The one with the fewest calls of those that may take one more; in turn when several have so
  // few. `avoid` only when there is no other.
  [[nodiscard]] std::optional<std::size_t> choose(Instant now, std::optional<std::size_t> avoid);
  // When none may: when one will be tried that is left out. Nothing: when a call ends.
  [[nodiscard]] std::optional<Instant> next_trial() const;

  // A call of it begins, and ends.
  void begin(std::size_t replica) { ++replicas_[replica].calls; }
  void succeeded(std::size_t replica);
  void failed(std::size_t replica, Instant now);

  [[nodiscard]] bool left_out(std::size_t replica, Instant now) const {
    return replicas_[replica].left_out_until > now;
  }

 private:
  struct Replica {
    std::size_t calls = 0;  // Under way.
    unsigned failures = 0;  // Since it was answered last.
    Instant left_out_until{};
  };
  [[nodiscard]] bool may_take(const Replica& replica, Instant now) const;

  std::size_t calls_max_;
  std::vector<Replica> replicas_;
  base::Random random_;
  std::size_t turn_ = 0;
};

}  // namespace rabia::client
