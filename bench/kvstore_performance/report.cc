#include "bench/kvstore_performance/report.h"

#include <array>
#include <cstdio>

namespace rabia::kvstore_performance {
namespace {

template <typename... Values>
std::string format(const char* text, Values... values) {
  std::array<char, 256> line{};
  std::snprintf(line.data(), line.size(), text, values...);
  return line.data();
}

double microseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

double per_second(std::uint64_t count, double seconds) {
  return static_cast<double>(count) / seconds;
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace

std::string text_of_header(const Options& options) {
  return format("kvstore_performance " RABIA_VERSION
                ": one thread, keys of %zu bytes, values of %lu\n"
                "operation                  operations/s       keys/s  p50 us  p90 us  p99 us "
                "p99.9 us    max us\n",
                bench::key_bytes, options.value_bytes);
}

std::string text_of_keys(std::uint64_t keys) {
  return format("\n%lu keys\n", keys);
}

std::string text_of(const Row& row) {
  const bench::Histogram& latency = row.latency;
  return format("  %-24s %12.0f %12.0f %7.2f %7.2f %7.2f %8.2f %9.1f\n", row.name.c_str(),
                per_second(row.operations, row.seconds),
                per_second(row.operations * row.keys_per_operation, row.seconds),
                microseconds(latency.percentile(50)), microseconds(latency.percentile(90)),
                microseconds(latency.percentile(99)), microseconds(latency.percentile(99.9)),
                microseconds(latency.max()));
}

std::string text_of(const MemoryFigures& memory) {
  return format(
      "  memory: %.1f bytes a key, of which %.0f are key and value; %.1f MiB from malloc\n",
      memory.counted_bytes, memory.key_and_value_bytes, mebibytes(memory.allocated_bytes));
}

std::string text_of(const SnapshotFigures& snapshot) {
  return format("  snapshot: %.1f MiB of state in a file of %.1f MiB\n",
                mebibytes(snapshot.state_bytes), mebibytes(snapshot.file_bytes)) +
         format("    written in %.3f s, %.0f keys/s (of which the core thread's: %.3f s)\n",
                snapshot.write_seconds, per_second(snapshot.keys, snapshot.write_seconds),
                snapshot.read_seconds) +
         format("    restored in %.3f s, %.0f keys/s\n", snapshot.restore_seconds,
                per_second(snapshot.keys, snapshot.restore_seconds));
}

}  // namespace rabia::kvstore_performance
