#include "storage/divergence.h"

#include "storage/snapshot_directory.h"

namespace rabia::storage {
namespace {

constexpr std::string_view mark_name = "DIVERGED";
constexpr std::string_view unfinished_mark_name = "DIVERGED.new";
constexpr std::string_view title =
    "# Rabia KV: the state in this directory differs from the other members'. Do not remove.\n";

// Also what a crash left behind.
Status remove_if_there(io::FileSystem& files, const std::string& path) {
  const Result<bool> there = files.exists(path);
  if (!there.ok()) return there.status();
  return there.value() ? files.remove(path) : Status();
}

}  // namespace

std::string divergence_path(const std::string& directory) {
  return io::join_path(directory, mark_name);
}

// Aside first, so that the name is there only with the whole text.
Status mark_diverged(io::FileSystem& files, const std::string& directory, std::string_view note) {
  const std::string aside = io::join_path(directory, unfinished_mark_name);
  if (Status status = remove_if_there(files, aside); !status.ok()) return status;
  auto file = files.open(aside, io::OpenMode::create_read_write);
  if (!file.ok()) return file.status();
  const std::string text = std::string(title).append(note);
  if (Status status = file.value()->write_at(0, text); !status.ok()) return status;
  if (Status status = file.value()->sync(); !status.ok()) return status;
  return publish_file(files, directory, unfinished_mark_name, mark_name);
}

Result<bool> has_diverged(io::FileSystem& files, const std::string& directory) {
  return files.exists(divergence_path(directory));
}

Status clear_divergence(io::FileSystem& files, const std::string& directory) {
  for (const std::string_view name : {unfinished_mark_name, mark_name}) {
    Status removed = remove_if_there(files, io::join_path(directory, name));
    if (!removed.ok()) return removed;
  }
  return files.sync_directory(directory);
}

}  // namespace rabia::storage
