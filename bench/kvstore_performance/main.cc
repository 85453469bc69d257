// kvstore_performance: what the key-value store does by itself, in this process: no network, no
// log, no other replica. bench/README.md.
#include <malloc.h>

#include <cstdio>

#include "bench/kvstore_performance/options.h"
#include "bench/kvstore_performance/report.h"
#include "bench/kvstore_performance/snapshots.h"
#include "bench/kvstore_performance/workload.h"

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and no program that ships"
#endif

namespace {

using namespace rabia::kvstore_performance;  // NOLINT: this is that program.

constexpr int failed = 1;
constexpr int wrong_command_line = 2;

int refuse(const rabia::Status& status, int code) {
  std::fprintf(stderr, "kvstore_performance: %s%s\n", status.message().c_str(),
               code == wrong_command_line ? " (--help shows what there is)" : "");
  return code;
}

rabia::Status measure(const Options& options, std::uint64_t keys) {
  Workload workload(keys, options.value_bytes, options.operations);
  std::fputs(text_of_keys(keys).c_str(), stdout);
  workload.run([](const Row& row) {
    std::fputs(text_of(row).c_str(), stdout);
    std::fflush(stdout);
  });
  std::fputs(text_of(workload.memory()).c_str(), stdout);
  const rabia::Result<SnapshotFigures> snapshot =
      measure_snapshot(workload.machine(), options.directory);
  if (!snapshot.ok()) return snapshot.status();
  std::fputs(text_of(snapshot.value()).c_str(), stdout);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // As rabia-server does: src/kv/README.md.
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  const rabia::Result<Options> parsed = parse_command_line(argc, argv);
  if (!parsed.ok()) return refuse(parsed.status(), wrong_command_line);
  const Options& options = parsed.value();
  if (options.answer) {
    std::fputs(options.answer->c_str(), stdout);
    return 0;
  }
  std::fputs(text_of_header(options).c_str(), stdout);
  for (const std::uint64_t keys : options.sizes) {
    const rabia::Status status = measure(options, keys);
    if (!status.ok()) return refuse(status, failed);
  }
  return 0;
}
