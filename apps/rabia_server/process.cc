#include "rabia_server/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <system_error>
#include <utility>

#include "settings/text_file.h"

namespace rabia::apps {
namespace {

Status os_error(const std::string& what) {
  return {Code::io_error, what + ": " + std::generic_category().message(errno)};
}

}  // namespace

Result<std::uint64_t> raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return os_error("reading the limit of open files");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return os_error("raising the limit of open files");
  return static_cast<std::uint64_t>(limit.rlim_cur);
}

Status stop_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return os_error("prctl(PR_SET_PDEATHSIG)");
  if (getppid() != parent) {
    return {Code::failed_precondition,
            "process " + std::to_string(parent) + " is not (or no longer) the parent"};
  }
  return {};
}

Result<PidFile> PidFile::write(std::string path) {
  Status status = write_text_file(path, std::to_string(getpid()) + "\n");
  if (!status.ok()) return status;
  return PidFile(std::move(path));
}

PidFile::PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PidFile::~PidFile() {
  if (path_.empty()) return;
  pid_t held = 0;
  std::ifstream(path_) >> held;
  if (held == getpid()) std::remove(path_.c_str());
}

}  // namespace rabia::apps
