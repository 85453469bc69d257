// A cluster of replicas on one thread, over the in-memory seams: the same code as ships, in virtual
// time. For tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/testing/manual_executor.h"
#include "io/testing/memory_files.h"
#include "io/testing/memory_network.h"
#include "rabia/state_machine.h"
#include "replica/replica.h"

namespace rabia::replica::testing {

// Remembers the commands executed, in order; answers how many came before. Its snapshots copy all
// of them: the list of commands, each with its length before it, then the digest.
class LogMachine final : public StateMachine {
 public:
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override;
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override;
  [[nodiscard]] StateDigest digest() const override { return digest_; }
  [[nodiscard]] const std::vector<std::string>& commands() const { return commands_; }
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return wake_at_; }
  void wait_for(LogTime time) { wake_at_ = time; }
  // The next command is remembered as another one: this state differs from then on.
  void misapply_next() { misapply_next_ = true; }

 private:
  class Reader;
  class Loader;
  void remember(std::string_view command);

  StateDigest digest_;  // Of the commands in their order, and how many they are.
  std::vector<std::string> commands_;
  bool misapply_next_ = false;
  std::optional<LogTime> wake_at_;
};

// One client: what it was answered, in order.
class TestClient final : public Client {
 public:
  struct Answer {
    std::uint64_t token;
    enum class Kind : std::uint8_t { executed, read, not_executed, unknown } kind;
    std::size_t seen;  // Reads: commands executed at the replica by then. Writes: its place.
  };

  TestClient(Replica& replica, const LogMachine& machine);
  // Submits when accepted, in order; else keeps it until then.
  void write(std::string command);
  void read();
  [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }
  [[nodiscard]] std::size_t submitted() const { return next_token_; }
  // Everything given was answered.
  [[nodiscard]] bool done() const { return answers_.size() == next_token_; }
  [[nodiscard]] std::size_t count(Answer::Kind kind) const;
  void leave();

  void on_executed(std::uint64_t token, std::string_view reply) override;
  void on_readable(std::uint64_t token, std::string_view operation) override;
  void on_failed(std::uint64_t token, Failure failure) override;
  void on_accepting() override { submit_waiting(); }
  void on_step_end() override {}

 private:
  struct Waiting {
    std::uint64_t token;
    bool is_write;
    std::string bytes;
  };
  void submit_waiting();
  void answer(std::uint64_t token, Answer::Kind kind, std::size_t seen);

  Replica& replica_;
  const LogMachine& machine_;
  ClientId id_;
  std::vector<Waiting> waiting_;
  std::uint64_t next_token_ = 0;
  std::vector<Answer> answers_;
};

class Cluster {
 public:
  struct Options {
    std::size_t replicas = 3;
    Durability durability = Durability::always;
    Protocol protocol = Protocol::lanes;
    std::uint64_t seed = 1;
    base::Duration sync_takes = std::chrono::microseconds(200);
    std::uint64_t segment_bytes = 256 << 10;
    std::uint64_t snapshot_log_bytes = 256ULL << 20;
    int snapshot_zstd_level = 3;
    std::uint64_t disk_reserve_bytes = 0;
  };

  explicit Cluster(const Options& options);
  ~Cluster();

  // Starts the replica (index from 0), found or with what its disk holds. The status of open().
  Status start(std::size_t index, bool bootstrap);
  void start_all();
  // Kills the process: what it had given to the system stays.
  void kill(std::size_t index);
  // Cuts its power: what was not synced may be lost.
  void cut_power(std::size_t index);
  Status close(std::size_t index);
  [[nodiscard]] bool up(std::size_t index) const { return hosts_[index].replica != nullptr; }

  [[nodiscard]] Replica& replica(std::size_t index) { return *hosts_[index].replica; }
  [[nodiscard]] LogMachine& machine(std::size_t index) { return *hosts_[index].machine; }
  [[nodiscard]] io::testing::MemoryFileSystem& files(std::size_t index) {
    return *hosts_[index].files;
  }
  [[nodiscard]] const Status& stopped(std::size_t index) const { return hosts_[index].stopped; }
  // A client of the replica's present life. Lives as long as the cluster.
  TestClient& client(std::size_t index);

  // Cuts or heals everything between one replica and the others.
  void isolate(std::size_t index);
  void heal(std::size_t index);
  // Its disk answers nothing for so long: no write or read ends before.
  void stall_disk(std::size_t index, base::Duration duration);
  static std::string host(std::size_t index) { return "host" + std::to_string(index + 1); }

  // False when the condition did not come true within the time.
  bool run_until(const std::function<bool()>& condition,
                 base::Duration limit = std::chrono::seconds(30));
  void run_for(base::Duration duration) { executor_.run_for(duration); }
  [[nodiscard]] bool all_serving() const;
  // A line for each replica, for the message of a test that fails.
  [[nodiscard]] std::string describe() const;
  // All replicas that are up have executed the same commands.
  [[nodiscard]] bool equal() const;

  io::testing::ManualExecutor& executor() { return executor_; }
  io::testing::MemoryNetwork& network() { return network_; }
  base::Random& random() { return random_; }

 private:
  struct Host {
    std::unique_ptr<io::testing::MemoryFileSystem> files;
    std::unique_ptr<io::testing::ManualWorker> worker;
    std::unique_ptr<io::testing::ManualWorker> snapshot_worker;
    std::unique_ptr<LogMachine> machine;
    std::unique_ptr<Replica> replica;
    Status stopped;
  };
  void destroy(Host& host);

  Options options_;
  base::Random random_;
  io::testing::ManualExecutor executor_;
  io::testing::MemoryNetwork network_;
  std::vector<Host> hosts_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

}  // namespace rabia::replica::testing
