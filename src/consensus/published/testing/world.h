// A cluster of published::Node in virtual time, which a seed decides: for tests. Smaller than
// consensus/testing/world.h, since here nothing is durable and nobody comes back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "consensus/published/invariants.h"
#include "consensus/published/node.h"

namespace rabia::consensus::published::testing {

struct Delays {
  base::Duration least{};
  base::Duration most{};
};

struct Faults {
  std::uint64_t loss_percent = 0;  // Of messages.
  std::uint64_t duplicate_percent = 0;
  std::uint64_t slow_percent = 0;  // Of messages: up to 30 ms later than the link has it.
};

struct WorldOptions {
  std::uint64_t seed = 1;
  std::size_t members = 3;
  NodeOptions node;  // The world fills in who.
  std::uint64_t log_bytes_max = 64U << 20;
  Delays link{std::chrono::milliseconds(1), std::chrono::milliseconds(1)};  // One way.
  base::Duration clocks_apart{};  // By how much times of day may differ.
};

class World {
 public:
  explicit World(const WorldOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ---- time
  [[nodiscard]] base::Instant now() const { return now_; }
  void run_for(base::Duration span);
  // False when it did not come true within the span. Looked at after every event.
  bool run_until(const std::function<bool()>& condition, base::Duration within);
  void at(base::Instant when, std::function<void()> event) {
    events_.emplace(when, std::move(event));
  }

  // ---- what goes wrong
  void set_faults(const Faults& faults) { faults_ = faults; }
  void crash(ReplicaId member);
  // A new life of the member, which knows nothing of the last one.
  void restart(ReplicaId member);
  void cut(ReplicaId a, ReplicaId b);
  void mend(ReplicaId a, ReplicaId b);
  // Messages from one to another of which this is true are lost; null: none.
  using Loses = std::function<bool(ReplicaId from, ReplicaId to, const Message& message)>;
  void lose(Loses loses) { loses_ = std::move(loses); }
  // No more faults, all links whole.
  void heal();

  // ---- clients
  void submit(ReplicaId member, const std::string& command);
  void read(ReplicaId member);

  // ---- what can be seen
  [[nodiscard]] bool is_up(ReplicaId member) const { return processes_.at(member).node != nullptr; }
  [[nodiscard]] Node& node(ReplicaId member) { return *processes_.at(member).node; }
  [[nodiscard]] std::vector<ReplicaId> members() const;
  [[nodiscard]] std::vector<ReplicaId> up() const;
  // What the member has executed, in order; of its own, what was executed; reads that have looked.
  [[nodiscard]] const std::vector<std::string>& log(ReplicaId member) const {
    return processes_.at(member).log;
  }
  [[nodiscard]] std::uint64_t acknowledged(ReplicaId member) const {
    return processes_.at(member).acknowledged;
  }
  [[nodiscard]] std::uint64_t reads_done(ReplicaId member) const {
    return processes_.at(member).reads_done;
  }
  // Everyone up has nothing left to do, and is where the others are.
  [[nodiscard]] bool settled() const;
  // Rules that were broken: those of Invariants, and of reads.
  [[nodiscard]] std::vector<std::string> violations() const;
  [[nodiscard]] NodeCounters counters() const;
  // Messages sent that are not Beats, for as many receivers as they had.
  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] std::string describe() const;

 private:
  struct Process {
    ReplicaId id;
    std::uint64_t life = 0;
    std::unique_ptr<Node> node;  // Null while it is down.
    bool step_planned = false;
    base::Instant wake_planned{};
    RecordNumber records = 0;
    std::vector<std::string> to_propose;
    std::vector<std::string> log;
    std::map<std::uint64_t, std::uint64_t> reads;  // Token: how much it must see.
    std::uint64_t acknowledged = 0;
    std::uint64_t reads_done = 0;
  };

  void boot(Process& process);
  bool run_one(base::Instant until);
  void plan_step(Process& process, base::Instant when);
  void step(Process& process);
  void obey(Process& process);
  void execute(Process& process, const Execution& execution);
  void finish_reads(Process& process);
  void transmit(const Process& process, ReplicaId to, const Message& message);
  void deliver(ReplicaId from, ReplicaId to, Incarnation incarnation, const std::string& bytes);
  void connect(ReplicaId a, ReplicaId b);
  [[nodiscard]] base::Duration draw(const Delays& delays);

  WorldOptions options_;
  base::Random random_;
  Faults faults_;
  Loses loses_;
  base::Instant now_{std::chrono::seconds(1)};
  std::multimap<base::Instant, std::function<void()>> events_;
  std::map<ReplicaId, Process> processes_;
  std::map<std::pair<ReplicaId, ReplicaId>, bool> cut_;
  std::unique_ptr<Invariants> invariants_;
  std::vector<std::string> stale_reads_;
  std::uint64_t seen_end_ = 0;  // Executed at their owners, or seen by a read.
  std::uint64_t messages_ = 0;
  NodeCounters of_the_dead_;
};

}  // namespace rabia::consensus::published::testing
