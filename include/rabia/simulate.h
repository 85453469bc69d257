// For tests of a state machine: whole clusters that replicate it, in worlds in which everything
// goes wrong that can, and in which a seed decides everything. docs/testing.md, "A machine of your
// own".
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "rabia/make_state_machine.h"
#include "rabia/random.h"
#include "rabia/result.h"
#include "rabia/state_machine.h"

namespace rabia {

struct SimulationOptions {
  // One world for each seed of [first_seed, first_seed + seeds).
  std::uint64_t first_seed = 0;
  std::uint64_t seeds = 100;
  // Makes a command for a client, of `random` and nothing else, so that a seed stays what it is.
  // Some kilobytes at most. Needed.
  std::function<std::string(Random& random)> command{};
  // Whether a state is one that there may be; its message says what is wrong. Looks, and changes
  // nothing. Called after each command of the log, and for every replica when all has healed. None:
  // every state may be.
  std::function<Status(const StateMachine& machine)> check{};
  // Everything that happens is written there, line by line: for one seed. Null: nothing.
  std::ostream* trace = nullptr;
};

// What happened in all worlds together.
struct SimulationReport {
  std::uint64_t seeds = 0;
  std::uint64_t commands = 0;           // In the logs: executed by all replicas.
  std::uint64_t answered = 0;           // Commands and reads of clients,
  std::uint64_t refused = 0;            // those that were not executed, and their clients know it,
  std::uint64_t unknown = 0;            // and those that may have been.
  std::uint64_t faults = 0;             // Processes killed, networks cut, disks that failed, ….
  std::uint64_t snapshots_loaded = 0;   // By replicas that started or were behind.
  std::uint64_t simulated_seconds = 0;  // By the worlds' clocks.
};

// Runs clusters of 1 to 7 replicas of `make`, with clients that send commands and read, while
// processes are killed and paused, machines lose power, networks are cut, clocks jump, disks fail
// and fill up, and members come and go. It checks at every step what the protocol promises, and
//
// - that every replica, in all its lives and over all snapshots, answers as one machine does that
//   executes the whole log by itself, and has its digest after each command;
// - that what clients were told is linearizable: each command that was answered is in the log once,
//   with that answer, behind all that were answered before it was sent; one that was refused is not
//   in it; a read sees all that was answered before it;
// - that after healing every replica serves within 30 simulated seconds, and has the same snapshot.
//
// Code::failed_precondition: something was violated. The message says in which seed, what, and how
// to see it happen. Code::invalid_argument: the options cannot be. What the machine or the
// functions given throw is not caught.
//
// In this thread, some 50 ms for each seed with a quick machine; one call at a time in a
// process, whose log lines it keeps back. Equal seeds give equal runs, in one version of Rabia: the
// first one is run twice (unless it is traced), and a run that differs is a violation. In the
// library `rabia_simulator`; not for programs that ship.
[[nodiscard]] Result<SimulationReport> simulate(const MakeStateMachine& make,
                                                const SimulationOptions& options);

}  // namespace rabia
