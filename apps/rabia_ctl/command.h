// The commands of rabia-ctl. Each lies in a file of its name and adds itself to the program, so
// that a new one is one file, and one line here and in command_line.cc.
#pragma once

#include <functional>

#include "rabia/result.h"

namespace CLI {
class App;
}

namespace rabia::apps {

// What the command line asks for. It prints what it has to say to stdout, and returns why it
// failed: Code::invalid_argument when the command line is to blame.
using Run = std::function<Status()>;

// Adds the command to the program; when it is the one that was given, `chosen` runs it.
void add_backup(CLI::App& program, Run& chosen);
void add_member(CLI::App& program, Run& chosen);
void add_restore(CLI::App& program, Run& chosen);

}  // namespace rabia::apps
