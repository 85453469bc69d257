#include "storage/snapshot_directory.h"

#include <algorithm>
#include <utility>

namespace rabia::storage {

Result<SnapshotDirectory> SnapshotDirectory::open(io::FileSystem& files, std::string path) {
  if (Status status = files.create_directories(path); !status.ok()) return status;
  Status removed = remove_names(files, path, is_unfinished_snapshot_name);
  if (!removed.ok()) return removed;
  // Also what an earlier life had renamed before it failed to sync that.
  for (const std::string& directory : {path, io::parent_of(path)}) {
    if (Status status = files.sync_directory(directory); !status.ok()) return status;
  }
  return SnapshotDirectory(files, std::move(path));
}

Result<std::vector<std::uint64_t>> SnapshotDirectory::list() const {
  const auto names = files_->list(path_);
  if (!names.ok()) return names.status();
  std::vector<std::uint64_t> rounds;
  for (const std::string& name : names.value()) {
    if (const auto round = parse_snapshot_name(name)) rounds.push_back(*round);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds;
}

Status SnapshotDirectory::remove(std::uint64_t round) {
  if (Status status = files_->remove(path_of(round)); !status.ok()) return status;
  return files_->sync_directory(path_);
}

Status SnapshotDirectory::remove_incoming() {
  Status removed = remove_names(*files_, path_, is_incoming_snapshot_name);
  if (!removed.ok()) return removed;
  return files_->sync_directory(path_);
}

Status publish_file(io::FileSystem& files, const std::string& directory, std::string_view from,
                    std::string_view to) {
  Status renamed = files.rename(io::join_path(directory, from), io::join_path(directory, to));
  if (!renamed.ok()) return renamed;
  return files.sync_directory(directory);
}

Status remove_names(io::FileSystem& files, const std::string& directory,
                    bool (*chosen)(std::string_view)) {
  const auto names = files.list(directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : names.value()) {
    if (!chosen(name)) continue;
    if (Status status = files.remove(io::join_path(directory, name)); !status.ok()) return status;
  }
  return {};
}

}  // namespace rabia::storage
