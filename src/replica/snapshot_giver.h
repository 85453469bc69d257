// Gives peers this replica's snapshots, part by part. protocol.md, section 7.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "consensus/message.h"
#include "io/files.h"
#include "replica/jobs.h"
#include "replica/one_per_peer.h"

namespace rabia::replica {

// At most one part is read at a time for each peer, so that a peer that asks without end costs no
// more than one that takes what it asks for. Core thread only.
class SnapshotGiver {
 public:
  struct Callbacks {
    std::function<void(ReplicaId, consensus::Message)> send;
    // Whether this snapshot is whole on the disk.
    std::function<bool(const consensus::SnapshotName&)> has;
    // It is there and cannot be given, for this reason: there should be another one.
    std::function<void(const consensus::SnapshotName&, const Status&)> damaged;
  };

  // `directory`: where the snapshots lie. `part_bytes`: sent at once, above 0. All references
  // outlive it.
  SnapshotGiver(io::FileSystem& files, std::string directory, std::size_t part_bytes, Jobs& jobs,
                Callbacks callbacks)
      : files_(files),
        directory_(std::move(directory)),
        part_bytes_(part_bytes),
        jobs_(jobs),
        callbacks_(std::move(callbacks)) {}

  // Answered with a part, or with an empty one when there is no such snapshot (any more). An ask
  // from the end on is a complaint: all has come, and is not right. Then the file is looked
  // through, and there is no answer.
  void asked(ReplicaId peer, const consensus::message::SnapshotAsk& ask);

 private:
  using Ask = consensus::message::SnapshotAsk;

  void serve(ReplicaId peer, const Ask& ask);
  [[nodiscard]] bool is_found_right(const consensus::SnapshotName& name) const;
  void give(ReplicaId peer, const Ask& ask);
  void look_through(ReplicaId peer, const Ask& ask);
  void answer(ReplicaId peer, const Ask& ask, std::string bytes);
  void cannot_give(ReplicaId peer, const Ask& ask, const Status& why);
  void served(ReplicaId peer);

  io::FileSystem& files_;
  std::string directory_;
  std::size_t part_bytes_;
  Jobs& jobs_;
  Callbacks callbacks_;
  OnePerPeer<Ask> asks_;
  std::vector<consensus::SnapshotName> found_right_;  // Looked through, and still there.
};

}  // namespace rabia::replica
