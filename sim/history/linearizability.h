// Whether a history is linearizable: whether the clients could have seen the same from one server
// that executes one command after the other, each between its invocation and its return.
//
// A done operation must be in the order, an unknown one may be, at any time after its invocation.
// Nothing else of the order of one client is demanded (history.h). The store is empty at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/history/history.h"

namespace rabia::sim::history {

struct CheckOptions {
  // For each part of the history, and for each key in it alone. A step takes half a microsecond,
  // and less than a hundred bytes.
  std::uint64_t steps_max = 1'000'000;
};

struct Verdict {
  enum class Kind : std::uint8_t {
    linearizable,
    not_linearizable,
    undecided,  // The limit of steps was reached in some part, and all others are linearizable.
  };
  Kind kind = Kind::linearizable;
  // For a person, in lines: what cannot be explained, and how far an order comes. Empty when the
  // history is linearizable.
  std::string explanation;
  std::uint64_t steps = 0;  // Without those that it took to find the explanation.
  std::size_t parts = 0;    // Sets of keys that were checked one by one (parts.h).
};

// The search is complete within its limit: a verdict that is not `undecided` is certain. A command
// that the model does not know (model.h) ends the process. Equal histories get equal verdicts.
[[nodiscard]] Verdict check(const History& history, const CheckOptions& options = {});

}  // namespace rabia::sim::history
