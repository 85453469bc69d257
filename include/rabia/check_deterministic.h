// For tests of a state machine: what is not deterministic in it, or lost by a snapshot.
#pragma once

#include <span>
#include <string>

#include "rabia/make_state_machine.h"
#include "rabia/result.h"

namespace rabia {

// Executes `commands` on several machines of `make` as replicas would: one to which all clients are
// connected, one to which nobody is, one that is now and then replaced by another that takes its
// snapshot, in small pieces, and one that executes all of it a second later. All must give the same
// answers, digests and snapshots. Ok: they do. Code::failed_precondition: they do not; the message
// says at which command, counted from 1, and how they differ. In this process, in a second and time
// in proportion to the number of commands; the more different the commands are, the more it sees.
// It cannot see what differs between builds or machines.
[[nodiscard]] Status check_deterministic(const MakeStateMachine& make,
                                         std::span<const std::string> commands);

}  // namespace rabia
