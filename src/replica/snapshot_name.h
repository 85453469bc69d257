// What the protocol and storage call one snapshot.
#pragma once

#include "consensus/types.h"
#include "storage/snapshot_format.h"

namespace rabia::replica {

[[nodiscard]] inline consensus::SnapshotName name_of(const storage::SnapshotId& id) {
  return {{id.round}, id.bytes, id.checksum};
}
[[nodiscard]] inline storage::SnapshotId id_of(const consensus::SnapshotName& name) {
  return {name.round.value, name.bytes, name.checksum};
}

}  // namespace rabia::replica
