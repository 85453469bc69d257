// Whether what the clients of a machine were told is linearizable. The log is known, so this is no
// search: each command has its place.
#pragma once

#include <string>

#include "sim/machine/executed_log.h"
#include "sim/machine/operation.h"

namespace rabia::sim {

// Empty, or what is wrong.
[[nodiscard]] std::string judge(const Operations& operations, const ExecutedLog& log);

}  // namespace rabia::sim
