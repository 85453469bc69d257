// rabia-server: one replica.

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and no program that ships"
#endif

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "io/http_server.h"
#include "io/log.h"
#include "rabia_server/command_line.h"
#include "rabia_server/process.h"
#include "rabia_server/server_process.h"
#include "settings/table.h"

namespace rabia::apps {
namespace {

// Files of the log, links to peers, connections of monitoring, and what libraries open.
constexpr std::uint64_t files_kept_for_others = 64 + io::HttpOptions{}.connections_max;

int refuse(const Status& status) {
  std::fprintf(stderr, "rabia-server: %s\n", status.message().c_str());
  return 1;
}

// A client needs a descriptor: promise no more of them than there are. Returns the most there can
// be.
Result<std::uint64_t> fit_clients_to_open_files(Settings& settings) {
  const Result<std::uint64_t> files = raise_open_files_limit();
  if (!files.ok()) return files.status();
  if (files.value() <= files_kept_for_others) {
    return {Code::failed_precondition,
            "the limit of open files is " + std::to_string(files.value()) +
                ": raise it (ulimit -Hn) above " + std::to_string(files_kept_for_others)};
  }
  const std::uint64_t most = files.value() - files_kept_for_others;
  if (settings.clients_max > most) {
    io::log(io::Level::warning, "server", "maxclients lowered to fit the limit of open files",
            {{"maxclients", most}, {"open_files", files.value()}});
    settings.clients_max = most;
  }
  return most;
}

void log_settings(const Invocation& invocation) {
  io::log(io::Level::info, "server", "starting",
          {{"version", RABIA_VERSION}, {"config", invocation.config_file}});
  for (const SettingRow& row : setting_rows()) {
    const std::string value = row.type.print(invocation.settings);
    const bool hidden = row.secret && !value.empty();
    io::log(io::Level::info, "server", "setting",
            {{"name", row.name}, {"value", hidden ? std::string("(hidden)") : value}});
  }
}

int serve(Invocation invocation) {
  io::set_log_level(invocation.settings.log_level);
  log_settings(invocation);
  if (invocation.parent != 0) {
    if (Status status = stop_with_parent(invocation.parent); !status.ok()) return refuse(status);
  }
  const Result<std::uint64_t> clients_most = fit_clients_to_open_files(invocation.settings);
  if (!clients_most.ok()) return refuse(clients_most.status());
  ServerProcess process(std::move(invocation.settings), std::move(invocation.config_file),
                        clients_most.value());
  if (Status status = process.open(); !status.ok()) return refuse(status);
  if (Status status = process.run(); !status.ok()) return refuse(status);
  io::log(io::Level::info, "server", "stopped");
  return 0;
}

int run(int argc, char** argv) {
  Result<Invocation> invocation = parse_command_line(argc, argv);
  if (!invocation.ok()) {
    std::fprintf(stderr, "rabia-server: %s (rabia-server --help shows what there is)\n",
                 invocation.status().message().c_str());
    return 2;
  }
  if (invocation.value().answer) {
    std::fputs(invocation.value().answer->c_str(), stdout);
    return 0;
  }
  return serve(invocation.take());
}

}  // namespace
}  // namespace rabia::apps

int main(int argc, char** argv) {
  // The store's chunks of memory (kv/block_pool.h) are above this, and so always mapped by
  // themselves: glibc would raise its threshold, move them into its heap, and give that back in one
  // go after a large store was cleared, which takes many milliseconds.
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  return rabia::apps::run(argc, argv);
}
