// What the clients of a machine asked, and what they were told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "rabia/state_machine.h"

namespace rabia::sim {

// A place in the log: how much of it was executed.
struct Place {
  std::uint64_t batches = 0;
  std::uint64_t commands = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

struct Operation {
  enum class Kind : std::uint8_t { command, read };
  enum class Outcome : std::uint8_t {
    unknown,       // It may have been executed, or may be yet.
    not_executed,  // It was not, and will not be.
    done,
  };

  std::uint64_t line = 0;  // The connection on which it was sent, of all in a world.
  Kind kind = Kind::command;
  std::string command;  // Empty: a read.
  base::Instant asked;
  base::Instant answered;  // Unless the outcome is unknown.
  Outcome outcome = Outcome::unknown;
  std::string answer;    // Of a command,
  Place seen;            // and of a read: what the state was made of that it looked at,
  StateDigest digest{};  // and the state's digest.
};

// Of one world, in the order in which they were asked: that is their number.
using Operations = std::vector<Operation>;

}  // namespace rabia::sim
