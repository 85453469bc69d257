// Records that are written together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rabia/result.h"
#include "storage/wal.h"

namespace rabia::storage {

// Lies in one segment. Filled on the core thread; from the moment it is given to the worker until
// it is written nobody changes it.
struct Group {
  std::uint32_t segment = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t offset = 0;       // In the segment.
  Lsn first_lsn = 0;              // Of its first record,
  Lsn next_lsn = 0;               // and after its last one.
  bool after_sync = true;         // All groups before it are on stable storage then.
  bool needs_sync = false;        // In mode `os` too.
  std::string bytes;              // The records, ready to be written.
  std::optional<Status> written;  // What became of it: set under the mutex of the LogDisk.
};

}  // namespace rabia::storage
