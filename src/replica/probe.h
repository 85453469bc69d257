// Sees what one replica does, as it does it: for a simulator that holds it against the protocol
// and prints traces. Nothing in a replica depends on it.
#pragma once

#include <cstdint>

#include "consensus/node.h"
#include "replica/replica.h"
#include "storage/snapshot_format.h"
#include "storage/wal.h"

namespace rabia::replica {

// Called on the core thread, in the order in which things happen. Arguments are valid during the
// call. It must not call the replica.
class Probe {
 public:
  virtual ~Probe() = default;
  // Before anything is recovered. The node lives as long as its replica.
  virtual void attached(const consensus::Engine& node) = 0;
  // A record that the log gave back at the start; it is told to the node afterwards.
  virtual void recovered(consensus::RecordNumber number, const consensus::Record& record) = 0;
  // The end of recovery.
  virtual void log_recovered(const storage::Wal::RecoverySummary& summary) = 0;
  // Given to the log, not durable yet.
  virtual void appended(consensus::RecordNumber number, const consensus::Record& record) = 0;
  // The log says that all records up to this one are durable; the node is told afterwards.
  virtual void durable(consensus::RecordNumber up_to) = 0;
  // A group of commands is proposed, once more if its number was seen before in this life.
  virtual void proposed(consensus::Round round, std::uint64_t group) = 0;
  // On its way to the transport; once for a message to everyone.
  virtual void sent(const consensus::Outgoing& outgoing) = 0;
  // From another member; it is told to the node afterwards.
  virtual void received(ReplicaId from, const consensus::Message& message) = 0;
  // About to be applied: `before` batches were. `answered`: clients here wait for it.
  virtual void executed(const consensus::Execution& execution, LogPosition before,
                        bool answered) = 0;
  // A peer's snapshot became the state; the node is told afterwards.
  virtual void installed(const storage::SnapshotHeader& header) = 0;
  // A linearizable read begins, and may look at the state after `executed` batches.
  virtual void read_began(std::uint64_t token) = 0;
  virtual void read_done(std::uint64_t token, LogPosition executed) = 0;
  // The disk has more or less room than it had, as far as that matters.
  virtual void disk_changed(DiskStatus::Room room) = 0;
};

}  // namespace rabia::replica
