// The worker's side of the log: the files that are written and read.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/block_buffer.h"
#include "io/files.h"
#include "rabia/result.h"
#include "storage/group.h"
#include "storage/recovery.h"
#include "storage/segment.h"
#include "storage/wal.h"

namespace rabia::storage {

// Whoever calls holds `mutex`: the worker's jobs one by one, and the core thread when it closes the
// log. Nobody waits for it but close().
class LogDisk {
 public:
  LogDisk(io::FileSystem& files, std::string directory, Durability durability, std::uint64_t salt)
      : files_(files), directory_(std::move(directory)), durability_(durability), salt_(salt) {}

  // Goes on where the recovered log ends.
  Status open(const RecoveredLog& log);
  // Writes a group behind the last one, and syncs as the mode or the group asks. The first group of
  // a segment seals the one before; its own must be prepared. After an error: never call it again.
  Status write(const Group& group);
  // Reads a payload again. Code::corrupted when it is not what was written, Code::not_found when
  // its segment was removed.
  Result<std::string> read(const RecordLocation& location);
  // Removes segments before this one from the front, as far as the format allows, and up to the
  // first that cannot be removed. Nothing after a failed write.
  struct Removal {
    std::uint32_t first_segment = 0;  // That is there now.
    Status synced;                    // If this is an error, the log has failed.
    Status removed;
  };
  Removal remove_before(std::uint32_t segment);
  // Syncs everything, and marks the log as durable up to its end.
  Status finish(Lsn next_lsn);

  [[nodiscard]] std::shared_ptr<SegmentBuilder> build_segment(std::uint32_t number,
                                                              std::uint64_t segment_bytes) const {
    return std::make_shared<SegmentBuilder>(files_, directory_,
                                            SegmentHeader{number, segment_bytes, salt_});
  }

  std::mutex mutex;
  bool closed = false;  // Jobs that still come do nothing.

 private:
  Status write_group(const Group& group);
  // Writes behind what is there, in whole blocks: what the last one holds already is written again,
  // as it is, and zeros behind the end, as they are.
  Status put(std::string_view bytes);
  Status remove_one();
  Status advance_to(std::uint32_t segment, std::uint64_t segment_bytes, Lsn next_lsn);
  Status open_current();
  Status sync_all();
  Result<io::File*> open_for_reading(std::uint32_t segment);

  io::FileSystem& files_;
  std::string directory_;
  Durability durability_;
  std::uint64_t salt_;
  std::uint32_t first_segment_ = 0;
  std::unique_ptr<io::File> file_;  // The segment that is written to,
  std::uint32_t segment_ = 0;       // its number,
  std::uint64_t segment_bytes_ = 0;
  std::uint64_t end_ = 0;  // and where its records end.
  // What is being written; it begins with the bytes of the block in which the log ends.
  base::BlockBuffer blocks_{64};
  std::uint32_t first_unsynced_ =
      0;  // The first segment with writes that were not synced; 0: none.
  bool ends_with_mark_ = false;
  bool failed_ = false;  // A write or sync of the log: what is on the disk is not known.
  std::unique_ptr<io::File> read_file_;  // The segment that was read last: reads come in runs.
  std::uint32_t read_segment_ = 0;
  std::string read_buffer_;
};

}  // namespace rabia::storage
