// The directory of a local cluster:
//
//   DIR/lock               held by the rabia-cluster that runs on it
//   DIR/founded            what the cluster is, since it was ready for the first time
//   DIR/N/rabia.toml       configuration of replica N, written anew at every start
//   DIR/N/data/            its data
//   DIR/N/pid              its process, while it runs
//   DIR/N/log              what it wrote to stderr, appended
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "io/files.h"
#include "rabia/result.h"
#include "settings/cluster_layout.h"
#include "settings/settings.h"

namespace rabia::apps {

// Holds the lock while it lives.
class ClusterDirectory {
 public:
  using Founded = FoundedCluster;

  // Creates what is missing. Waits a little for an earlier cluster on the directory to go away.
  static Result<ClusterDirectory> open(io::FileSystem& files, const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }  // Absolute.
  [[nodiscard]] const std::optional<Founded>& founded() const { return founded_; }
  Status set_founded(const Founded& founded);

  [[nodiscard]] std::string replica(std::uint16_t id) const;
  [[nodiscard]] std::string config_file(std::uint16_t id) const;
  [[nodiscard]] std::string log_file(std::uint16_t id) const;
  // Makes the replica's directory, and writes its configuration there.
  Status prepare(io::FileSystem& files, const Settings& settings);
  // The process that uses the replica's data, whoever started it; nothing when none does (or when
  // the replica keeps none). -1: not known which.
  [[nodiscard]] std::optional<pid_t> user_of_data(io::FileSystem& files, std::uint16_t id) const;

 private:
  ClusterDirectory() = default;
  Status read_founded();

  std::string path_;
  std::unique_ptr<io::FileLock> lock_;
  std::optional<Founded> founded_;
};

}  // namespace rabia::apps
