// Reads a log back after a stop or a crash: docs/formats/wal.md, "Recovery".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/files.h"
#include "rabia/result.h"
#include "storage/wal.h"

namespace rabia::storage {

// A segment that is used.
struct SegmentSpan {
  std::uint32_t number = 0;
  std::uint64_t bytes = 0;  // Of the file.
  Lsn first_lsn = 0;        // Of its first record; the next one's when there is none.
};

// Where the next record goes, and what was found on the way there.
struct RecoveredLog {
  Wal::RecoverySummary summary;
  Lsn next_lsn = 1;
  std::uint64_t salt = 0;             // Of the first segment.
  std::vector<SegmentSpan> segments;  // Up to the one below, without a gap.
  std::uint32_t segment = 0;          // 0: there is no segment at all.
  std::uint64_t segment_bytes = 0;
  std::uint64_t offset = 0;       // Of the first byte after the last record.
  std::uint64_t spare_bytes = 0;  // Size of the unused segment after it; 0: there is none.
  bool ends_with_mark = false;    // The last record says that everything before it is durable.
};

// Calls `recovered` for every record in order; cuts a torn tail; everything that stays is durable
// when this returns ok. May be interrupted by a crash anywhere and run again. Blocks.
// Code::corrupted when something is damaged or missing that may have been durable.
Result<RecoveredLog> recover_log(io::FileSystem& files, const std::string& directory,
                                 const Wal::OnRecovered& recovered);

// A complete error message about a segment: place, reason, and what to do.
[[nodiscard]] Status damaged_segment(std::uint32_t segment, std::uint64_t offset,
                                     const std::string& reason);

}  // namespace rabia::storage
