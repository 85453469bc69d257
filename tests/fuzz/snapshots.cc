// Snapshot files, on the own disk and as they come from a peer, with checksums that are right and
// contents that are anybody's. A file is refused with a reason, or all ways of reading it give the
// same state, chunk by chunk within bounds; and one that was written as it should be is never
// refused.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/random.h"
#include "io/log.h"
#include "io/testing/memory_files.h"
#include "kv/operations.h"
#include "storage/snapshot_directory.h"
#include "storage/snapshot_file.h"
#include "storage/snapshot_format.h"
#include "storage/snapshot_incoming.h"
#include "storage/snapshot_writer.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace rabia::fuzz {
namespace {

using storage::ChunkPacker;
using storage::IncomingSnapshot;
using storage::SnapshotFile;
using storage::SnapshotId;

constexpr const char* directory = "snapshots";
constexpr int chunks_max = 6;
constexpr const char* path = "snapshots/snapshot-00000000000000000007.snap";

storage::SnapshotHeader header_from(Input& input) {
  storage::SnapshotHeader header;
  header.cluster_id = "blue";
  header.incarnation = 3;
  header.round = 7;
  if (input.flag()) {
    header.cluster_id = input.some(40);
    header.position = input.number<std::uint64_t>();
    header.extra = input.some(60);
  }
  return header;
}

// A chunk with a right checksum, whatever it says and holds.
std::string chunk_of(std::uint64_t number, std::uint32_t state_bytes, std::uint8_t storage,
                     std::string_view stored) {
  std::string chunk;
  base::Encoder encode(chunk);
  encode.fixed(number);
  encode.fixed(state_bytes);
  encode.fixed(static_cast<std::uint32_t>(stored.size()));
  encode.fixed(storage);
  encode.raw(std::string_view("\0\0\0", 3));
  const std::uint32_t crc = base::crc32c(stored, base::crc32c(chunk));
  encode.fixed(crc);
  encode.raw(stored);
  return chunk;
}

// As zstd packs it, without the header of the chunk.
std::string packed(std::string_view state) {
  std::string chunk;
  ChunkPacker(3).pack(1, state, chunk);
  return chunk.substr(storage::chunk_header_bytes);
}

std::string state_from(Input& input) {
  switch (input.byte() % 4) {
    case 0:
      return std::string(input.some(100));
    case 1:
      return std::string(input.below(60'000), 's');
    case 2: {
      std::string state(storage::snapshot_chunk_bytes, 'f');
      state.replace(0, 8, input.bytes(8));
      return state;
    }
    default: {
      kv::StoreMachine machine;
      std::string command;
      kv::encode_set(command, input.some(9), input.some(20), {});
      machine.apply({}, command, nullptr);
      std::string state;
      const auto reader = machine.begin_snapshot();
      while (reader->read(1U << 16, state)) continue;
      return state;
    }
  }
}

// A file that anybody may have made.
std::string file_from(Input& input) {
  Result<std::string> header = storage::encode_snapshot_header(header_from(input));
  RABIA_CHECK(header.ok());
  std::string file = header.take();
  storage::SnapshotEnd end;
  for (int left = chunks_max; left > 0 && input.byte() % 4 != 0; --left) {
    std::string state = state_from(input);
    if (state.empty()) state = "e";  // No writer makes an empty chunk.
    const std::uint64_t number = ++end.chunks;
    const auto size = static_cast<std::uint32_t>(state.size());
    end.state_bytes += size;
    switch (input.byte() % 6) {
      case 0:
      case 1:
        ChunkPacker(3).pack(number, state, file);
        break;
      case 2:
        ChunkPacker(0).pack(number, state, file);
        break;
      case 3:  // It promises something else than it holds.
        file += chunk_of(number, input.number<std::uint32_t>(), input.byte() % 4, packed(state));
        break;
      case 4: {  // A frame of zstd that is not one, or damaged.
        std::string stored = packed(state);
        if (!stored.empty()) stored[input.below(stored.size())] = static_cast<char>(input.byte());
        file += chunk_of(number, size, 2, stored);
        break;
      }
      default:
        file += chunk_of(input.byte(), size, 1 + input.byte() % 2, input.some(100));
    }
  }
  if (input.byte() % 8 == 1) end.chunks = input.number<std::uint64_t>();
  if (input.byte() % 8 == 1) end.state_bytes = input.number<std::uint64_t>();
  base::StreamHash64 hash;
  hash.add(file);
  hash.add(storage::encode_snapshot_end(end).substr(0, storage::snapshot_end_checksum_offset));
  end.checksum = hash.value();
  file += storage::encode_snapshot_end(end);
  while (!input.empty() && !file.empty()) {  // Then damage.
    const std::size_t at = input.number<std::uint32_t>() % file.size();
    if (input.flag()) {
      file[at] = static_cast<char>(input.byte());
    } else {
      file.resize(at);
    }
  }
  return file;
}

// The state in a file; nothing: it was refused.
struct Read {
  Status status;
  std::string state;
};

template <typename Source>
Read read_all(Source& source) {
  Read all;
  std::string chunk;
  for (;;) {
    const Result<bool> more = source.read(chunk);
    if (!more.ok()) {
      RABIA_CHECK(!more.status().message().empty());
      return {more.status(), {}};
    }
    if (!more.value()) return all;
    RABIA_CHECK(!chunk.empty() && chunk.size() <= storage::snapshot_chunk_bytes);
    all.state += chunk;
  }
}

Read read_file(io::FileSystem& files, const std::string& from) {
  auto file = SnapshotFile::open(files, from);
  if (!file.ok()) return {file.status(), {}};
  const Status verified = file.value()->verify();
  Read all = read_all(*file.value());
  RABIA_CHECK(verified.ok() == all.status.ok());
  if (all.status.ok()) RABIA_CHECK(all.state.size() == file.value()->state_bytes());
  return all;
}

Read receive(io::FileSystem& files, const SnapshotId& id, std::string_view bytes,
             std::uint64_t seed) {
  std::unique_ptr<IncomingSnapshot> incoming;
  const auto begin = [&] {
    incoming.reset();
    auto begun = IncomingSnapshot::begin(files, directory, id);
    if (begun.ok()) incoming = begun.take();
    return begun.status();
  };
  if (Status status = begin(); !status.ok()) return {status, {}};
  bool restarted = false;
  base::Random random(seed);
  while (incoming->offset() < bytes.size()) {
    if (!restarted && incoming->offset() > bytes.size() / 2) {
      restarted = true;
      RABIA_CHECK(begin().ok());
    }
    const std::uint64_t at = incoming->offset();
    const Result<bool> added =
        incoming->add(at, bytes.substr(at, 1 + random.below(bytes.size() / 8 + 1)));
    RABIA_CHECK(added.ok() && added.value());
  }
  RABIA_CHECK(!incoming->add(bytes.size(), "more").ok());
  if (Status status = incoming->begin_reading(); !status.ok()) return {status, {}};
  Read all = read_all(*incoming);
  if (all.status.ok()) RABIA_CHECK(incoming->publish().ok());
  return all;
}

void load(std::string_view state) {
  kv::StoreMachine machine;
  const auto loader = machine.begin_load();
  (void)loader->add(state);
  (void)loader->finish();
}

void check_file(std::string_view bytes, std::uint64_t seed, bool is_damaged_id) {
  io::testing::MemoryFileSystem disk;
  RABIA_CHECK(disk.create_directories(directory).ok());
  {
    auto file = disk.open(path, io::OpenMode::create_read_write);
    RABIA_CHECK(file.ok() && file.value()->write_at(0, bytes).ok());
  }
  const Read read = read_file(disk, path);
  if (read.status.ok()) load(read.state);
  SnapshotId id{.round = 7, .bytes = bytes.size(), .checksum = seed};
  if (auto file = SnapshotFile::open(disk, path); file.ok() && !is_damaged_id)
    id = file.value()->id();
  RABIA_CHECK(disk.remove(path).ok());
  const Read received = receive(disk, id, bytes, seed);
  if (is_damaged_id) return;
  RABIA_CHECK(received.status.ok() == read.status.ok() && received.state == read.state);
  if (!received.status.ok()) return;
  RABIA_CHECK(read_file(disk, io::join_path(directory, storage::snapshot_name(id.round))).state ==
              read.state);
}

void check_written(Input& input) {
  io::testing::MemoryFileSystem disk;
  RABIA_CHECK(disk.create_directories(directory).ok());
  storage::SnapshotHeader header = header_from(input);
  header.round = 7;
  auto writer = storage::SnapshotWriter::create(disk, directory, header,
                                                {.zstd_level = static_cast<int>(input.below(4))});
  RABIA_CHECK(writer.ok());
  std::string state;
  for (int left = chunks_max; left > 0 && input.byte() % 4 != 0; --left) {
    const std::string piece = state_from(input);
    RABIA_CHECK(writer.value()->add(piece).ok());
    state += piece;
  }
  const Result<SnapshotId> id = writer.value()->finish();
  RABIA_CHECK(id.ok());
  const Read read = read_file(disk, path);
  RABIA_CHECK(read.status.ok() && read.state == state);
}

void run(std::string_view bytes) {
  io::set_log_level(io::Level::off);
  Input input(bytes);
  const auto kind = input.byte();
  const auto seed = input.number<std::uint16_t>();
  switch (kind % 4) {
    case 0:
      return check_file(input.rest(), seed, false);
    case 1:
      return check_written(input);
    case 2:
      return check_file(file_from(input), seed, true);
    default:
      return check_file(file_from(input), seed, false);
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  InputWriter chunks;
  chunks.byte(0);
  chunks.byte(1).byte(2).raw("12345678").byte(0);
  chunks.byte(1).byte(0).some("plain state").byte(2);
  chunks.byte(1).byte(1).below(5000).byte(3).number(std::uint32_t{5000}).byte(2);
  chunks.byte(0).byte(0).byte(0);
  for (std::uint8_t kind = 1; kind <= 3; ++kind) {
    all.push_back(InputWriter().byte(kind).below(11).raw(chunks.bytes()).bytes());
  }
  InputWriter store;
  store.byte(1).some("cluster").number(std::uint64_t{9}).some("extra");
  store.byte(1).byte(3).some("key").some("value").byte(1).byte(0).byte(0).byte(0);
  all.push_back(InputWriter().byte(3).below(11).raw(store.bytes()).bytes());
  all.push_back(InputWriter()
                    .byte(3)
                    .below(11)
                    .raw(store.bytes())
                    .number(std::uint32_t{90})
                    .byte(1)
                    .byte(7)
                    .bytes());
  all.push_back(
      InputWriter().byte(3).below(11).raw(store.bytes()).number(std::uint32_t{90}).byte(0).bytes());
  Input input(store.bytes());
  all.push_back(InputWriter().byte(0).below(4).raw(file_from(input)).bytes());
  InputWriter hostile;
  hostile.byte(0).byte(1).byte(1).below(40'000).byte(4).below(3).byte(0xff);
  hostile.byte(1).byte(0).some("x").byte(5).byte(2).byte(1).some(
      "\x28\xb5\x2f\xfd\xa4\xff\xff\xff\xff");
  all.push_back(InputWriter().byte(3).below(11).raw(hostile.bytes()).bytes());
  return all;
}

}  // namespace

const Target snapshots{"snapshots", run, seeds};

}  // namespace rabia::fuzz
