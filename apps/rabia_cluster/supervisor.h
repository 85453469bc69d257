// Starts the replicas of a local cluster, says when all of them answer, tells of deaths, and stops
// them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/real_runtime.h"
#include "rabia/result.h"
#include "rabia_cluster/child.h"
#include "rabia_cluster/directory.h"
#include "rabia_cluster/options.h"
#include "rabia_cluster/probe.h"

namespace rabia::apps {

// Core thread only, which must be the main thread.
class Supervisor {
 public:
  // `options.replicas` is decided (not 0).
  Supervisor(ClusterOptions options, io::FileSystem& files, ClusterDirectory directory);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Refuses when a port is in use. Starts the processes.
  Status start();
  // Until all replicas have ended; the program's exit code.
  int run();

 private:
  struct Replica {
    Settings settings;
    pid_t pid = 0;  // 0: not running as our child.
    std::unique_ptr<Probe> probe;
    std::unique_ptr<io::Timer> restart_timer;
    bool ready = false;
  };

  Status prepare_replicas();
  Status wait_for_free_ports();
  Status start_process(Replica& replica);
  void on_signal(int signal);
  void on_child_signal();
  void on_ended(Replica& replica, const Ending& ending);
  void on_ready(Replica& replica);
  void all_ready();
  void stop();
  void kill_all(int signal);
  void show_waiting();
  void show_last_log_lines(const Replica& replica) const;
  void end_if_none_runs();

  ClusterOptions options_;
  io::FileSystem& files_;
  ClusterDirectory directory_;
  io::RealRuntime runtime_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<io::Timer> patience_timer_;  // Before ready: to say why; while stopping: to kill.
  bool bootstrap_ = false;
  bool all_ready_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace rabia::apps
