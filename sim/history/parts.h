// Splits a history into parts that have no key in common.
//
// Linearizability is local: a history is linearizable when its part on each object is (Herlihy and
// Wing, "Linearizability: a correctness condition for concurrent objects", 1990, theorem 1). Here
// an object is a set of keys that commands with several keys tie together. Horn and Kroening,
// "Faster linearizability checking via P-compositionality", 2015, is the same idea for maps.
#pragma once

#include <string>
#include <vector>

#include "sim/history/history.h"
#include "sim/history/model.h"

namespace rabia::sim::history {

struct PartOperation {
  const Operation* operation;
  Footprint footprint;
  const Operation* sent;  // As its client knows it: the same, except in one_key.h.
};

struct Part {
  std::vector<PartOperation> operations;  // In the order of the history.
  std::vector<std::string> keys;          // Sorted. Those that its operations name.
};

// In the order of their first operations; points into `history`. Operations that were not executed,
// and reads whose outcome is unknown, say nothing and are in no part. An operation on all keys
// makes one part of everything.
[[nodiscard]] std::vector<Part> split_into_parts(const History& history);

}  // namespace rabia::sim::history
