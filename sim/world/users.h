// What a world does not know: what its hosts replicate and serve, who asks them, and what these
// must be told. sim/store is the key-value store with its clients, sim/machine any other machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "io/network.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_network.h"
#include "rabia/state_machine.h"
#include "replica/replica.h"
#include "sim/world/plan.h"
#include "sim/world/tally.h"
#include "sim/world/trace.h"

namespace rabia::sim {

class Host;

// Where a service runs.
struct Site {
  std::size_t index = 0;  // Of the host.
  std::string name;
  io::Executor& executor;
  io::Network& network;
  std::function<bool()> lives;  // False when the process is a ghost, whose doings are nobody's.
};

// What a host replicates, and who serves clients above its replica: in one life of its process.
// One thread.
class Service {
 public:
  virtual ~Service() = default;
  // What the replica replicates; always the same one.
  [[nodiscard]] virtual StateMachine& machine() = 0;
  // The replica is open: listens for clients, at client_port.
  virtual Status serve(replica::Replica& replica) = 0;
  // The replica is destroyed next. Also called when it was never served.
  virtual void stop() = 0;
  // Nothing is to happen in the state by itself, as time passes.
  [[nodiscard]] virtual bool rests() const = 0;
};

// The clients of a world, and their judge. One thread. Outlives the hosts of the world.
class Users {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    Trace& trace;
    Tally& tally;
    std::vector<std::unique_ptr<Host>>& hosts;
    std::function<void(std::string)> broken;  // What was violated; the first one counts.
  };
  virtual ~Users() = default;

  [[nodiscard]] virtual std::unique_ptr<Service> make_service(const Site& site) = 0;

  // ---- asking: from begin() to stop_asking(); then one question after the other.
  virtual void begin() = 0;
  virtual void stop_asking() = 0;
  // Clients that wait for an answer, or will ask again by themselves.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  enum class Question : std::uint8_t {
    write,
    write_at_odds,  // So that digests are compared.
    read,           // As much as can be read.
  };
  // What ask_last() asks from now on.
  virtual void prepare_last(Question question) = 0;
  // Asks it at this host, as soon as a client is connected there.
  virtual void ask_last(std::size_t host) = 0;
  [[nodiscard]] virtual bool asked_last(std::size_t host) const = 0;
  // And it was done, not refused or lost.
  [[nodiscard]] virtual bool done_last() const = 0;

  // ---- judging: empty, or what was violated.
  // What somebody is still to be told without asking.
  [[nodiscard]] virtual std::string not_told_yet() const = 0;
  // These belong to the cluster, and have healed; some may be down.
  [[nodiscard]] virtual std::string judge_states(const std::vector<Host*>& hosts) = 0;
  // Ten seconds after the last write some service does not rest, though clocks are right.
  [[nodiscard]] virtual std::string judge_unrest() const = 0;
  // What clients were told in all the run. The last call.
  [[nodiscard]] virtual std::string judge_history() = 0;
};

// The plan outlives the users.
using MakeUsers =
    std::function<std::unique_ptr<Users>(const Users::World& world, const Plan& plan)>;

}  // namespace rabia::sim
