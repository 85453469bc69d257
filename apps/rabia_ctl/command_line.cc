#include "rabia_ctl/command_line.h"

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::apps {

namespace {

// The library finds that a command is lacking before it looks at the word in its place.
std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> strange = app.remaining(true);
  const bool lacks_command = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
                             std::string_view(error.what()).find("subcommand") != std::string::npos;
  if (lacks_command && !strange.empty()) return "there is no command '" + strange.front() + "'";
  return error.what();
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
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "rabia-ctl " RABIA_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  for (const auto add : {add_backup, add_member, add_restore}) add(app, invocation.run);
  try {  // The library says everything by exceptions; they end here.
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    invocation.answer = app.help();
  } catch (const CLI::CallForVersion& version) {
    invocation.answer = std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& error) {
    return {Code::invalid_argument, what_is_wrong(app, error) + hint(app)};
  }
  return invocation;
}

}  // namespace rabia::apps
