// When operations are to be sent in an open loop: at fixed times, connection after connection,
// whatever the servers do. What a slow server holds up keeps its time, so that its latency counts
// the wait too (no "coordinated omission").
#pragma once

#include <cmath>
#include <cstdint>

namespace rabia::bench {

// All times in nanoseconds of the monotonic clock.
class Schedule {
 public:
  // `connections` in all; this thread has those of number `first`, `first` + `step`, … and calls
  // them 0, 1, … `rate` is in operations a second, of all connections.
  Schedule(std::int64_t start, double rate, std::uint32_t connections, std::uint32_t first,
           std::uint32_t step)
      : start_(start),
        nanoseconds_each_(1e9 / rate),
        connections_(connections),
        first_(first),
        step_(step),
        own_((connections - first + step - 1) / step) {}

  // When the next operation of this thread is to be sent.
  [[nodiscard]] std::int64_t next_time() const { return time_of(turn_, round_); }
  // Which connection it is for; goes on to the next one.
  std::uint32_t take() {
    const std::uint32_t taken = turn_;
    if (++turn_ == own_) {
      turn_ = 0;
      ++round_;
    }
    return taken;
  }
  // When the n-th operation (from 0) of a connection of this thread is to be sent.
  [[nodiscard]] std::int64_t time_of(std::uint32_t connection, std::uint64_t nth) const {
    const std::uint64_t place = nth * connections_ + first_ + std::uint64_t{step_} * connection;
    return start_ + std::llround(static_cast<double>(place) * nanoseconds_each_);
  }

 private:
  std::int64_t start_;
  double nanoseconds_each_;
  std::uint32_t connections_;
  std::uint32_t first_;
  std::uint32_t step_;
  std::uint32_t own_;
  std::uint32_t turn_ = 0;
  std::uint64_t round_ = 0;
};

}  // namespace rabia::bench
