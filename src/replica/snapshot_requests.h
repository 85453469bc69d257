// Who waits for a snapshot to be taken.
#pragma once

#include <utility>
#include <vector>

#include "replica/replica.h"

namespace rabia::replica {

// A request is served by a snapshot that begins after it came, so that everything executed until
// then is in it. One waits for each client at most. Callbacks may request anew. Core thread only.
class SnapshotRequests {
 public:
  void add(OnSnapshot done) { waiting_.push_back(std::move(done)); }
  // For a snapshot to begin.
  [[nodiscard]] bool waiting() const { return !waiting_.empty(); }

  // A snapshot begins now.
  void begin() { served_ = std::exchange(waiting_, {}); }
  // It ended.
  void end(const Result<SnapshotInfo>& taken) { answer(std::exchange(served_, {}), taken); }

  // Of those that wait for one to begin: there is no need to, or no way.
  void answer_waiting(const Result<SnapshotInfo>& result) {
    answer(std::exchange(waiting_, {}), result);
  }

 private:
  static void answer(const std::vector<OnSnapshot>& requests, const Result<SnapshotInfo>& result) {
    for (const OnSnapshot& done : requests) done(result);
  }

  std::vector<OnSnapshot> waiting_;
  std::vector<OnSnapshot> served_;  // By the one that is being taken.
};

}  // namespace rabia::replica
