// The figures as a table for people.
#pragma once

#include <cstdint>
#include <string>

#include "bench/kvstore_performance/options.h"
#include "bench/kvstore_performance/snapshots.h"
#include "bench/kvstore_performance/workload.h"

namespace rabia::kvstore_performance {

// Each is one or more whole lines.
[[nodiscard]] std::string text_of_header(const Options& options);
[[nodiscard]] std::string text_of_keys(std::uint64_t keys);
[[nodiscard]] std::string text_of(const Row& row);
[[nodiscard]] std::string text_of(const MemoryFigures& memory);
[[nodiscard]] std::string text_of(const SnapshotFigures& snapshot);

}  // namespace rabia::kvstore_performance
