// What this machine takes for the least that a durable write needs.
#pragma once

#include <string>

#include "rabia/result.h"
#include "rabia_bench/histogram.h"

namespace rabia::bench {

struct Floor {
  Histogram round_trips;  // 64 bytes over loopback to another thread and back: two messages.
  Histogram syncs;        // 4 KiB written into a file of zeros, and fdatasync.
};

// Blocks for some seconds. The file is of its own, in `directory`, and is removed.
Result<Floor> measure_floor(const std::string& directory);
std::string json_floor(const Floor& floor);
std::string text_floor(const Floor& floor);

}  // namespace rabia::bench
