// A whole cluster of Nodes on one thread, in virtual time: everything that happens follows from the
// seed. The network delays, reorders, repeats and loses; links are cut; members crash at any point
// of carrying out a Ready and restart from what was durable; syncs take their time; clients
// propose, propose again what was decided 0, and read. What members do is told to Invariants.
//
// The randomness is in Faults; without them the world is a plain, punctual cluster, and tests can
// measure delays and count messages in it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "consensus/invariants.h"
#include "consensus/node.h"
#include "consensus/testing/disk.h"

namespace rabia::consensus::testing {

// Uniform between the two.
struct Delays {
  base::Duration least{};
  base::Duration most{};
};

struct Faults {
  std::uint64_t loss_percent = 0;
  std::uint64_t duplicate_percent = 0;
  std::uint64_t slow_percent = 0;    // Messages and syncs that take ten times as long.
  std::uint64_t crash_permille = 0;  // Of the steps of a member.
  std::uint64_t cut_permille = 0;    // Of the steps of a member: one of its links.
  std::uint64_t pause_permille = 0;  // Of the steps of a member: it stands still for a while.
  Delays down{std::chrono::milliseconds(1), std::chrono::milliseconds(300)};
  Delays cut{std::chrono::milliseconds(1), std::chrono::milliseconds(300)};
  Delays pause{std::chrono::milliseconds(1), std::chrono::milliseconds(100)};
};

struct Clients {
  bool on = false;
  Delays pause{std::chrono::milliseconds(1), std::chrono::milliseconds(20)};  // Of each member's.
  std::uint64_t read_percent = 30;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  std::size_t members = 3;
  NodeOptions node;  // The world fills in who and where.
  Delays link{std::chrono::milliseconds(1), std::chrono::milliseconds(1)};  // One way.
  Delays sync{std::chrono::milliseconds(2), std::chrono::milliseconds(2)};
  Delays gather{};  // How long input gathers before a step takes it.
  std::ostream* trace = nullptr;
};

// What the tests want to know of a run; of all lives of all members together.
struct Tally {
  NodeCounters nodes;
  std::uint64_t steps = 0;
  std::uint64_t crashes = 0;
  std::uint64_t restarts_with_undecided = 0;  // Of states that were said and not yet decided.
  std::uint64_t history_requests = 0;
  std::uint64_t from_earlier_lives = 0;  // Messages delivered after their sender's life had ended.
  std::uint64_t beyond_window = 0;       // Batches and states 1 delivered above the window.
  std::uint64_t proposed_again = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t records = 0;
  std::array<std::uint64_t, std::variant_size_v<Message>> messages{};  // Sent, by kind.
  void add(const NodeCounters& counters);
  void add(const Tally& other);
};

class World {
 public:
  explicit World(WorldOptions options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ---- time
  [[nodiscard]] base::Instant now() const { return now_; }
  void run_for(base::Duration span);
  // False when it did not come true within the span. Looked at after every event.
  bool run_until(const std::function<bool()>& condition, base::Duration within);

  // ---- what goes wrong
  void set_faults(const Faults& faults) { faults_ = faults; }
  void set_clients(const Clients& clients);
  void crash(ReplicaId member);
  void restart(ReplicaId member);
  void cut(ReplicaId a, ReplicaId b);
  void mend(ReplicaId a, ReplicaId b);
  // The process stands still; its connections stay up and what comes for it waits.
  void pause(ReplicaId member) { processes_.at(member).paused = true; }
  void resume(ReplicaId member);
  // No more faults; everybody but `dead` is up and connected; `dead` are down.
  void heal(const std::vector<ReplicaId>& dead = {});

  // ---- clients
  // Queues a command for the member; it is proposed, again if need be, as soon as it may be.
  void submit(ReplicaId member, std::string command);
  void read(ReplicaId member);

  // ---- what can be seen
  [[nodiscard]] bool is_up(ReplicaId member) const { return processes_.at(member).node != nullptr; }
  [[nodiscard]] Node& node(ReplicaId member) { return *processes_.at(member).node; }
  [[nodiscard]] const Node& node(ReplicaId member) const { return *processes_.at(member).node; }
  // Batches of this life of the member that were executed there, and so acknowledged.
  [[nodiscard]] std::uint64_t acknowledged(ReplicaId member) const {
    return processes_.at(member).acknowledged;
  }
  [[nodiscard]] std::uint64_t reads_done(ReplicaId member) const {
    return processes_.at(member).reads_done;
  }
  // How many batches the member has executed in this life.
  [[nodiscard]] std::uint64_t executed(ReplicaId member) const {
    return processes_.at(member).executed;
  }
  // Everybody up runs, is connected, has nothing left to do, and is where the others are.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] const Invariants& invariants() const { return invariants_; }
  // Of all lives, those under way included.
  [[nodiscard]] Tally tally() const;
  [[nodiscard]] std::vector<ReplicaId> members() const;
  // For an assertion's message: where everyone stands.
  [[nodiscard]] std::string describe() const;

 private:
  struct Awaiting {
    SlotId slot;
    base::SharedBytes batch;
  };
  struct Process {
    ReplicaId id;
    std::uint64_t life = 0;
    Disk disk;
    SlotLog slots;
    std::unique_ptr<Node> node;  // Null while it is down.

    std::vector<std::function<void(Node&)>> inbox;
    bool step_planned = false;
    bool paused = false;
    base::Instant wake_planned{};
    bool sync_running = false;
    bool sync_wanted = false;                 // Somebody waits for what came after it began.
    std::map<ReplicaId, std::uint64_t> told;  // The connection it was told of; 0: none.

    std::uint64_t executed = 0;
    std::deque<base::SharedBytes> to_propose;
    std::map<Round, base::SharedBytes> under_way;       // Proposed, not decided.
    std::map<Round, base::SharedBytes> to_acknowledge;  // Decided 1, not executed.
    std::map<std::uint64_t, std::uint64_t> reads;       // Token: what it must see.
    std::uint64_t reads_wanted = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t reads_done = 0;
    base::Instant client_at{};
  };
  struct Link {
    bool cut = false;
    std::uint64_t connection = 0;  // 0: none.
  };

  using Event = std::function<void()>;
  void at(base::Instant when, Event event);
  // Runs only if the process still lives the same life.
  void at_life(const Process& process, base::Instant when, std::function<void(Process&)> event);
  // For what mends itself: not if everything was healed meanwhile.
  void at_unless_healed(base::Instant when, Event event);
  bool run_one(base::Instant until);
  [[nodiscard]] base::Duration draw(const Delays& delays);

  // world.cc: members
  void boot(Process& process);
  void end_life(Process& process);
  void give(Process& process, std::function<void(Node&)> input);
  void step(Process& process);
  void take_client_turn(Process& process);
  void propose_waiting(Process& process);
  void plan_wake(Process& process);
  void note_undecided(const Process& process);

  // world_output.cc: carrying out a Ready
  enum class Outcome : std::uint8_t { alive, crashed };
  Outcome carry_out(Process& process);
  void append(Process& process, const Record& record);
  void start_sync(Process& process);
  void became_durable(Process& process, RecordNumber from, RecordNumber up_to);
  void take_own_decision(Process& process, const OwnDecision& decision);
  void execute(Process& process, const Execution& execution);
  void finish_reads(Process& process, std::uint64_t up_to);
  void answer_history(Process& process, const HistoryRequest& request);
  void send(Process& process, ReplicaId to, const Message& message);
  void transmit(const Process& process, ReplicaId to, const Message& message);
  void deliver(ReplicaId from, std::uint64_t life, Incarnation incarnation, ReplicaId to,
               const std::string& bytes);

  // world_links.cc: connections
  [[nodiscard]] Link& link(ReplicaId a, ReplicaId b);
  void refresh_links(ReplicaId member);
  void refresh_link(ReplicaId a, ReplicaId b);
  void tell_of_link(ReplicaId who, ReplicaId other);
  void maybe_break_something(Process& process);

  WorldOptions options_;
  base::Random random_;
  Faults faults_;
  Clients clients_;
  base::Instant now_{std::chrono::seconds(1)};
  std::multimap<base::Instant, Event> events_;
  std::map<ReplicaId, Process> processes_;
  std::map<std::pair<ReplicaId, ReplicaId>, Link> links_;
  std::uint64_t connections_ = 0;
  std::uint64_t heals_ = 0;
  std::uint64_t commands_ = 0;
  Invariants invariants_;
  Tally tally_;  // Without the counters of the nodes that live.
};

}  // namespace rabia::consensus::testing
