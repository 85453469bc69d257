#include "bench/kvstore_performance/snapshots.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "io/real_runtime.h"
#include "rabia_bench/clock.h"
#include "storage/snapshot_file.h"
#include "storage/snapshot_writer.h"

namespace rabia::kvstore_performance {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;  // replica::Tuning's.

double seconds_since(std::int64_t begin) {
  return static_cast<double>(bench::clock_now() - begin) / 1e9;
}

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& parent)
      : path_(parent + "/kvstore_performance.XXXXXX"), made_(mkdtemp(path_.data()) != nullptr) {}
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (made_) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_;
};

Status write(kv::StoreMachine& machine, io::FileSystem& files, const std::string& directory,
             const storage::SnapshotHeader& header, SnapshotFigures& figures) {
  const std::int64_t begin = bench::clock_now();
  auto writer = storage::SnapshotWriter::create(files, directory, header);
  if (!writer.ok()) return writer.status();
  const std::unique_ptr<SnapshotReader> reader = machine.begin_snapshot();
  std::string piece;
  for (bool more = true; more;) {
    piece.clear();
    const std::int64_t before = bench::clock_now();
    more = reader->read(piece_bytes, piece);
    figures.read_seconds += seconds_since(before);
    figures.state_bytes += piece.size();
    if (Status status = writer.value()->add(piece); !status.ok()) return status;
  }
  const Result<storage::SnapshotId> id = writer.value()->finish();
  if (!id.ok()) return id.status();
  figures.file_bytes = id.value().bytes;
  figures.write_seconds = seconds_since(begin);
  return {};
}

Status restore(kv::StoreMachine& machine, io::FileSystem& files, const std::string& path,
               SnapshotFigures& figures) {
  const std::int64_t begin = bench::clock_now();
  const auto file = storage::SnapshotFile::open(files, path);
  if (!file.ok()) return file.status();
  const std::unique_ptr<SnapshotLoader> loader = machine.begin_load();
  std::string chunk;
  while (true) {
    const Result<bool> more = file.value()->read(chunk);
    if (!more.ok()) return more.status();
    if (!more.value()) break;
    if (Status status = loader->add(chunk); !status.ok()) return status;
  }
  Status status = loader->finish();
  figures.restore_seconds = seconds_since(begin);
  return status;
}

}  // namespace

Result<SnapshotFigures> measure_snapshot(kv::StoreMachine& machine, const std::string& parent) {
  const TemporaryDirectory directory(parent);
  if (!directory.made()) {
    return {Code::io_error, parent + ": no directory can be made there; --directory names another"};
  }
  const std::unique_ptr<io::FileSystem> files = io::make_real_file_system();
  storage::SnapshotHeader header;
  header.cluster_id = "kvstore_performance";
  header.round = 1;
  SnapshotFigures figures;
  figures.keys = machine.store().size();
  Status status = write(machine, *files, directory.path(), header, figures);
  if (!status.ok()) return status;
  kv::StoreMachine restored;
  const std::string path = io::join_path(directory.path(), storage::snapshot_name(header.round));
  status = restore(restored, *files, path, figures);
  if (!status.ok()) return status;
  if (restored.digest() != machine.digest()) {
    return {Code::corrupted, "the state that came back from the snapshot is another one"};
  }
  return figures;
}

}  // namespace rabia::kvstore_performance
