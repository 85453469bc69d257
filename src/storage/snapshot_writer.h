// Writes one snapshot file. docs/formats/snapshot.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "io/files.h"
#include "rabia/result.h"
#include "storage/snapshot_format.h"

namespace rabia::storage {

struct SnapshotOptions {
  int zstd_level = 3;  // 0: stored as it is; up to ChunkPacker::level_max.
};

// One at a time for a directory, of which nobody else writes snapshots meanwhile. Calls block: they
// run on a worker's thread, one at a time. The file has its final name only when finish() returned
// ok (or failed at the last sync, that of the directory). One that is destroyed before leaves an
// unfinished file, which the next create() or SnapshotDirectory::open() removes.
class SnapshotWriter {
 public:
  // Removes what an earlier writer left unfinished. The directory must exist.
  // Code::invalid_argument for a header or a level out of its range.
  static Result<std::unique_ptr<SnapshotWriter>> create(io::FileSystem& files,
                                                        std::string directory,
                                                        const SnapshotHeader& header,
                                                        const SnapshotOptions& options = {});

  // Takes the next bytes of the state: how they are cut into calls changes nothing. After an error
  // (Code::exhausted: the disk is full) the unfinished file is removed, as far as that can be done,
  // and all further calls return the same error.
  Status add(std::string_view state);
  // Takes the next chunk as another file has it, which SnapshotFile::read_packed() gave: the chunks
  // of equal states are equal. Not for a writer that add() was called of. Errors as of add().
  Status add_packed(std::string_view chunk);
  // Makes it durable under its name, in place of an older one of the same round. Once.
  Result<SnapshotId> finish();
  // Gives it up for this reason, as after an error: the room of what was written is given back.
  // After finish() it does nothing.
  void abandon(const Status& why);

 private:
  SnapshotWriter(io::FileSystem& files, std::string directory, std::uint64_t round, int zstd_level)
      : files_(files), directory_(std::move(directory)), round_(round), packer_(zstd_level) {}
  [[nodiscard]] std::string path() const {
    return io::join_path(directory_, unfinished_snapshot_name(round_));
  }
  Status begin(std::string_view header_bytes);
  Status write_chunk();
  Status write_end();
  Status write(std::string_view bytes);
  Status fail(const Status& status);

  io::FileSystem& files_;
  std::string directory_;
  std::uint64_t round_;
  ChunkPacker packer_;
  std::unique_ptr<io::File> file_;
  std::string state_;  // Of the chunk that is being filled.
  std::string chunk_;  // As it goes into the file.
  base::StreamHash64 hash_;
  std::uint64_t bytes_ = 0;  // Written,
  std::uint64_t synced_bytes_ = 0;
  SnapshotEnd end_;  // of what was written.
  Status failure_;
};

}  // namespace rabia::storage
