// Segment files: names, headers, and how one comes to be. docs/formats/wal.md, "Segment".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/block_buffer.h"
#include "io/files.h"
#include "rabia/result.h"

namespace rabia::storage {

inline constexpr std::uint32_t segment_version = 1;
inline constexpr std::size_t segment_header_bytes = 64;
// A segment is prepared in pieces of this size, each synced: what a commit may have to wait for.
inline constexpr std::size_t prepare_chunk_bytes = 1U << 20;

struct SegmentHeader {
  std::uint32_t number = 0;
  std::uint64_t segment_bytes = 0;  // Of the whole file.
  std::uint64_t salt = 0;           // Of the log: the same in all its segments.
};

// "wal-0000000001.log", and the name under which it is prepared.
[[nodiscard]] std::string segment_name(std::uint32_t number);
[[nodiscard]] std::string unfinished_segment_name(std::uint32_t number);
// The number in a segment's name; nothing if it is not one.
[[nodiscard]] std::optional<std::uint32_t> parse_segment_name(std::string_view name);
[[nodiscard]] bool is_unfinished_segment_name(std::string_view name);

[[nodiscard]] std::string encode_segment_header(const SegmentHeader& header);
// Code::corrupted for wrong bytes, Code::failed_precondition for a format that is not ours.
[[nodiscard]] Result<SegmentHeader> decode_segment_header(std::string_view bytes);

// The size of a segment whose largest record has `largest_record_bytes`, at least `wanted_bytes`:
// with room for a seal, in whole blocks.
[[nodiscard]] std::uint64_t segment_size_for(std::uint64_t largest_record_bytes,
                                             std::uint64_t wanted_bytes);

// Creates one segment: zeros (so that a later fdatasync writes data only) and a header, all durable
// under another name before it gets its own. So a file with a segment's name is whole, for ever.
// They go past the operating system's memory: nobody reads them there. An unused segment of the
// same number is replaced. One thread at a time.
class SegmentBuilder {
 public:
  SegmentBuilder(io::FileSystem& files, std::string directory, const SegmentHeader& header)
      : files_(files), directory_(std::move(directory)), header_(header) {}

  [[nodiscard]] const SegmentHeader& header() const { return header_; }
  // Bytes that are ready (of header().segment_bytes).
  [[nodiscard]] std::uint64_t built_bytes() const { return built_bytes_; }
  [[nodiscard]] bool finished() const { return finished_; }

  // Does the next piece: at most one chunk, and its sync. After an error: give up.
  Status step();
  // All that is left.
  Status finish();

 private:
  Status create();
  Status fill_chunk();
  Status publish();

  io::FileSystem& files_;
  std::string directory_;
  SegmentHeader header_;
  std::unique_ptr<io::File> file_;
  base::BlockBuffer chunk_{prepare_chunk_bytes / base::block_bytes};  // Zeros.
  std::uint64_t built_bytes_ = 0;
  bool finished_ = false;
};

}  // namespace rabia::storage
