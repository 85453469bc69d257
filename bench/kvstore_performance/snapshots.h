// A snapshot of the store as a file, and the store as it comes back from it.
#pragma once

#include <cstdint>
#include <string>

#include "kv/operations.h"
#include "rabia/result.h"

namespace rabia::kvstore_performance {

struct SnapshotFigures {
  std::uint64_t keys = 0;
  std::uint64_t state_bytes = 0;
  std::uint64_t file_bytes = 0;
  double read_seconds = 0;     // Of the machine's cut: the core thread's share of writing.
  double write_seconds = 0;    // All of it: packed, written and synced.
  double restore_seconds = 0;  // From the file into an empty store, checked.
};

// Writes a snapshot as a replica does, in pieces of 64 KiB, into a new directory in `parent` that
// is removed again, and loads it. An error: of the disk, or the state that came back is another.
Result<SnapshotFigures> measure_snapshot(kv::StoreMachine& machine, const std::string& parent);

}  // namespace rabia::kvstore_performance
