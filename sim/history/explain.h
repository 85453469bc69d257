// Why a part of a history is not linearizable, in words.
#pragma once

#include <cstdint>
#include <string>

#include "sim/history/diagnose.h"
#include "sim/history/parts.h"

namespace rabia::sim::history {

// Some ten lines: the keys, the operation that no order explains, what it should have seen, and
// what happened before.
[[nodiscard]] std::string explain_failure(const Part& part, const Diagnosis& diagnosis);

// One line.
[[nodiscard]] std::string explain_giving_up(const Part& part, std::uint64_t steps);

}  // namespace rabia::sim::history
