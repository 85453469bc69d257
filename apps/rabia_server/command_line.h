// What the command line of rabia-server asks for.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "rabia/result.h"
#include "settings/settings.h"

namespace rabia::apps {

struct Invocation {
  std::optional<std::string> answer;  // Print this and exit: --help or --version was given.
  Settings settings;                  // Complete, when there is no answer.
  std::string config_file;            // Empty: none was given.
  pid_t parent = 0;                   // Stop when this process ends; 0: do not.
};

// Flags win over the environment (settings/environment.h), that over the file named by --config,
// the file over defaults. Refuses what is unknown, malformed, out of range or contradictory, with a
// message that says what is accepted.
Result<Invocation> parse_command_line(int argc, const char* const* argv);

}  // namespace rabia::apps
