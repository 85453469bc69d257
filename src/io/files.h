// The seam of the disk. Production: real_files.cc (POSIX). The simulator loses, tears and flips
// here.
//
// Calls block. A file or directory may be used by one thread at a time. Errors carry the path and
// the operating system's reason.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "rabia/result.h"

namespace rabia::io {

// The path of a name in a directory.
[[nodiscard]] inline std::string join_path(std::string directory, std::string_view name) {
  return directory.append("/").append(name);
}

// The path of the directory that holds a name, for syncing it after that name was made.
[[nodiscard]] inline std::string parent_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class File {
 public:
  virtual ~File() = default;
  // Reads up to `size` bytes into `out` (replaced); fewer only at the end of the file.
  virtual Status read_at(std::uint64_t offset, std::size_t size, std::string& out) = 0;
  // Writes all of it, or fails (then any part of it may have been written).
  virtual Status write_at(std::uint64_t offset, std::string_view bytes) = 0;
  // Everything written is on stable storage when this returns ok (fdatasync). After a failure
  // nothing may be assumed of what was written since the last success: do not try again.
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
};

// Held until destroyed; released by the operating system when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode : std::uint8_t {
  read,               // Must exist.
  read_write,         // Must exist.
  create_read_write,  // Must not exist.
  // For writing only, past the operating system's memory where the file system can do that:
  // offsets, sizes and addresses of what is written are multiples of base::block_bytes. Others read
  // what was written. The first must exist, the second must not.
  write_direct,
  create_write_direct,
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Status create_directories(const std::string& path) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Names (not paths) in a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // When the file was last written, for people.
  virtual Result<base::WallTime> modified_at(const std::string& path) = 0;
  // Makes names created, renamed or removed in the directory durable.
  virtual Status sync_directory(const std::string& path) = 0;
  // Locks a file (created when missing) against other processes. Code::unavailable when held; then
  // the message says by which process id if the file tells. The holder's id is written into it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  // Changes whenever the machine was started anew (what only the OS's memory held is gone).
  virtual Result<std::string> boot_id() = 0;
  // How many more bytes a process without privileges may store on the disk that holds this path,
  // which must exist. Others may take them at any time; a quota of a user is not seen. Any thread.
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
};

}  // namespace rabia::io
