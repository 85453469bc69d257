// What the program does to its own process: limits, the pid file, its parent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "rabia/result.h"

namespace rabia::apps {

// Raises the limit of open files to the hard limit and returns what it is then.
Result<std::uint64_t> raise_open_files_limit();

// Has the operating system send SIGTERM when `parent` ends, and at once when it has ended already.
// Call on the main thread.
Status stop_with_parent(pid_t parent);

// The process's number in a file while this object lives. On destruction the file is removed if it
// still holds this process's number.
class PidFile {
 public:
  // Writes the file, replacing an older one (complete or not at all).
  static Result<PidFile> write(std::string path);
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&&) = delete;
  ~PidFile();

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  std::string path_;  // Empty: moved from.
};

}  // namespace rabia::apps
