// The directory in which the snapshots of one replica lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/files.h"
#include "rabia/result.h"
#include "storage/snapshot_format.h"

namespace rabia::storage {

// Keeps nothing but the path: what it says is what lies there now. Calls block; one thread at a
// time. Files that are no snapshots are left alone.
class SnapshotDirectory {
 public:
  // Creates the directory when it is missing (that which holds it must exist), removes what was
  // being written, and makes durable which snapshots are there. What was being received stays.
  static Result<SnapshotDirectory> open(io::FileSystem& files, std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::uint64_t round) const {
    return io::join_path(path_, snapshot_name(round));
  }
  // Rounds of the whole snapshots, rising.
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const;

  // Durable when it returns ok. Code::not_found when there is none of this round.
  Status remove(std::uint64_t round);
  // Removes what was being received, when nobody will go on with it. No IncomingSnapshot may be in
  // use.
  Status remove_incoming();

 private:
  SnapshotDirectory(io::FileSystem& files, std::string path)
      : files_(&files), path_(std::move(path)) {}

  io::FileSystem* files_;
  std::string path_;
};

// A file that grows is synced whenever so much was written: one sync of all of it at its end would
// hold up those of the log for long.
inline constexpr std::uint64_t snapshot_sync_bytes = 8U << 20;

// Gives a file, which is whole and synced, its final name, durably.
[[nodiscard]] Status publish_file(io::FileSystem& files, const std::string& directory,
                                  std::string_view from, std::string_view to);
// Removes the files whose names are `chosen`. Not durable before the directory is synced.
[[nodiscard]] Status remove_names(io::FileSystem& files, const std::string& directory,
                                  bool (*chosen)(std::string_view));

}  // namespace rabia::storage
