// One replica as a process: wires the runtime, the store, the replica and the server together, and
// stops them in order.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/files.h"
#include "io/real_runtime.h"
#include "kv/operations.h"
#include "metrics/endpoint.h"
#include "rabia/result.h"
#include "rabia_server/process.h"
#include "rabia_server/running_settings.h"
#include "replica/replica.h"
#include "server/server.h"
#include "settings/settings.h"

namespace rabia::apps {

// Core thread only.
class ServerProcess {
 public:
  // `config_file`: what CONFIG REWRITE writes to; empty: there is none. `clients_most`: no more can
  // be served by this process.
  ServerProcess(Settings settings, std::string config_file, std::uint64_t clients_most);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Recovers, listens and joins the cluster. Blocks while the log is replayed.
  Status open();
  // Serves until SIGINT or SIGTERM (ok), or until the replica must stop (why).
  Status run();

 private:
  void put_into_force(const Settings& settings);
  Status open_metrics();
  void stop_by_signal(int signal);

  io::RealRuntime runtime_;
  std::unique_ptr<io::FileSystem> files_ = io::make_real_file_system();
  std::unique_ptr<io::Worker> log_worker_ = runtime_.make_worker();
  std::unique_ptr<io::Worker> snapshot_worker_ = runtime_.make_worker(io::Urgency::background);
  RunningSettings settings_;
  kv::StoreMachine machine_;
  std::unique_ptr<replica::Replica> replica_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<metrics::Endpoint> metrics_;  // Absent: not enabled.
  std::optional<PidFile> pid_file_;
  Status outcome_;
};

}  // namespace rabia::apps
