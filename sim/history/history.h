// What clients did and saw: the history of a run, for the checker in linearizability.h.
//
// Operation a precedes b when a.returned < b.invoked. At equal instants neither precedes the other:
// they were concurrent. Operations of one client get no special treatment: those of one pipeline
// overlap, and are checked as if they came from different clients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace rabia::sim::history {

// A command as it was sent; the first word is its name, in upper case: {"SET", "k", "v", "NX"}.
using Arguments = std::vector<std::string>;

enum class Outcome : std::uint8_t {
  done,          // Answered: it was executed between `invoked` and `returned`.
  unknown,       // It was executed once, at any time after `invoked`, or never will be.
  not_executed,  // It surely had no effect, and never will have.
};

// One command of one client. All instants of a history are of one clock.
struct Operation {
  std::uint32_t client = 0;
  Arguments args;
  base::Instant invoked;
  base::Instant returned;  // Of one that is done; not before `invoked`.
  Outcome outcome = Outcome::unknown;
  std::string reply;  // Of one that is done: its RESP2 bytes.
};

// In the order in which the checker shall name them; it needs no order.
using History = std::vector<Operation>;

}  // namespace rabia::sim::history
