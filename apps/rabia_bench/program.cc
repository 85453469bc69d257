#include "rabia_bench/program.h"

#include <cstdio>
#include <string>

#include "rabia_bench/floor.h"
#include "rabia_bench/options.h"
#include "rabia_bench/report.h"

namespace rabia::bench {
namespace {

constexpr int saw_errors = 1;
constexpr int wrong_command_line = 2;
constexpr int failed = 3;

int refuse(const Status& status, int code) {
  std::fprintf(stderr, "rabia-bench: %s%s\n", status.message().c_str(),
               code == wrong_command_line ? " (--help shows what there is)" : "");
  return code;
}

Status write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return {};
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  const bool written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file == nullptr || std::fclose(file) != 0 || !written) {
    return {Code::io_error, path + " cannot be written"};
  }
  return {};
}

int show_floor(const Options& options) {
  const Result<Floor> floor = measure_floor(options.floor_directory);
  if (!floor.ok()) return refuse(floor.status(), failed);
  std::fputs(text_floor(floor.value()).c_str(), stdout);
  const Status status = write_file(options.json_file, json_floor(floor.value()));
  return status.ok() ? 0 : refuse(status, failed);
}

}  // namespace

int run_program(int argc, char** argv, const MakeLoads& make_loads) {
  const Result<Options> parsed = parse_command_line(argc, argv);
  if (!parsed.ok()) return refuse(parsed.status(), wrong_command_line);
  const Options& options = parsed.value();
  if (options.answer) {
    std::fputs(options.answer->c_str(), stdout);
    return 0;
  }
  if (!options.floor_directory.empty()) return show_floor(options);
  const Result<Outcome> outcome = run_load(options, make_loads);
  if (!outcome.ok()) return refuse(outcome.status(), failed);
  const Tally& tally = outcome.value().tally;
  std::fputs(text_report(options, outcome.value()).c_str(), stdout);
  Status status = write_file(options.json_file, json_report(options, outcome.value()));
  if (status.ok() && !options.timeline_file.empty()) {
    status = write_file(options.timeline_file, timeline_csv(tally));
  }
  if (!status.ok()) return refuse(status, failed);
  return tally.errors() > 0 && !options.allow_errors ? saw_errors : 0;
}

}  // namespace rabia::bench
