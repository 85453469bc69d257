// The contract between Rabia and what it replicates.
#pragma once

#include <string>
#include <string_view>

#include "rabia/ids.h"

namespace rabia {

// Where in the log a command is being executed: the same on every replica.
struct ApplyContext {
  LogPosition position;  // The batch that holds the command.
  ReplicaId origin;      // The replica whose client issued it.
};

// Anything deterministic. Every replica calls apply() with the same commands in the same order, and
// all must reach the same state: no clock, no random device, no iteration in the order of addresses
// or of a seeded hash, nothing that one replica knows and another does not.
//
// Threads: a replica calls all methods from its core thread, one at a time.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Executes one command. `command` is valid only during the call. When `reply` is not null
  // somebody waits at this replica: the answer is appended to it. The state must not depend on
  // that. Bytes that are not a command of this machine must leave the state as it is, everywhere
  // alike.
  virtual void apply(const ApplyContext& context, std::string_view command, std::string* reply) = 0;
};

}  // namespace rabia
