// When a key expires.
#pragma once

#include <cstdint>

namespace rabia::kv {

// Milliseconds of the log's clock (rabia/state_machine.h), which counts as the time of day does. A
// key is gone when the clock has reached it.
using Deadline = std::uint64_t;
inline constexpr Deadline no_deadline = 0;

}  // namespace rabia::kv
