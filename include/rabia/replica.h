// One member of a cluster that replicates a state machine of yours, in this process.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rabia/durability.h"
#include "rabia/ids.h"
#include "rabia/result.h"
#include "rabia/session.h"
#include "rabia/state_machine.h"

namespace rabia {

// A member, and where the other members reach it.
struct MemberAddress {
  ReplicaId id{};
  std::string host;  // A name or a literal address.
  std::uint16_t port = 0;
};

struct ReplicaOptions {
  std::string cluster_id = "rabia";  // Equal on all members; see is_valid_cluster_id().
  ReplicaId self{1};
  // All members, this one included, equal everywhere. None: it is alone.
  std::vector<MemberAddress> members{};
  // Used by one replica at a time. Made when it is missing.
  std::string data_directory{};
  Durability durability = Durability::always;
  // The operator's word that a new cluster may be founded from empty directories. No effect on one
  // that has a cluster's data.
  bool bootstrap = false;
  // The operator's word that what this member had is lost, or that it is new: it takes everything
  // from the others.
  bool rejoin = false;
  // A snapshot is taken when so much was written to the log since the last one.
  std::uint64_t snapshot_log_bytes = 256ULL << 20;
  bool compress_snapshots = true;
};

// Of a command.
inline constexpr std::size_t command_bytes_max = 32ULL << 20;

struct MemberStatus {
  ReplicaId id{};
  bool voter = true;       // False: it executes what the others decide, and counts for nothing.
  bool connected = false;  // Of this replica itself: true.
};

struct ReplicaStatus {
  bool serving = false;             // It has a quorum, and has executed what it found at its start.
  std::string not_serving_because;  // For people; empty when it serves.
  LogPosition position;             // Batches executed.
  LogTime time;                     // The log's clock.
  StateDigest digest;               // Of the state after them.
  std::vector<MemberStatus> members;
};

// A replica with threads of its own. All of its methods may be called from any thread; from inside
// a callback, which the replica's thread calls, only those that take a callback, and peek(), post()
// and status(); from the state machine none. Callbacks must not block. Only when it was closed is
// an answer given from inside the call that asks: a callback must not try again without end.
class Replica {
 public:
  // What a command was answered by the state machine. Code::unavailable: it was not executed, and
  // will not be: try again, here or elsewhere. Code::unknown_outcome: it may have been, or may be
  // yet: look before you try again, or send it by a Session.
  // Code::invalid_argument: it is longer than command_bytes_max. Code::exhausted: 256 MiB wait for
  // their answers here already; nothing was done.
  using Reply = Result<std::string>;
  using Done = std::function<void(Reply reply)>;

  // Recovers what the directory holds, listens, and joins the cluster. Blocks while the log is
  // replayed into `machine`, which outlives the replica and is its own from now on.
  // Code::failed_precondition, invalid_argument, corrupted, io_error: the message says what to do.
  static Result<std::unique_ptr<Replica>> open(const ReplicaOptions& options,
                                               StateMachine& machine);
  ~Replica();  // close().
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // --- Commands. Those that are under way together are executed in any order, but at the same
  // places on all replicas: wait for one before the next when the order matters.

  // `done` is called exactly once, when the command was executed here and is durable on a quorum,
  // or has failed.
  void submit(std::string command, Done done);
  [[nodiscard]] std::future<Reply> submit(std::string command);
  // Executed once, however often it is submitted, at whatever replicas: so it may be sent again
  // when the outcome is unknown. Code::invalid_argument: its session has no name, or too long a
  // one.
  void submit(const NamedCommand& command, Done done);
  [[nodiscard]] std::future<Reply> submit(const NamedCommand& command);
  // `co_await replica.execute(command)` gives its Reply; the coroutine goes on in the replica's
  // thread.
  class Execution;
  [[nodiscard]] Execution execute(std::string command);

  // --- Reads: they take no place in the log.

  // Calls `look` when the state machine holds everything that was answered anywhere before this
  // call (linearizable), and then `done`. `look` looks at the machine, and may change nothing.
  // Code::unavailable: there was no quorum, and it was not called.
  void read(std::function<void()> look, std::function<void(Status status)> done);
  [[nodiscard]] Status read(std::function<void()> look);
  // Calls `look` at once: the state may be behind that of others. Blocks until it was called.
  void peek(const std::function<void()>& look);

  // Whether this is the replica's thread, which may not wait for itself: what would is answered
  // Code::failed_precondition.
  [[nodiscard]] bool is_own_thread() const;
  // Whether `machine` is the one that it was opened with.
  [[nodiscard]] bool replicates(const StateMachine& machine) const;
  // Calls `job` from the replica's thread soon, between commands; never after close().
  void post(std::function<void()> job);

  // --- Who belongs to the cluster. Each waits until it is in the log, and says nothing else than
  // Status: invalid_argument or not_found when it cannot be, failed_precondition when it would be
  // unsafe now, unavailable when nothing was done, unknown_outcome when it may be done yet.

  // The member executes what is decided from now on, and becomes a voter when it is near. It must
  // be open already, by `rejoin`, under an id that no member ever had, and with all members and
  // itself in its list.
  [[nodiscard]] Status add_member(const MemberAddress& member);
  // It leaves for ever. With what remains there must be a quorum.
  [[nodiscard]] Status remove_member(ReplicaId id);
  // add_member(), and when it becomes a voter `old` leaves.
  [[nodiscard]] Status replace_member(ReplicaId old, const MemberAddress& member);

  // --- The rest

  [[nodiscard]] ReplicaStatus status();
  // Blocks until it serves; false: not within `patience`.
  [[nodiscard]] bool wait_until_serving(std::chrono::milliseconds patience);
  // Takes a snapshot and waits until it is durable; what the log holds from before can go then.
  [[nodiscard]] Status take_snapshot();
  // Why it stopped by itself (a failed write, say): then everything is answered
  // Code::unavailable. Ok: it did not.
  [[nodiscard]] Status failure() const;

  // Stops taking part, answers what waits, and marks the log as cleanly stopped. Blocks shortly.
  // Afterwards submit(), execute() and read() are answered Code::unavailable; but for them only the
  // destructor, failure(), peek() and close() may be called.
  Status close();

 private:
  class Impl;
  explicit Replica(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What co_await takes. Lives until it was awaited.
class Replica::Execution {
 public:
  Execution(Replica& replica, std::string command)
      : replica_(replica), command_(std::move(command)) {}
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    replica_.submit(std::move(command_), [this, caller](Reply reply) {
      reply_.emplace(std::move(reply));
      caller.resume();
    });
  }
  [[nodiscard]] Reply await_resume() { return std::move(*reply_); }

 private:
  Replica& replica_;
  std::string command_;
  std::optional<Reply> reply_;
};

inline Replica::Execution Replica::execute(std::string command) {
  return {*this, std::move(command)};
}

}  // namespace rabia
