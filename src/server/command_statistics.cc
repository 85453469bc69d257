#include "server/command_statistics.h"

#include <algorithm>

namespace rabia::server {

void CommandStatistics::called(std::size_t index, base::Duration took, std::uint64_t times,
                               std::uint64_t failed) {
  CommandCounts& counts = counts_[index];
  counts.calls += times;
  counts.failed += failed;
  counts.took.record(took, times);
}

void CommandStatistics::error(std::string_view text) {
  const std::string_view code = text.substr(0, text.find_first_of(" \r"));
  const auto found = errors_.find(code);
  if (found != errors_.end()) {
    ++found->second;
  } else {
    errors_.emplace(code, 1);
  }
}

void CommandStatistics::reset() {
  std::ranges::fill(counts_, CommandCounts{});
  errors_.clear();
}

std::uint64_t CommandStatistics::errors_in_all() const {
  std::uint64_t total = 0;
  for (const auto& [code, count] : errors_) total += count;
  return total;
}

}  // namespace rabia::server
