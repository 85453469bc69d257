// One machine of the world: its disk, clocks and network, and the process on it, which is a replica
// and the service above it. The process can end at any effect that it has.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/testing/memory_files.h"
#include "io/testing/memory_network.h"
#include "replica/replica.h"
#include "sim/world/corruptible_machine.h"
#include "sim/world/host_network.h"
#include "sim/world/log_worker.h"
#include "sim/world/plan.h"
#include "sim/world/users.h"
#include "sim/world/watch.h"

namespace rabia::sim {

inline constexpr std::uint16_t peer_port = 7000;
inline constexpr std::uint16_t client_port = 6379;
[[nodiscard]] inline std::string host_name(std::size_t index) {
  return "r" + std::to_string(index + 1);
}

// How a process ends.
enum class Ending : std::uint8_t {
  kill,   // At once; what was given to the system stays, its connections are closed.
  power,  // So does the machine: what was not synced may be lost, nobody is told.
  clean,  // As by a signal: the replica is closed.
};

// One thread.
class Host {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    ClusterWatch& watch;
    // The road from one host to another; null when one of them is a client.
    std::function<FrameRoad*(const std::string& from, const std::string& to)> road;
    // What runs on it in its next life.
    std::function<std::unique_ptr<Service>(const Site&)> make_service;
    // The process ended by itself (mid-step, or it stopped); it is down when this is called.
    std::function<void(std::size_t index)> ended;
  };

  Host(World& world, const Plan& plan, std::size_t index);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Starts the process, with the operator's word for a return without memory if `rejoin`. The
  // status of Replica::open(); when it is not ok the process is down again. `list`: the start list,
  // with itself.
  Status start(bool rejoin, std::vector<replica::Member> list);
  // What is running ends now. Not from inside the process: then use die_after_effects(). True when
  // it was closed, and in time: a clean stop is sometimes killed in the middle.
  bool end(Ending how);
  // The machine loses power while no process runs on it.
  void cut_power_while_down() { disk_.crash(random_); }
  // So many more effects (records, messages, executions, bytes sent), then it ends in this way.
  void die_after_effects(std::uint64_t effects, Ending how);
  // The next start ends after so many changes to the disk, unless it is done by then.
  void die_in_next_start(std::uint64_t changes, Ending how);

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // Also while it is a ghost.
  [[nodiscard]] bool has_process() const { return replica_ != nullptr; }
  [[nodiscard]] bool up() const { return replica_ != nullptr && executor_.running(); }
  [[nodiscard]] bool paused() const { return executor_.paused(); }
  [[nodiscard]] replica::Replica& replica() { return *replica_; }
  // While it has a process.
  [[nodiscard]] Service& service() { return *service_; }
  // Of all that its machine has, but for a flaw.
  [[nodiscard]] StateDigest state_digest() const { return service_->machine().digest(); }
  [[nodiscard]] HostExecutor& executor() { return executor_; }
  [[nodiscard]] io::testing::MemoryFileSystem& disk() { return disk_; }
  [[nodiscard]] HostWatch& watch() { return watch_; }
  [[nodiscard]] const HostWatch& watch() const { return watch_; }
  // Why the replica stopped itself; ok when it did not.
  [[nodiscard]] const Status& stopped() const { return stopped_; }
  // It has left the cluster: it was removed, and is done.
  [[nodiscard]] bool left() const { return left_; }
  // The start was cut short by die_in_next_start().
  [[nodiscard]] bool died_in_start() const { return died_in_start_; }
  void stall_disk_until(base::Instant until);
  // Its state becomes another one, while it runs.
  void corrupt_state() { corruptible_->corrupt(random_.next() | 1); }
  // Of the state that it has, or had when it last ran (sim/world/corruptible_machine.h).
  [[nodiscard]] std::uint64_t flaw() const {
    return replica_ != nullptr ? corruptible_->flaw() : last_flaw_;
  }
  [[nodiscard]] bool ever_flawed() const {
    return ever_flawed_ || (corruptible_ != nullptr && corruptible_->ever_flawed());
  }
  // Everything on its disk is gone.
  void empty_disk();
  // A file of the log, or a snapshot, by chance, and its size; empty when there is none.
  struct StoredFile {
    std::string path;
    std::uint64_t bytes = 0;
    // A bit that is flipped in so many bytes from the beginning is found. In a segment of the log
    // it may not be in the last group, when nothing follows that (wal.md, "What cannot be told").
    std::uint64_t told_bytes = 0;
  };
  [[nodiscard]] StoredFile some_file(base::Random& random);

 private:
  [[nodiscard]] replica::ReplicaOptions replica_options(bool rejoin,
                                                        std::vector<replica::Member> list) const;
  bool effect();
  void destroy(Ending how);
  void report_end(Ending how);

  World& world_;
  const Plan& plan_;
  std::size_t index_;
  std::string name_;
  base::Random random_;
  io::testing::MemoryFileSystem disk_;
  storage::testing::HaltingFiles files_{disk_};
  HostExecutor executor_;
  HostNetwork network_;
  HostWatch watch_;
  base::Instant stalled_until_{};

  std::unique_ptr<LogWorker> worker_;
  std::unique_ptr<LogWorker> snapshot_worker_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<CorruptibleMachine> corruptible_;  // Its machine, as the replica sees it.
  std::unique_ptr<replica::Replica> replica_;
  Status stopped_;
  bool left_ = false;
  std::uint64_t effects_left_ = UINT64_MAX;
  Ending ending_ = Ending::kill;
  std::uint64_t start_changes_ = UINT64_MAX;
  bool died_in_start_ = false;
  std::uint64_t last_flaw_ = 0;
  bool ever_flawed_ = false;
};

}  // namespace rabia::sim
