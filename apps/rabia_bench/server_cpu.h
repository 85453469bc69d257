// CPU time of other processes, as the operating system counts it (in steps of 10 ms).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rabia/result.h"

namespace rabia::bench {

// Ticks in user and system mode out of the text of /proc/PID/stat; nothing when it cannot be read.
// The name in it may hold spaces and brackets.
std::optional<long> ticks_in_stat(std::string_view text);

// Seconds of CPU that the process has had. Code::not_found when there is no such process.
Result<double> cpu_seconds_of(int pid);
// Of this process.
double own_cpu_seconds();

}  // namespace rabia::bench
