#include "rabia_ctl/command_line.h"

#include <CLI/CLI.hpp>

namespace rabia::apps {

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
    return {Code::invalid_argument, error.what()};
  }
  return invocation;
}

}  // namespace rabia::apps
