// A snapshot that a peer sends in parts. docs/formats/snapshot.md, "Names".
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "io/files.h"
#include "rabia/result.h"
#include "storage/snapshot_file.h"
#include "storage/snapshot_format.h"

namespace rabia::storage {

// Keeps what has come over broken links and restarts: begin() with the same id goes on there. One
// for a directory. Calls block: they run on a worker's thread, one at a time.
class IncomingSnapshot {
 public:
  // Goes on with what is there of this snapshot, up to the first chunk that is not right, and
  // writes that once more: reads and writes as much. Removes what is there of any other.
  // Code::invalid_argument for an id that cannot be one. The directory must exist. A stop ends it
  // early, with Code::unavailable: the next begin() goes on with as much.
  static Result<std::unique_ptr<IncomingSnapshot>> begin(io::FileSystem& files,
                                                         const std::string& directory,
                                                         const SnapshotId& id,
                                                         const std::stop_token& stop = {});

  [[nodiscard]] const SnapshotId& id() const { return id_; }
  // How many bytes are there: what is wanted next.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  // Takes bytes of the peer's file. False, and nothing is done, when they do not begin at offset():
  // a part that came twice, or too late. Code::invalid_argument, and nothing is done, when they are
  // more than the snapshot has. After an error of the disk all further calls return that; another
  // begin() may go on.
  Result<bool> add(std::uint64_t offset, std::string_view bytes);
  // All bytes are there: makes them durable and checks header and end. Then read() begins. Once.
  // Code::failed_precondition when bytes are missing: it goes on then.
  //
  // Code::corrupted, of this and of read(), when it is not the snapshot of this id, and
  // failed_precondition when its format is not ours: what had come is removed then.
  Status begin_reading();
  // After begin_reading().
  [[nodiscard]] const SnapshotHeader& header() const { return whole_->header(); }
  // As SnapshotFile::read(): when it says false all of the file was right.
  Result<bool> read(std::string& out);
  // Makes the snapshot durable under its name, in place of an older one of the same round. Once,
  // and only after read() has said false: Code::failed_precondition before.
  Status publish();
  // Nobody wants it: removes what has come, also after publish(). The last call.
  Status remove();

 private:
  IncomingSnapshot(io::FileSystem& files, std::string directory, const SnapshotId& id)
      : files_(files), directory_(std::move(directory)), id_(id) {}
  [[nodiscard]] std::string path() const {
    return io::join_path(directory_, incoming_snapshot_name(id_));
  }
  Status load(const std::stop_token& stop);
  Status remove_others();
  Status take_over(const std::stop_token& stop);
  Status take_over_chunks(std::uint64_t header_bytes, const std::stop_token& stop);
  Status put(std::string_view bytes);
  Status refuse(const Status& status);

  io::FileSystem& files_;
  std::string directory_;
  SnapshotId id_;
  std::unique_ptr<io::File> file_;  // While bytes come.
  std::uint64_t offset_ = 0;
  std::uint64_t synced_bytes_ = 0;
  std::unique_ptr<SnapshotFile> whole_;  // While it is read.
  bool is_right_ = false;                // All of it was read.
  bool published_ = false;               // Or failed to be.
  Status failure_;
};

}  // namespace rabia::storage
