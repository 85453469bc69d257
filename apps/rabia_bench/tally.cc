#include "rabia_bench/tally.h"

#include <algorithm>
#include <cmath>

namespace rabia::bench {
namespace {

constexpr std::size_t errors_kept = 5;

std::int64_t to_nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

}  // namespace

Window make_window(const Options& options, std::int64_t start) {
  Window window;
  window.start = start;
  window.from = start + to_nanoseconds(options.warmup_seconds);
  if (options.requests == 0) {
    window.until = window.from + to_nanoseconds(options.seconds);
  } else if (options.rate > 0) {
    // As the schedule counts, so that exactly so many are within.
    const double before = std::ceil(options.warmup_seconds * options.rate);
    const double all = before + static_cast<double>(options.requests);
    window.from = start + std::llround(before * (1e9 / options.rate));
    window.until = start + std::llround(all * (1e9 / options.rate));
  }
  return window;
}

void Tally::complete(std::uint32_t target, bool is_write, std::int64_t begun, std::int64_t now) {
  ++answered;
  TargetTally& counts = targets_[target];
  if (window_.has(begun)) (is_write ? counts.writes : counts.reads).record(now - begun);
  if (!window_.has(now)) return;
  ++counts.completed;
  const auto slice = static_cast<std::size_t>((now - window_.from) / slice_nanoseconds);
  if (slice >= slices_.size()) slices_.resize(slice + 1);
  ++slices_[slice].completed;
  if (!is_write) return;
  ++slices_[slice].writes;
  // What came at the same time says nothing more.
  if (keeps_write_times_ && (write_times_.empty() || write_times_.back() != now)) {
    write_times_.push_back(now);
  }
}

void Tally::fail(const std::string& error, std::uint64_t count) {
  errors_ += count;
  if (first_errors_.size() < errors_kept &&
      std::ranges::find(first_errors_, error) == first_errors_.end()) {
    first_errors_.push_back(error);
  }
}

void Tally::merge(const Tally& other) {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    targets_[i].reads.merge(other.targets_[i].reads);
    targets_[i].writes.merge(other.targets_[i].writes);
    targets_[i].completed += other.targets_[i].completed;
    targets_[i].lost_connections += other.targets_[i].lost_connections;
  }
  for (const std::string& each : other.first_errors_) fail(each, 0);
  errors_ += other.errors_;
  const auto middle = static_cast<std::ptrdiff_t>(write_times_.size());
  write_times_.insert(write_times_.end(), other.write_times_.begin(), other.write_times_.end());
  std::inplace_merge(write_times_.begin(), write_times_.begin() + middle, write_times_.end());
  if (slices_.size() < other.slices_.size()) slices_.resize(other.slices_.size());
  for (std::size_t i = 0; i < other.slices_.size(); ++i) {
    slices_[i].completed += other.slices_[i].completed;
    slices_[i].writes += other.slices_[i].writes;
  }
  sent += other.sent;
  answered += other.answered;
  misses += other.misses;
  unanswered += other.unanswered;
  last_answer = std::max(last_answer, other.last_answer);
}

std::uint64_t Tally::completed() const {
  std::uint64_t sum = 0;
  for (const TargetTally& each : targets_) sum += each.completed;
  return sum;
}

}  // namespace rabia::bench
