// A whole cluster in one process: for tests, and for programs that begin with one.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "rabia/durability.h"
#include "rabia/make_state_machine.h"
#include "rabia/replica.h"
#include "rabia/result.h"
#include "rabia/state_machine.h"

namespace rabia {

struct LocalClusterOptions {
  std::size_t replicas = 3;  // 1 to cluster_members_max.
  // Where each replica has a directory of its own, "1", "2" and so on; one that holds data goes on
  // with it. Empty: a temporary one, which is removed in the end.
  std::string data_directory{};
  Durability durability = Durability::memory;
  std::string cluster_id = "local";
};

// Replicas that talk to each other over the loopback interface, each with its own state machine and
// threads. Thread-compatible: one thread at a time, but what is said of each Replica.
class LocalCluster {
 public:
  // Starts all replicas, and waits until all serve.
  static Result<std::unique_ptr<LocalCluster>> open(const LocalClusterOptions& options,
                                                    MakeStateMachine make);
  ~LocalCluster();  // Stops all.
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  // Those that were stopped or removed included.
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  // Numbered from 0. It must be running; the reference is good until it is stopped.
  [[nodiscard]] Replica& replica(std::size_t index);
  // Its state is looked at only from inside Replica::read() or peek() of this replica.
  [[nodiscard]] StateMachine& machine(std::size_t index);
  [[nodiscard]] bool running(std::size_t index) const;

  // Ends one replica. With a minority stopped the others go on.
  Status stop(std::size_t index);
  // Starts it again, with a new state machine: it goes on with its data (in mode `memory`: with
  // what the others give it), and is caught up when this returns.
  Status start(std::size_t index);

  // A further member, which has the next index: it takes everything from the others, and counts
  // like them when this returns. When it fails its index stays empty; Code::unknown_outcome: it may
  // have become a member. Code::failed_precondition, as of remove_replica(): the cluster has a data
  // directory of its own, or no replica to ask.
  Status add_replica();
  // It leaves the cluster for ever, and stops; its index stays empty.
  Status remove_replica(std::size_t index);

  // Waits until all that run have executed the same, and compares their digests.
  // Code::failed_precondition: they differ, or do not come to an end within `patience`.
  [[nodiscard]] Status wait_until_equal(
      std::chrono::milliseconds patience = std::chrono::seconds(30));

 private:
  struct Member {
    MemberAddress address;
    std::unique_ptr<StateMachine> machine;  // Outlives the replica.
    std::unique_ptr<Replica> replica;       // Null: stopped.
    bool removed = false;                   // From the cluster.
  };
  LocalCluster(LocalClusterOptions options, MakeStateMachine make);
  Status open_member(std::size_t index, bool is_new);
  Status wait_until_voting(std::size_t index);
  [[nodiscard]] Replica* any_running_but(std::size_t index);

  LocalClusterOptions options_;
  MakeStateMachine make_;
  std::vector<Member> members_;
  bool temporary_ = false;  // The data directory.
};

}  // namespace rabia
