#include "rabia_cluster/directory.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "settings/config_file.h"
#include "settings/text_file.h"

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

constexpr auto lock_patience = 2s;
constexpr auto lock_retry_every = 50ms;

Result<std::unique_ptr<io::FileLock>> lock_patiently(io::FileSystem& files,
                                                     const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + lock_patience;
  while (true) {
    auto lock = files.lock(path);
    if (lock.ok() || lock.status().code() != Code::unavailable) return lock;
    if (std::chrono::steady_clock::now() > until) return lock;
    std::this_thread::sleep_for(lock_retry_every);
  }
}

}  // namespace

Result<ClusterDirectory> ClusterDirectory::open(io::FileSystem& files, const std::string& path) {
  std::error_code error;
  ClusterDirectory directory;
  directory.path_ = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error) return {Code::io_error, path + ": " + error.message()};
  if (Status status = files.create_directories(directory.path_); !status.ok()) return status;
  auto lock = lock_patiently(files, cluster_lock_file(directory.path_));
  if (!lock.ok()) {
    if (lock.status().code() != Code::unavailable) return lock.status();
    return {Code::unavailable, "a cluster is running on " + directory.path_ + " already (" +
                                   lock.status().message() +
                                   "): stop it, or choose another --data"};
  }
  directory.lock_ = lock.take();
  if (Status status = directory.read_founded(); !status.ok()) return status;
  return directory;
}

Status ClusterDirectory::read_founded() {
  const std::string file = founded_file(path_);
  const Result<std::string> text = read_text_file(file);
  if (!text.ok()) return text.status().code() == Code::not_found ? Status() : text.status();
  founded_ = parse_founded(text.value());
  if (founded_) return {};
  return {Code::corrupted, file + " is damaged: it must say 'replicas N' and 'cluster-id NAME'"};
}

Status ClusterDirectory::set_founded(const Founded& founded) {
  founded_ = founded;
  return write_text_file(founded_file(path_), founded_text(founded));
}

std::string ClusterDirectory::replica(std::uint16_t id) const {
  return replica_directory(path_, id);
}

std::string ClusterDirectory::config_file(std::uint16_t id) const {
  return replica(id) + "/rabia.toml";
}

std::string ClusterDirectory::log_file(std::uint16_t id) const {
  return replica(id) + "/log";
}

Status ClusterDirectory::prepare(io::FileSystem& files, const Settings& settings) {
  if (Status status = files.create_directories(replica(settings.id)); !status.ok()) return status;
  return write_text_file(config_file(settings.id),
                         "# Written by rabia-cluster at every start: to change a setting, give it "
                         "--set NAME=VALUE.\n" +
                             to_toml(settings),
                         Readers::owner);  // It may hold a password.
}

std::optional<pid_t> ClusterDirectory::user_of_data(io::FileSystem& files, std::uint16_t id) const {
  const std::string file = data_directory(replica(id)) + "/LOCK";
  const Result<bool> exists = files.exists(file);
  if (!exists.ok() || !exists.value()) return std::nullopt;
  const auto lock = files.lock(file);
  if (lock.ok() || lock.status().code() != Code::unavailable) return std::nullopt;
  pid_t user = -1;
  std::ifstream(file) >> user;
  return user > 0 ? user : -1;
}

}  // namespace rabia::apps
