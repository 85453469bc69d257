#include "command_line/command_line.h"

#include <CLI/CLI.hpp>

namespace rabia::apps {

void add_help_and_version(CLI::App& app) {
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", app.get_name() + " " RABIA_VERSION,
                       "Print the version and exit");
}

Result<std::optional<std::string>> parse(CLI::App& app, int argc, const char* const* argv) {
  try {  // The library says everything by exceptions; they end here.
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::optional(app.help());
  } catch (const CLI::CallForVersion& version) {
    return std::optional(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    return {Code::invalid_argument, error.what()};
  }
  return std::optional<std::string>();
}

}  // namespace rabia::apps
