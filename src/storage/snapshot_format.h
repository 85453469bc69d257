// The bytes and names of snapshot files: docs/formats/snapshot.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rabia/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace rabia::storage {

inline constexpr std::uint32_t snapshot_version = 2;
// Of the state, in every chunk but the last.
inline constexpr std::size_t snapshot_chunk_bytes = 256U << 10;
inline constexpr std::size_t snapshot_cluster_id_bytes_max = 256;
inline constexpr std::size_t snapshot_extra_bytes_max = 64U << 10;
inline constexpr std::size_t snapshot_header_bytes_min = 64;
inline constexpr std::size_t snapshot_header_bytes_max =
    snapshot_header_bytes_min + snapshot_cluster_id_bytes_max + snapshot_extra_bytes_max;
inline constexpr std::size_t chunk_header_bytes = 24;
inline constexpr std::size_t snapshot_end_bytes = 36;
inline constexpr std::size_t snapshot_end_checksum_offset = 24;

// Whose state, and of when.
struct SnapshotHeader {
  std::string cluster_id;         // At most snapshot_cluster_id_bytes_max.
  std::uint64_t incarnation = 0;  // Of the cluster.
  std::uint64_t round = 0;        // The state is that after all rounds below this one.
  std::uint64_t position = 0;     // Batches executed up to there.
  std::uint64_t clock = 0;        // Of the log (LogTime), there.
  // What the protocol keeps beside the state; opaque here. At most snapshot_extra_bytes_max.
  std::string extra;

  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

// Names one snapshot file, on every replica.
struct SnapshotId {
  std::uint64_t round = 0;
  std::uint64_t bytes = 0;  // Of the file.
  std::uint64_t checksum = 0;

  friend bool operator==(const SnapshotId&, const SnapshotId&) = default;
};

// "snapshot-00000000000000000042.snap", and the name under which it is written.
[[nodiscard]] std::string snapshot_name(std::uint64_t round);
[[nodiscard]] std::string unfinished_snapshot_name(std::uint64_t round);
// The name under which a peer's snapshot is received: all of its id.
[[nodiscard]] std::string incoming_snapshot_name(const SnapshotId& id);
// The round in the name of a whole snapshot; nothing if it is not one.
[[nodiscard]] std::optional<std::uint64_t> parse_snapshot_name(std::string_view name);
[[nodiscard]] bool is_unfinished_snapshot_name(std::string_view name);
[[nodiscard]] bool is_incoming_snapshot_name(std::string_view name);

// Code::invalid_argument when a part of it is too long.
[[nodiscard]] Result<std::string> encode_snapshot_header(const SnapshotHeader& header);
struct DecodedSnapshotHeader {
  SnapshotHeader header;
  std::uint64_t bytes = 0;  // That it takes in the file.
};
// From the first snapshot_header_bytes_max bytes of a file, or all of it. Code::corrupted for wrong
// bytes, Code::failed_precondition for a format that is not ours; the message is only the reason.
[[nodiscard]] Result<DecodedSnapshotHeader> decode_snapshot_header(std::string_view bytes);

// The last bytes of a file.
struct SnapshotEnd {
  std::uint64_t chunks = 0;
  std::uint64_t state_bytes = 0;
  std::uint64_t checksum = 0;
};
[[nodiscard]] std::string encode_snapshot_end(const SnapshotEnd& end);
// Nothing when the bytes are wrong.
[[nodiscard]] std::optional<SnapshotEnd> decode_snapshot_end(std::string_view bytes);

enum class ChunkStorage : std::uint8_t { plain = 1, zstd = 2 };

struct ChunkHeader {
  std::uint64_t number = 0;  // 1, 2, 3, …
  std::uint32_t state_bytes = 0;
  std::uint32_t stored_bytes = 0;  // That follow the header.
  ChunkStorage storage = ChunkStorage::plain;
  std::uint32_t crc = 0;
};
// Nothing when the header cannot be right. Its checksum is not looked at.
[[nodiscard]] std::optional<ChunkHeader> decode_chunk_header(std::string_view bytes);
// Whether the checksum is right, of header and stored bytes in one.
[[nodiscard]] bool chunk_checksum_is_right(std::string_view chunk);

// Makes chunks from pieces of state. One thread at a time.
class ChunkPacker {
 public:
  static constexpr int level_max = 19;

  // From 0, which stores, to level_max.
  explicit ChunkPacker(int zstd_level);

  // Appends the chunk, header and bytes, to `out`.
  void pack(std::uint64_t number, std::string_view state, std::string& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;  // None at level 0.
  std::string packed_;
};

// The way back. One thread at a time.
class ChunkUnpacker {
 public:
  ChunkUnpacker();

  // Puts the state of a chunk, whose checksum is right, into `out` (replaced). False when it is not
  // what the header says.
  [[nodiscard]] bool unpack(const ChunkHeader& header, std::string_view stored, std::string& out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace rabia::storage
