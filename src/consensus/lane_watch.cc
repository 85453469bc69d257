#include "consensus/lane_watch.h"

#include <algorithm>

namespace rabia::consensus {

void LaneWatch::heard(base::Duration lateness) {
  lateness = std::max(lateness, base::Duration::zero());
  recent_wait_ = recent_wait_ - recent_wait_ / 8 + lateness / 8;
  if (!measured_) {
    measured_ = true;
    lateness_p99_ = lateness;
    return;
  }
  // A stochastic estimate of the 99th percentile: it stands still where one sample in a hundred is
  // greater. The step is a part of the distance, so that it follows a change of scale.
  if (lateness > lateness_p99_) {
    lateness_p99_ += (lateness - lateness_p99_) / 4;
  } else {
    lateness_p99_ -= (lateness_p99_ - lateness) / 256;
  }
}

void LaneWatch::in_time() {
  if (interval_ == 1) return;
  if (++in_time_ < options_.in_time_to_halve) return;
  in_time_ = 0;
  interval_ /= 2;
}

void LaneWatch::waited(base::Instant now) {
  const base::Duration patience_now = patience(base::Duration::zero());
  if (ever_waited_ && now - last_wait_ < patience_now) return;
  in_time_ = 0;
  ++waits_;
  if (interval_ > 1) {
    interval_ = std::min(interval_ * 2, options_.interval_max);
  } else if (ever_waited_ && now - last_wait_ < options_.waits_within) {
    interval_ = options_.interval_first;
  }
  ever_waited_ = true;
  last_wait_ = now;
  last_change_ = now;
  recent_wait_ = std::max(recent_wait_, patience_now);
}

void LaneWatch::tick(base::Instant now) {
  if (!up_ || interval_ == 1 || now - last_change_ < options_.quiet_to_halve) return;
  interval_ /= 2;
  last_change_ = now;
}

void LaneWatch::connected(bool up, base::Instant now) {
  up_ = up;
  last_change_ = now;
  in_time_ = 0;
}

base::Duration LaneWatch::patience(base::Duration slowest) const {
  if (!measured_) return std::max(options_.patience_first, slowest);
  const base::Duration least = std::max(options_.patience_least, slowest);
  return std::clamp(4 * lateness_p99_, least, std::max(least, options_.patience_most));
}

std::uint32_t LaneWatch::interval() const {
  const bool late_here = interval_ > 1;
  return late_here ? std::max(interval_, others_interval_) : 1;
}

bool LaneWatch::open(Round round) const {
  return up_ && round.value % interval() == 0;
}

}  // namespace rabia::consensus
