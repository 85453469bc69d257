// Takes a peer's snapshot, part by part, and makes it the state. protocol.md, section 7.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "consensus/message.h"
#include "rabia/state_machine.h"
#include "replica/jobs.h"
#include "storage/snapshot_incoming.h"

namespace rabia::replica {

struct SnapshotFetchOptions {
  std::size_t slice_bytes = 64U << 10;           // Loaded by the core thread at once.
  std::uint64_t bytes_per_second = 64ULL << 20;  // Asked of the giver, so that it hardly notices.
  std::uint64_t bytes_max = 1ULL << 40;          // Who names a larger one is not believed.
  base::Duration repeat_after = std::chrono::milliseconds(500);
  base::Duration retry_after = std::chrono::seconds(5);  // After an error of the own disk.
  base::Duration avoid_for = std::chrono::seconds(60);   // A giver, for what it gave was wrong.
  // So many questions without an answer: another peer's word is waited for.
  int tries = 8;
};

// What came over broken links and restarts stays in the directory, and is gone on with. The machine
// loads it aside while it is checked as a whole; then it gets its name; then it is the state. What
// turns out to be wrong or of no use is removed, and its giver is told, and avoided for a while.
// Core thread only.
class SnapshotFetch {
 public:
  struct Callbacks {
    std::function<void(ReplicaId, consensus::Message)> send;
    // The machine has the state of this snapshot from now on.
    std::function<void(const storage::SnapshotHeader&)> loaded;
    // False: the snapshot is not (or no longer) of use here. Asked before it replaces the state.
    std::function<bool(const storage::SnapshotHeader&)> wanted;
    // Whether the disk has room for so many bytes more.
    std::function<bool(std::uint64_t bytes)> fits;
    std::function<void()> schedule;
  };

  // All references outlive it.
  SnapshotFetch(StateMachine& machine, io::FileSystem& files, std::string directory, Jobs& jobs,
                SnapshotFetchOptions options, Callbacks callbacks)
      : machine_(machine),
        files_(files),
        directory_(std::move(directory)),
        jobs_(jobs),
        options_(options),
        callbacks_(std::move(callbacks)) {}

  // A peer no longer has what was asked for, and this replica is below its snapshot.
  void offered(ReplicaId from, const consensus::SnapshotName& name, base::Instant now);
  void received(ReplicaId from, const consensus::message::SnapshotPart& part, base::Instant now);
  void tick(base::Instant now);
  // When tick() has something to do; nothing while it waits for the worker, or is idle.
  [[nodiscard]] std::optional<base::Instant> wake_at() const;

  [[nodiscard]] bool busy() const { return state_ != State::idle; }
  // Of the bytes of the file; 0 when idle.
  [[nodiscard]] unsigned percent() const;

 private:
  enum class State : std::uint8_t { idle, opening, asking, storing, loading, publishing };
  // A giver whose snapshot is not taken, until then.
  struct Avoided {
    std::optional<std::uint64_t> checksum;  // Of that snapshot; none: all of them.
    base::Instant until;
  };

  [[nodiscard]] bool is_avoided(ReplicaId peer, const consensus::SnapshotName& name) const;
  void ask(base::Instant now);
  void opened(Result<std::unique_ptr<storage::IncomingSnapshot>> opened);
  void stored(const Result<bool>& taken);
  void begin_loading(const Status& readable);
  void load();
  void load_next(Result<std::string> chunk);
  void load_slice();
  void publish();
  void install();
  void fail(const Status& why);
  void give_up(const Status& why);
  void refuse(const Status& why);
  void end();

  StateMachine& machine_;
  io::FileSystem& files_;
  std::string directory_;
  Jobs& jobs_;
  SnapshotFetchOptions options_;
  Callbacks callbacks_;

  State state_ = State::idle;
  ReplicaId giver_;
  consensus::SnapshotName name_;
  std::uint64_t offset_ = 0;
  int unanswered_ = 0;
  std::set<ReplicaId> givers_;  // Of what came since it was begun.
  std::map<ReplicaId, Avoided> avoided_;
  base::Instant now_{};  // When something was last called.
  base::Instant ask_at_{};
  base::Instant not_before_{};
  std::shared_ptr<storage::IncomingSnapshot> incoming_;
  std::unique_ptr<SnapshotLoader> loader_;
  std::string chunk_;       // That is being loaded,
  std::size_t loaded_ = 0;  // and how much of it is.
};

}  // namespace rabia::replica
