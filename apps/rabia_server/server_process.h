// One replica as a process: wires the runtime, the store, the replica and the server together, and
// stops them in order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/files.h"
#include "io/real_runtime.h"
#include "kv/operations.h"
#include "metrics/endpoint.h"
#include "rabia/result.h"
#include "rabia_server/process.h"
#include "replica/replica.h"
#include "server/server.h"
#include "settings/settings.h"

namespace rabia::apps {

// Core thread only.
class ServerProcess {
 public:
  explicit ServerProcess(Settings settings);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Recovers, listens and joins the cluster. Blocks while the log is replayed.
  Status open();
  // Serves until SIGINT or SIGTERM (ok), or until the replica must stop (why).
  Status run();

 private:
  Status open_metrics();
  [[nodiscard]] server::ServerOptions options_of_server();
  Result<std::string> change_disk_reserve(std::string_view text);
  void stop_by_signal(int signal);

  Settings settings_;
  io::RealRuntime runtime_;
  std::unique_ptr<io::FileSystem> files_ = io::make_real_file_system();
  std::unique_ptr<io::Worker> log_worker_;
  std::unique_ptr<io::Worker> snapshot_worker_;
  kv::StoreMachine machine_;
  std::unique_ptr<replica::Replica> replica_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<metrics::Endpoint> metrics_;  // Absent: not enabled.
  std::optional<PidFile> pid_file_;
  Status outcome_;
};

}  // namespace rabia::apps
