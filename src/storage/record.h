// One record of the log as bytes: docs/formats/wal.md, "Record".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/wal.h"

namespace rabia::storage {

inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t record_alignment = 8;
inline constexpr std::uint8_t record_version = 0xc1;
// More is a bug of the caller (a batch is at most 1 MiB) and, when read, damage.
inline constexpr std::uint64_t payload_bytes_max = (1ULL << 30) - 1;
inline constexpr Lsn lsn_max = (1ULL << 62) - 1;
// What a disk writes whole or, at worst, from its beginning up to some byte.
inline constexpr std::size_t sector_bytes = 512;

// No single flipped bit makes one of them zero or another one.
enum class RecordKind : std::uint8_t {
  data = 3,  // A payload of the user; it takes the number `lsn`.
  mark = 5,  // Nothing but its group_first: written when the log is closed. Takes no number.
  seal = 6,  // The segment ends here, the next one goes on. Takes no number.
};

struct RecordHeader {
  RecordKind kind = RecordKind::data;
  Lsn lsn = 0;          // data: its number. mark, seal: the next number to be given.
  Lsn group_first = 0;  // Everything below this was durable before this record was written.
  // That was on stable storage; else, in mode `os`, the operating system had it.
  bool after_sync = true;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_crc = 0;
};

// Header, payload and 1 to 8 bytes of padding.
[[nodiscard]] constexpr std::uint64_t record_bytes(std::uint64_t payload_bytes) {
  return ((record_header_bytes + payload_bytes) / record_alignment + 1) * record_alignment;
}

// `salt` below is that of the log: its records are known by it, and bytes that a client chose
// cannot pass for one.

// Appends header, payload and padding to `out`. What the header says of the payload is set here.
void append_record(std::uint64_t salt, const RecordHeader& header, std::string_view payload,
                   std::string& out);

enum class RecordState : std::uint8_t {
  valid,
  zero,     // Nothing was ever written here (or all of it was lost).
  torn,     // A part of it may never have been written.
  damaged,  // All of it was written, and it is not what was written.
};

struct ParsedRecord {
  RecordState state = RecordState::zero;
  const char* reason = "";   // For people, unless valid.
  RecordHeader header;       // Set when the header is right, even if the payload is not.
  std::string_view payload;  // When valid: points into the segment.
};

// Reads the record at `offset` (a multiple of 8) of the bytes of a whole segment.
[[nodiscard]] ParsedRecord parse_record(std::uint64_t salt, std::string_view segment,
                                        std::uint64_t offset);

// Whether a right header (of any record of this log, with any payload) lies at `offset`.
[[nodiscard]] bool parse_header(std::uint64_t salt, std::string_view segment, std::uint64_t offset,
                                RecordHeader& header);

[[nodiscard]] bool all_zero(std::string_view bytes);

}  // namespace rabia::storage
