// Replica processes, as children of rabia-cluster.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "rabia/result.h"

namespace rabia::apps {

struct ReplicaCommand {
  std::string config_file;
  std::string log_file;  // stderr and stdout are appended here.
  bool bootstrap = false;
};

// Starts a rabia-server, the one beside this program's own binary, in a process group of its own
// (so that a terminal's ^C reaches rabia-cluster alone, which then stops it). It stops when this
// process ends in whatever way. Call on the main thread, which must live as long as the process.
Result<pid_t> start_replica(const ReplicaCommand& command);

// The path of that rabia-server.
Result<std::string> server_program();

// How a child ended.
struct Ending {
  bool refused = false;  // By itself, with an error.
  bool clean = false;    // By itself, without one.
  int signal = 0;        // Which killed it; 0: none.
  std::string text;      // "was killed by signal 9", "exited with code 1".
};

// Nothing while it runs. Gives the ending once, then must not be called again for this child.
std::optional<Ending> ending_of(pid_t child);

}  // namespace rabia::apps
