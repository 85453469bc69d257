// What the command lines of all programs have in common.
#pragma once

#include <optional>
#include <string>

#include "rabia/result.h"

namespace CLI {
class App;
}

namespace rabia::apps {

// --help and --version. Call before anything else is added.
void add_help_and_version(CLI::App& app);

// Parses. The answer is there when --help or --version was given: print it and exit. An error is
// said without the program's name.
Result<std::optional<std::string>> parse(CLI::App& app, int argc, const char* const* argv);

}  // namespace rabia::apps
