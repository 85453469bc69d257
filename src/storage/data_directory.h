// The directory of one replica: whose it is, and that nobody else uses it.
//
// It holds LOCK (taken while a process uses it), perhaps DIVERGED (divergence.h), and IDENTITY, a
// few lines of text:
//
//   # Rabia KV: the data of one replica. Do not edit.
//   format 1
//   cluster shop
//   member 3
//
// In wal/ is the log, in snapshots/ are the snapshots.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/files.h"
#include "rabia/ids.h"
#include "rabia/result.h"

namespace rabia::storage {

struct Identity {
  std::string cluster_id;  // is_valid_cluster_id().
  ReplicaId member;
};

// Gives a directory that was filled from outside its identity, durably. The last thing to be done
// to it: DataDirectory::open() refuses one that holds files and no identity. Code::already_exists
// when it has one; Code::invalid_argument for an identity out of its range.
Status write_identity(io::FileSystem& files, const std::string& directory,
                      const Identity& identity);

// Locked until destroyed. Core thread only.
class DataDirectory {
 public:
  // Creates the directory when it is missing and writes the identity when it is empty. Blocks.
  // Refuses, saying what to do: Code::unavailable when another process uses it;
  // Code::failed_precondition when it is another cluster's, member's or format's, or holds files
  // but no identity; Code::corrupted when the identity cannot be read;
  // Code::invalid_argument for an identity out of its range.
  static Result<std::unique_ptr<DataDirectory>> open(io::FileSystem& files, std::string path,
                                                     const Identity& identity);

  // What a replica had that starts without its memory: its log and its snapshots are put beside
  // themselves, as NAME.before-rejoin; but of what an unfinished attempt has put there the first
  // counts, and what came after it is removed. To be repeated after a crash. Nobody may have them
  // open. Blocks.
  static Status set_aside(io::FileSystem& files, const std::string& path);
  // Removes what set_aside() put there, if anything. Any thread; blocks.
  static Status forget_set_aside(io::FileSystem& files, const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  // The identity was written by this open(): nothing had ever been stored here.
  [[nodiscard]] bool is_new() const { return is_new_; }

 private:
  DataDirectory(std::string path, std::unique_ptr<io::FileLock> lock, bool is_new)
      : path_(std::move(path)), lock_(std::move(lock)), is_new_(is_new) {}

  std::string path_;
  std::unique_ptr<io::FileLock> lock_;
  bool is_new_;
};

}  // namespace rabia::storage
