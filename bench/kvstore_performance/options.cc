#include "bench/kvstore_performance/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <system_error>

namespace rabia::kvstore_performance {
namespace {

constexpr std::uint64_t sizes_max = 100'000'000;
constexpr std::uint64_t quick_operations = 20'000;

void set_defaults(const CLI::App& app, Options& options, bool quick) {
  if (options.sizes.empty()) {
    options.sizes = quick ? std::vector<std::uint64_t>{1'000, 10'000}
                          : std::vector<std::uint64_t>{1'000, 10'000, 100'000, 1'000'000};
  }
  if (quick && app.count("--operations") == 0) options.operations = quick_operations;
  if (options.directory.empty()) {
    std::error_code none;  // Then it is the current directory.
    options.directory = std::filesystem::temp_directory_path(none).string();
    if (none) options.directory = ".";
  }
}

}  // namespace

Result<Options> parse_command_line(int argc, const char* const* argv) {
  Options options;
  bool quick = false;
  CLI::App app("Measures the key-value store by itself, in this process.", "kvstore_performance");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "kvstore_performance " RABIA_VERSION,
                       "Print the version and exit");
  app.add_option("--keys", options.sizes,
                 "Sizes of the store, as 1000,1000000 [1000,10000,100000,1000000]")
      ->delimiter(',')
      ->check(CLI::Range(std::uint64_t{1}, sizes_max));
  app.add_option("--value-bytes", options.value_bytes, "Length of values; keys have 16 bytes [64]")
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--operations", options.operations,
                 "Of each row, at least: small stores are gone through more than once [1000000]")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  app.add_option("--directory", options.directory,
                 "Where snapshots are written, in a directory that is removed again [that of the "
                 "system for temporary files]");
  app.add_flag("--quick", quick,
               "Some seconds, to see that all of it works: 1000,10000 keys, and "
               "20000 operations");
  try {  // The library says everything by exceptions; they end here.
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.answer = app.help();
    return options;
  } catch (const CLI::CallForVersion& version) {
    options.answer = std::string(version.what()) + "\n";
    return options;
  } catch (const CLI::ParseError& error) {
    return {Code::invalid_argument, error.what()};
  }
  set_defaults(app, options, quick);
  return options;
}

}  // namespace rabia::kvstore_performance
