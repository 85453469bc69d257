// The search for a linearization of one part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/history/contents.h"
#include "sim/history/parts.h"

namespace rabia::sim::history {

struct SearchResult {
  enum class Kind : std::uint8_t { found, none, gave_up };
  Kind kind = Kind::found;
  std::uint64_t steps = 0;
  // When found: all operations that are done, and those of the others that were needed.
  std::vector<const Operation*> order = {};
};

// A step is one execution of a command by the model, one look at what was searched before, or one
// question about what is yet to come.
[[nodiscard]] SearchResult search(const Part& part, std::uint64_t steps_max);

}  // namespace rabia::sim::history
