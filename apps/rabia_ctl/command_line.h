// What the command line of rabia-ctl asks for.
#pragma once

#include <optional>
#include <string>

#include "rabia/result.h"
#include "rabia_ctl/command.h"

namespace rabia::apps {

struct CtlInvocation {
  std::optional<std::string> answer;  // Print this and exit: --help or --version was given.
  Run run;                            // Else.
};

Result<CtlInvocation> parse_ctl_command_line(int argc, const char* const* argv);

}  // namespace rabia::apps
