// What the protocol keeps in the header of a snapshot, beside the state: its field `extra`.
#pragma once

#include <string>

#include "consensus/configuration.h"
#include "consensus/node.h"
#include "rabia/result.h"
#include "storage/snapshot_format.h"

namespace rabia::replica {

// C(r) of the rounds from the snapshot's on: how many, then their numbers.
[[nodiscard]] std::string encode_members(const consensus::Configuration& configuration);
// The way back. Code::corrupted, with only the reason.
[[nodiscard]] Result<consensus::SnapshotPoint> point_of(const storage::SnapshotHeader& header);

}  // namespace rabia::replica
