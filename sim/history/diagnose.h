// Where a part of a history stops being linearizable.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/history/contents.h"
#include "sim/history/parts.h"

namespace rabia::sim::history {

struct Diagnosis {
  const Operation* stuck = nullptr;  // The first return that no order explains.
  bool is_certain = true;            // False: none was found within the steps.
  // An order that explains every return before that one, and the state it leads to.
  std::vector<const Operation*> order;
  Contents contents;
  std::vector<const Operation*> open;  // What else was invoked before `stuck` returned.
};

// Of a part that is not linearizable. Whatever is linearizable was so at any time before, so the
// first such return is searched by bisection; each search takes `steps_max` at most.
[[nodiscard]] Diagnosis diagnose(const Part& part, std::uint64_t steps_max);

}  // namespace rabia::sim::history
