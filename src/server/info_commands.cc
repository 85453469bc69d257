// The sections of INFO about commands: commandstats, errorstats, latencystats.
#include <chrono>
#include <string>

#include "server/info_lines.h"
#include "server/server_state.h"

namespace rabia::server {
namespace {

std::string with_places(double value, int places) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", places, value);
  return text;
}

double microseconds_of(base::Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

// Calls `use` with each row that was called or rejected, and what was counted of it.
template <typename Use>
void for_each_counted(const ServerState& server, Use use) {
  for (std::size_t index = 0; index < server.commands.rows(); ++index) {
    const CommandCounts& counts = server.command_statistics.of(index);
    if (counts.calls + counts.rejected > 0) use(server.commands.at(index), counts);
  }
}

}  // namespace

void write_commandstats(const ServerState& server, Lines& lines) {
  for_each_counted(server, [&](const Command& command, const CommandCounts& counts) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(counts.took.sum());
    const double per_call = counts.took.count() == 0 ? 0
                                                     : microseconds_of(counts.took.sum()) /
                                                           static_cast<double>(counts.took.count());
    lines.field("cmdstat_" + std::string(command.name),
                "calls=" + std::to_string(counts.calls) + ",usec=" + std::to_string(took.count()) +
                    ",usec_per_call=" + with_places(per_call, 2) +
                    ",rejected_calls=" + std::to_string(counts.rejected) +
                    ",failed_calls=" + std::to_string(counts.failed));
  });
}

void write_errorstats(const ServerState& server, Lines& lines) {
  for (const auto& [code, count] : server.command_statistics.errors()) {
    lines.field("errorstat_" + code, "count=" + std::to_string(count));
  }
}

void write_latencystats(const ServerState& server, Lines& lines) {
  for_each_counted(server, [&](const Command& command, const CommandCounts& counts) {
    if (counts.took.count() == 0) return;
    const auto percentile = [&](double percent) {
      return with_places(microseconds_of(counts.took.percentile(percent)), 3);
    };
    lines.field("latency_percentiles_usec_" + std::string(command.name),
                "p50=" + percentile(50) + ",p99=" + percentile(99) + ",p99.9=" + percentile(99.9));
  });
}

}  // namespace rabia::server
