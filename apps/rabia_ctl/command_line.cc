#include "rabia_ctl/command_line.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "command_line/command_line.h"

namespace rabia::apps {

namespace {

// The library finds that a command is lacking before it looks at the word in its place.
std::string what_is_wrong(const CLI::App& app, const std::string& error) {
  const std::vector<std::string> strange = app.remaining(true);
  const bool lacks_command = error.find("subcommand is required") != std::string::npos;
  if (lacks_command && !strange.empty()) return "there is no command '" + strange.front() + "'";
  return error;
}

// Where to read on: the help of the command that was given, as far as there is one.
std::string hint(const CLI::App& app) {
  std::string command = app.get_name();
  const CLI::App* innermost = &app;
  while (!innermost->get_subcommands().empty()) {
    innermost = innermost->get_subcommands().front();
    command += " " + innermost->get_name();
  }
  return " (" + command + " --help shows what there is)";
}

}  // namespace

Result<CtlInvocation> parse_ctl_command_line(int argc, const char* const* argv) {
  CtlInvocation invocation;
  CLI::App app("Looks after a Rabia KV cluster.", "rabia-ctl");
  add_help_and_version(app);
  app.require_subcommand(1);
  for (const auto add : {add_backup, add_member, add_restore}) add(app, invocation.run);
  const auto parsed = parse(app, argc, argv);
  if (!parsed.ok()) {
    return {Code::invalid_argument, what_is_wrong(app, parsed.status().message()) + hint(app)};
  }
  invocation.answer = parsed.value();
  return invocation;
}

}  // namespace rabia::apps
