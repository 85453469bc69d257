// A whole snapshot on the disk: read by the state machine that starts from it, and by whoever gives
// it to a peer. docs/formats/snapshot.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/hash.h"
#include "io/files.h"
#include "rabia/result.h"
#include "storage/damage.h"
#include "storage/snapshot_chunks.h"
#include "storage/snapshot_format.h"

namespace rabia::storage {

// Open for reading, also after its name is gone. Calls block; one thread at a time. Wrong bytes are
// Code::corrupted, with a message that names file, place and reason, and says what to do.
class SnapshotFile {
 public:
  // Checks header and end. `advice` follows the reason in messages about damage.
  static Result<std::unique_ptr<SnapshotFile>> open(
      io::FileSystem& files, std::string path, const char* advice = advice_on_damaged_snapshot);

  [[nodiscard]] const SnapshotHeader& header() const { return header_; }
  [[nodiscard]] const SnapshotId& id() const { return id_; }
  [[nodiscard]] std::uint64_t state_bytes() const { return end_.state_bytes; }

  // Puts the state of the next chunk into `out` (replaced; at most snapshot_chunk_bytes). False
  // when there was none left, and then all of the file was right. Until then only each chunk is
  // known to be: nothing that cannot be undone may be done with them, or verify() was called.
  Result<bool> read(std::string& out);
  // The same, with the chunk as it lies in the file: for SnapshotWriter::add_packed().
  Result<bool> read_packed(std::string& out);
  // Reads all of the file and checks it. Does not disturb read(). A stop ends it early, with
  // Code::unavailable.
  Status verify(const std::stop_token& stop = {});
  // Bytes of the file as they lie there, unchecked: `out` is replaced; fewer only at its end.
  Status read_raw(std::uint64_t offset, std::size_t size, std::string& out);

 private:
  // One way through the file.
  struct Pass {
    ChunkReader chunks;
    base::StreamHash64 hash;
    std::uint64_t state_bytes = 0;
    bool finished = false;
  };

  SnapshotFile(std::unique_ptr<io::File> file, std::string path, const char* advice)
      : file_(std::move(file)), path_(std::move(path)), advice_(advice) {}
  Status load();
  Status load_header();
  Result<Pass> begin_pass();
  Result<bool> read_next(Pass& pass, std::string& out);
  Status finish(Pass& pass);
  [[nodiscard]] Status damaged(const std::string& place, const std::string& reason) const;
  [[nodiscard]] Status advised(const Status& status) const;

  std::unique_ptr<io::File> file_;
  std::string path_;
  const char* advice_;
  SnapshotHeader header_;
  std::uint64_t header_bytes_ = 0;
  SnapshotId id_;
  SnapshotEnd end_;
  std::optional<Pass> pass_;  // Of read().
  ChunkUnpacker unpacker_;
  std::string chunk_;  // As it lies in the file.
  std::string state_;  // In it, when only the chunk is asked for.
};

}  // namespace rabia::storage
