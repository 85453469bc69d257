// Starts the replicas of a local cluster, says when they answer, tells of deaths, and stops them.
// The start that founds the cluster needs all of them; later ones go on with a majority.
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

  // Refuses when a port or a replica's data is in use. Starts the processes.
  Status start();
  // Until all replicas have ended; the program's exit code.
  int run();

 private:
  struct Replica {
    Settings settings;
    pid_t pid = 0;  // 0: not running as our child.
    std::unique_ptr<Probe> probe;
    std::unique_ptr<io::Timer> restart_timer;
    base::Instant started_at;
    base::Duration restart_delay{};  // Before the last restart; zero: there was none.
    bool ready = false;              // It has answered, and has not ended since.
    std::string ending;              // How it ended the last time, for people.
  };

  Status prepare_replicas();
  Status wait_for_free_data();
  Status wait_for_free_ports();
  Status start_process(Replica& replica);
  void watch(Replica& replica);
  void on_signal(int signal);
  void on_child_signal();
  void on_ended(Replica& replica, const Ending& ending);
  void on_stopped(const Replica& replica, const Ending& ending);
  void restart_later(Replica& replica);
  void say_how_to_start(const Replica& replica) const;
  [[nodiscard]] std::size_t replicas_needed() const;
  [[nodiscard]] bool enough_can_run() const;
  void say_ready_if_so();
  void note_founded();
  void say_ready() const;
  void stop();
  void kill_all(int signal);
  void show_waiting();
  void show_who_is_left() const;
  [[nodiscard]] std::vector<std::string> last_log_lines(const Replica& replica) const;
  void end_if_none_runs();

  ClusterOptions options_;
  io::FileSystem& files_;
  ClusterDirectory directory_;
  io::RealRuntime runtime_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<io::Timer> patience_timer_;  // Before ready: to say why; while stopping: to kill.
  bool bootstrap_ = false;                     // This start may found the cluster.
  bool said_ready_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace rabia::apps
