// Snapshot files on a disk in memory. For tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "io/testing/memory_files.h"
#include "storage/snapshot_directory.h"
#include "storage/snapshot_file.h"
#include "storage/snapshot_incoming.h"
#include "storage/snapshot_writer.h"
#include "storage/testing/halting_files.h"

namespace rabia::storage::testing {

inline constexpr const char* snapshots = "data/snapshots";

inline SnapshotHeader header_of(std::uint64_t round) {
  return {.cluster_id = "shop",
          .incarnation = 3,
          .round = round,
          .position = round * 2,
          .clock = round * 3,
          .extra = "configurations"};
}

// Some parts of it shrink, others do not.
inline std::string state_of(std::uint64_t seed, std::size_t size) {
  base::Random random(seed);
  std::string state;
  while (state.size() < size) {
    std::string run(1 + random.below(20000), static_cast<char>('a' + random.below(26)));
    if (random.chance(30)) {
      for (char& byte : run) byte = static_cast<char>(random.next());
    }
    state += run;
  }
  state.resize(size);
  return state;
}

// Writes a snapshot, its state in pieces of random sizes.
inline Result<SnapshotId> write_snapshot(io::FileSystem& files, const SnapshotHeader& header,
                                         std::string_view state, int level,
                                         std::uint64_t seed = 1) {
  auto writer = SnapshotWriter::create(files, snapshots, header, {.zstd_level = level});
  if (!writer.ok()) return writer.status();
  base::Random random(seed);
  const std::uint64_t piece_bytes_max = std::uint64_t{1} << random.below(20);
  while (!state.empty()) {
    const std::size_t size = std::min<std::size_t>(state.size(), random.below(piece_bytes_max + 1));
    if (Status status = writer.value()->add(state.substr(0, size)); !status.ok()) return status;
    state.remove_prefix(size);
  }
  return writer.value()->finish();
}

// All of the state of an open snapshot, by read().
inline Result<std::string> read_state(SnapshotFile& file) {
  std::string state;
  std::string chunk;
  while (true) {
    const Result<bool> more = file.read(chunk);
    if (!more.ok()) return more.status();
    if (!more.value()) return state;
    state += chunk;
  }
}

// The same, of a path.
inline Result<std::string> read_snapshot(io::FileSystem& files, const std::string& path) {
  auto file = SnapshotFile::open(files, path);
  if (!file.ok()) return file.status();
  return read_state(*file.value());
}

// All bytes of a peer's snapshot are there: reads all of it, and gives it its name.
inline Status finish(IncomingSnapshot& incoming) {
  if (Status status = incoming.begin_reading(); !status.ok()) return status;
  std::string chunk;
  while (true) {
    const Result<bool> more = incoming.read(chunk);
    if (!more.ok()) return more.status();
    if (!more.value()) return incoming.publish();
  }
}

class SnapshotWorld {
 public:
  SnapshotWorld() {
    (void)disk.create_directories("data");
    disk.sync_all();
    (void)directory();
    disk.sync_all();
  }

  Result<SnapshotDirectory> directory() { return SnapshotDirectory::open(files, snapshots); }
  static std::string path(std::string_view name) { return io::join_path(snapshots, name); }
  static std::string path(std::uint64_t round) { return path(snapshot_name(round)); }
  // The bytes of a file; empty when it is not there.
  std::string content(const std::string& of) {
    std::string bytes;
    auto file = disk.open(of, io::OpenMode::read);
    if (file.ok()) (void)file.value()->read_at(0, 1U << 30, bytes);
    return bytes;
  }
  // Makes it the content of a file, durably.
  void put(const std::string& to, std::string_view bytes) {
    if (disk.exists(to).value()) (void)disk.remove(to);
    auto file = disk.open(to, io::OpenMode::create_read_write);
    if (file.ok()) (void)file.value()->write_at(0, bytes);
    disk.sync_all();
  }
  std::vector<std::string> names() { return disk.list(snapshots).take(); }
  // The machine dies, and starts again.
  void power_cut(base::Random& random) {
    disk.crash(random);
    files.run();
  }

  io::testing::MemoryFileSystem disk;
  HaltingFiles files{disk};
};

}  // namespace rabia::storage::testing
