// What the protocol keeps in the header of a snapshot, beside the state: its field `extra`, which
// says who the members are.
#pragma once

#include "consensus/node.h"
#include "rabia/result.h"
#include "storage/snapshot_format.h"

namespace rabia::replica {

// Code::corrupted, with only the reason.
[[nodiscard]] inline Result<consensus::SnapshotPoint> point_of(
    const storage::SnapshotHeader& header) {
  auto epochs = consensus::decode_epochs(header.extra);
  if (!epochs.ok()) return epochs.status();
  return consensus::SnapshotPoint{{header.round}, epochs.take()};
}

}  // namespace rabia::replica
