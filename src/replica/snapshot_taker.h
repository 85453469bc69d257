// Writes the state of the machine to a file while commands go on. protocol.md, section 7.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rabia/state_machine.h"
#include "replica/jobs.h"
#include "storage/snapshot_writer.h"

namespace rabia::replica {

// The core thread reads the cut piece by piece; the worker packs and writes each. One piece is
// under way at a time, so no more memory is taken than two of them. Core thread only.
class SnapshotTaker {
 public:
  struct Callbacks {
    std::function<void()> schedule;  // pump() has something to do.
    std::function<void(Result<storage::SnapshotId>)> done;
  };

  // `jobs`, `files` and `machine` outlive it. `piece_bytes`: what the core thread reads at once.
  SnapshotTaker(StateMachine& machine, io::FileSystem& files, std::string directory,
                std::size_t piece_bytes, Jobs& jobs, Callbacks callbacks)
      : machine_(machine),
        files_(files),
        directory_(std::move(directory)),
        piece_bytes_(piece_bytes),
        jobs_(jobs),
        callbacks_(std::move(callbacks)) {}

  [[nodiscard]] bool busy() const { return busy_; }
  // Cuts the state as it is now. Not while busy().
  void begin(storage::SnapshotHeader header, storage::SnapshotOptions options);
  // Once a step: reads the next piece when the worker waits for it. True: call it again soon.
  bool pump();
  // What is written is removed soon, and done() is told why. One that is whole already stays.
  void give_up(Status why);

 private:
  void written(const Status& status);
  void abandon();
  void end(Result<storage::SnapshotId> result);

  StateMachine& machine_;
  io::FileSystem& files_;
  std::string directory_;
  std::size_t piece_bytes_;
  Jobs& jobs_;
  Callbacks callbacks_;

  bool busy_ = false;
  bool worker_waits_ = false;
  Status given_up_;  // Why; ok: it goes on.
  std::unique_ptr<SnapshotReader> reader_;
  std::shared_ptr<storage::SnapshotWriter> writer_;
};

}  // namespace rabia::replica
