#include "storage/snapshot_format.h"

#include <zstd.h>

#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "base/check.h"
#include "base/codec.h"
#include "base/hash.h"

namespace rabia::storage {
namespace {

constexpr std::string_view header_magic = "RABIASNP";
constexpr std::string_view end_magic = "RABIAEND";
constexpr std::size_t header_reserved_bytes = 4;
constexpr std::size_t chunk_reserved_bytes = 3;
constexpr std::size_t header_crc_offset = snapshot_header_bytes_min - sizeof(std::uint32_t);
constexpr std::size_t chunk_crc_offset = chunk_header_bytes - sizeof(std::uint32_t);
constexpr std::size_t end_crc_offset = snapshot_end_bytes - sizeof(std::uint32_t);

constexpr std::string_view name_prefix = "snapshot-";
constexpr std::string_view name_suffix = ".snap";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::string_view incoming_suffix = ".part";
constexpr std::size_t name_digits = 20;
constexpr std::size_t checksum_digits = 16;

std::string decimal(std::uint64_t number) {
  std::array<char, name_digits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%020" PRIu64, number);
  return digits.data();
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, checksum_digits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%016" PRIx64, number);
  return digits.data();
}

// Takes a number of so many digits off the front.
std::optional<std::uint64_t> take_number(std::string_view& text, std::size_t size, int base) {
  if (text.size() < size) return std::nullopt;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number, base);
  if (error != std::errc() || end != digits.end()) return std::nullopt;
  return number;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::optional<std::uint64_t> parse_name(std::string_view name, std::string_view suffix) {
  if (!take(name, name_prefix)) return std::nullopt;
  const auto round = take_number(name, name_digits, 10);
  if (name != suffix) return std::nullopt;
  return round;
}

bool all_zero_bytes(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

std::string snapshot_name(std::uint64_t round) {
  return std::string(name_prefix).append(decimal(round)).append(name_suffix);
}

std::string unfinished_snapshot_name(std::uint64_t round) {
  return std::string(name_prefix).append(decimal(round)).append(unfinished_suffix);
}

std::string incoming_snapshot_name(const SnapshotId& id) {
  return std::string(name_prefix)
      .append(decimal(id.round))
      .append("-")
      .append(decimal(id.bytes))
      .append("-")
      .append(hexadecimal(id.checksum))
      .append(incoming_suffix);
}

std::optional<std::uint64_t> parse_snapshot_name(std::string_view name) {
  return parse_name(name, name_suffix);
}

bool is_unfinished_snapshot_name(std::string_view name) {
  return parse_name(name, unfinished_suffix).has_value();
}

bool is_incoming_snapshot_name(std::string_view name) {
  return take(name, name_prefix) && take_number(name, name_digits, 10) && take(name, "-") &&
         take_number(name, name_digits, 10) && take(name, "-") &&
         take_number(name, checksum_digits, 16) && name == incoming_suffix;
}

Result<std::string> encode_snapshot_header(const SnapshotHeader& header) {
  if (header.cluster_id.size() > snapshot_cluster_id_bytes_max ||
      header.extra.size() > snapshot_extra_bytes_max) {
    return {Code::invalid_argument, "the header of a snapshot is too large"};
  }
  std::string bytes;
  base::Encoder encoder(bytes);
  encoder.raw(header_magic);
  encoder.fixed(snapshot_version);
  encoder.fixed(static_cast<std::uint32_t>(header.cluster_id.size()));
  encoder.fixed(static_cast<std::uint32_t>(header.extra.size()));
  encoder.fixed(base::crc32c(header.extra, base::crc32c(header.cluster_id)));
  encoder.fixed(header.incarnation);
  encoder.fixed(header.round);
  encoder.fixed(header.position);
  encoder.fixed(header.clock);
  bytes.append(header_reserved_bytes, '\0');
  encoder.fixed(base::crc32c(bytes));
  encoder.raw(header.cluster_id);
  encoder.raw(header.extra);
  return bytes;
}

Result<DecodedSnapshotHeader> decode_snapshot_header(std::string_view bytes) {
  if (bytes.size() < snapshot_header_bytes_min) return {Code::corrupted, "the file is truncated"};
  base::Decoder decoder(bytes);
  const bool is_ours = decoder.raw(header_magic.size()) == header_magic;
  const auto version = decoder.fixed<std::uint32_t>();
  const auto cluster_id_bytes = decoder.fixed<std::uint32_t>();
  const auto extra_bytes = decoder.fixed<std::uint32_t>();
  const auto names_crc = decoder.fixed<std::uint32_t>();
  DecodedSnapshotHeader decoded;
  decoded.header.incarnation = decoder.fixed<std::uint64_t>();
  decoded.header.round = decoder.fixed<std::uint64_t>();
  decoded.header.position = decoder.fixed<std::uint64_t>();
  decoded.header.clock = decoder.fixed<std::uint64_t>();
  const bool is_plain = all_zero_bytes(decoder.raw(header_reserved_bytes));
  const auto crc = decoder.fixed<std::uint32_t>();
  if (!is_ours || base::crc32c(bytes.substr(0, header_crc_offset)) != crc) {
    return {Code::corrupted, "bad header"};
  }
  if (version != snapshot_version) {
    return {Code::failed_precondition, "written in snapshot format " + std::to_string(version) +
                                           ", and this program knows only " +
                                           std::to_string(snapshot_version) +
                                           ": start the program that wrote it"};
  }
  if (!is_plain || cluster_id_bytes > snapshot_cluster_id_bytes_max ||
      extra_bytes > snapshot_extra_bytes_max) {
    return {Code::corrupted, "bad header"};
  }
  decoded.header.cluster_id = decoder.raw(cluster_id_bytes);
  decoded.header.extra = decoder.raw(extra_bytes);
  if (!decoder.ok()) return {Code::corrupted, "the file is truncated"};
  const std::uint32_t before = base::crc32c(decoded.header.cluster_id);
  if (base::crc32c(decoded.header.extra, before) != names_crc) {
    return {Code::corrupted, "bad header"};
  }
  decoded.bytes = snapshot_header_bytes_min + cluster_id_bytes + extra_bytes;
  return decoded;
}

std::string encode_snapshot_end(const SnapshotEnd& end) {
  std::string bytes;
  base::Encoder encoder(bytes);
  encoder.raw(end_magic);
  encoder.fixed(end.chunks);
  encoder.fixed(end.state_bytes);
  encoder.fixed(end.checksum);
  encoder.fixed(base::crc32c(bytes));
  return bytes;
}

std::optional<SnapshotEnd> decode_snapshot_end(std::string_view bytes) {
  base::Decoder decoder(bytes);
  const bool is_ours = decoder.raw(end_magic.size()) == end_magic;
  SnapshotEnd end;
  end.chunks = decoder.fixed<std::uint64_t>();
  end.state_bytes = decoder.fixed<std::uint64_t>();
  end.checksum = decoder.fixed<std::uint64_t>();
  const auto crc = decoder.fixed<std::uint32_t>();
  if (!decoder.complete() || !is_ours) return std::nullopt;
  if (base::crc32c(bytes.substr(0, end_crc_offset)) != crc) return std::nullopt;
  return end;
}

std::optional<ChunkHeader> decode_chunk_header(std::string_view bytes) {
  base::Decoder decoder(bytes);
  ChunkHeader header;
  header.number = decoder.fixed<std::uint64_t>();
  header.state_bytes = decoder.fixed<std::uint32_t>();
  header.stored_bytes = decoder.fixed<std::uint32_t>();
  header.storage = ChunkStorage{decoder.fixed<std::uint8_t>()};
  const bool is_plain = all_zero_bytes(decoder.raw(chunk_reserved_bytes));
  header.crc = decoder.fixed<std::uint32_t>();
  if (!decoder.ok() || !is_plain || header.stored_bytes == 0) return std::nullopt;
  if (header.state_bytes > snapshot_chunk_bytes) return std::nullopt;
  // What would not shrink is stored as it is: nothing else has these bytes.
  const bool fits =
      header.storage == ChunkStorage::plain
          ? header.stored_bytes == header.state_bytes
          : header.storage == ChunkStorage::zstd && header.stored_bytes < header.state_bytes;
  if (!fits) return std::nullopt;
  return header;
}

bool chunk_checksum_is_right(std::string_view chunk) {
  if (chunk.size() < chunk_header_bytes) return false;
  base::Decoder decoder(chunk.substr(chunk_crc_offset));
  const auto expected = decoder.fixed<std::uint32_t>();
  const std::uint32_t before = base::crc32c(chunk.substr(0, chunk_crc_offset));
  return base::crc32c(chunk.substr(chunk_header_bytes), before) == expected;
}

void ChunkPacker::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

ChunkPacker::ChunkPacker(int zstd_level) {
  RABIA_CHECK(zstd_level >= 0 && zstd_level <= level_max);
  if (zstd_level == 0) return;
  context_.reset(ZSTD_createCCtx());
  RABIA_CHECK(context_ != nullptr);  // Out of memory.
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, zstd_level);
  packed_.resize(ZSTD_compressBound(snapshot_chunk_bytes));
}

void ChunkPacker::pack(std::uint64_t number, std::string_view state, std::string& out) {
  RABIA_CHECK(!state.empty() && state.size() <= snapshot_chunk_bytes);
  std::string_view stored = state;
  auto storage = ChunkStorage::plain;
  if (context_) {
    const std::size_t packed =
        ZSTD_compress2(context_.get(), packed_.data(), packed_.size(), state.data(), state.size());
    RABIA_CHECK(ZSTD_isError(packed) == 0);  // There is room for anything.
    if (packed < state.size()) {
      stored = std::string_view(packed_).substr(0, packed);
      storage = ChunkStorage::zstd;
    }
  }
  const std::size_t begin = out.size();
  base::Encoder encoder(out);
  encoder.fixed(number);
  encoder.fixed(static_cast<std::uint32_t>(state.size()));
  encoder.fixed(static_cast<std::uint32_t>(stored.size()));
  encoder.fixed(static_cast<std::uint8_t>(storage));
  out.append(chunk_reserved_bytes, '\0');
  encoder.fixed(base::crc32c(stored, base::crc32c(std::string_view(out).substr(begin))));
  encoder.raw(stored);
}

void ChunkUnpacker::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

ChunkUnpacker::ChunkUnpacker() : context_(ZSTD_createDCtx()) {
  RABIA_CHECK(context_ != nullptr);  // Out of memory.
}

bool ChunkUnpacker::unpack(const ChunkHeader& header, std::string_view stored, std::string& out) {
  if (header.storage == ChunkStorage::plain) {
    out = stored;
    return true;
  }
  out.resize(header.state_bytes);
  const std::size_t size =
      ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), stored.data(), stored.size());
  return ZSTD_isError(size) == 0 && size == header.state_bytes;
}

}  // namespace rabia::storage
