// How this replica sees another member's lane: how late it is, how long to wait for it, whether to
// trust it. protocol.md, section 4. Everything here is timing: none of it can break safety.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "consensus/types.h"

namespace rabia::consensus {

struct LaneWatchOptions {
  base::Duration patience_first = std::chrono::milliseconds(20);  // δ before anything is known.
  base::Duration patience_least = std::chrono::milliseconds(3);
  base::Duration patience_most = std::chrono::seconds(1);
  std::uint32_t interval_first = 8;  // K after two waits within `waits_within`.
  std::uint32_t interval_max = 256;  // K_max
  base::Duration waits_within = std::chrono::seconds(1);
  std::uint32_t in_time_to_halve = 8;  // Consecutive open rounds.
  base::Duration quiet_to_halve = std::chrono::milliseconds(250);
};

class LaneWatch {
 public:
  explicit LaneWatch(const LaneWatchOptions& options) : options_(options) {}

  // A batch or skip of the lane came, `lateness` after its worst round had come into use here.
  void heard(base::Duration lateness);
  // The lane's batch or skip of an open round came before this replica gave up on it.
  void in_time();
  // This replica gave up on the lane: it input 0 after δ. Waits that overlap count once.
  void waited(base::Instant now);
  // Time passes: trust comes back by itself while the connection is up.
  void tick(base::Instant now);
  void connected(bool up, base::Instant now);
  // What the others' Beats say of the lane: the greatest K of the connected ones, or 1.
  void set_others_interval(std::uint32_t interval) { others_interval_ = interval; }

  // δ: how long a slot of this lane may be needed before this replica inputs 0.
  // `slowest` is 2 RTT + w: no lane is given up on before that.
  [[nodiscard]] base::Duration patience(base::Duration slowest) const;
  // Whether this replica waits for the lane in this round. When not: it inputs 0 at once, ahead.
  [[nodiscard]] bool open(Round round) const;
  [[nodiscard]] bool trusted() const { return up_ && interval() == 1; }
  [[nodiscard]] bool is_connected() const { return up_; }
  // K as this replica alone sees it: what its Beat says.
  [[nodiscard]] std::uint32_t own_interval() const { return interval_; }
  // How often this replica gave up on it; waits that overlap count once.
  [[nodiscard]] std::uint64_t waits() const { return waits_; }
  // How long the lane made this replica wait of late.
  [[nodiscard]] base::Duration recent_wait() const { return recent_wait_; }

 private:
  // The larger K counts for a lane that is late here too.
  [[nodiscard]] std::uint32_t interval() const;

  LaneWatchOptions options_;
  bool up_ = true;  // Until the caller says otherwise: at start everyone is about to connect.
  bool measured_ = false;
  base::Duration lateness_p99_{};
  base::Duration recent_wait_{};
  std::uint32_t interval_ = 1;  // K
  std::uint32_t others_interval_ = 1;
  std::uint32_t in_time_ = 0;
  std::uint64_t waits_ = 0;
  bool ever_waited_ = false;
  base::Instant last_wait_{};
  base::Instant last_change_{};
};

}  // namespace rabia::consensus
