// What was counted during a run.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "rabia_bench/histogram.h"
#include "rabia_bench/options.h"

namespace rabia::bench {

// The measured part of a run, in nanoseconds of the monotonic clock.
struct Window {
  std::int64_t start = 0;  // Of the warm-up.
  std::int64_t from = 0;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();  // Or the last answer.

  [[nodiscard]] bool has(std::int64_t time) const { return time >= from && time < until; }
};
Window make_window(const Options& options, std::int64_t start);

// Counted for each target, so that a paused or dead one does not hide in the others.
struct TargetTally {
  Histogram reads;  // Latencies of what was begun within the window, whenever it was answered.
  Histogram writes;
  std::uint64_t completed = 0;  // Within the window, whenever it was begun.
  std::uint64_t lost_connections = 0;
};

// One for each thread, merged at the end.
class Tally {
 public:
  Tally(const Window& window, std::size_t targets) : window_(window), targets_(targets) {}

  // An operation was answered, and not by an error.
  void complete(std::uint32_t target, bool is_write, std::int64_t begun, std::int64_t now);
  // Every error is counted; the first few that differ are kept.
  void fail(const std::string& error, std::uint64_t count = 1);
  void lose_connection(std::uint32_t target) { ++targets_[target].lost_connections; }
  void merge(const Tally& other);

  [[nodiscard]] const Window& window() const { return window_; }
  // When the window ends with the last answer, this is where it ended.
  void end_window(std::int64_t until) { window_.until = until; }
  [[nodiscard]] const std::vector<TargetTally>& targets() const { return targets_; }
  [[nodiscard]] std::uint64_t completed() const;
  [[nodiscard]] const std::vector<std::string>& first_errors() const { return first_errors_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  // When writes were completed within the window, for the longest gap. Sorted after merge().
  [[nodiscard]] const std::vector<std::int64_t>& write_times() const { return write_times_; }
  void keep_write_times() { keeps_write_times_ = true; }

  // Completed operations, and writes among them, in one slice of the window.
  struct Slice {
    std::uint32_t completed = 0;
    std::uint32_t writes = 0;
  };
  static constexpr std::int64_t slice_nanoseconds = 10'000'000;
  [[nodiscard]] const std::vector<Slice>& slices() const { return slices_; }

  std::uint64_t sent = 0;        // In all, with the warm-up.
  std::uint64_t answered = 0;    // Of those, without an error.
  std::uint64_t misses = 0;      // GETs of a key that is not there.
  std::uint64_t unanswered = 0;  // Sent, and given up.
  std::int64_t last_answer = 0;

 private:
  Window window_;
  std::vector<TargetTally> targets_;
  std::uint64_t errors_ = 0;
  std::vector<std::string> first_errors_;
  bool keeps_write_times_ = false;
  std::vector<std::int64_t> write_times_;
  std::vector<Slice> slices_;
};

}  // namespace rabia::bench
