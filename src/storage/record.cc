#include "storage/record.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/mutant.h"

namespace rabia::storage {
namespace {

// The highest two bits of these integers in a header are always set. So its first byte and the last
// of each 8 are never zero, not even after one bit was flipped.
constexpr std::uint32_t set_bits_32 = 3U << 30;
constexpr std::uint64_t set_bits_64 = 3ULL << 62;
constexpr std::uint8_t not_after_sync = 1;
constexpr char padding_byte = '\xff';
constexpr std::size_t crc_offset = 1;
constexpr std::size_t crc_end = crc_offset + sizeof(std::uint32_t);

std::uint32_t header_crc(std::uint64_t salt, std::string_view header) {
  std::array<char, sizeof salt> salt_bytes{};
  std::memcpy(salt_bytes.data(), &salt, sizeof salt);
  const std::uint32_t salted = base::crc32c({salt_bytes.data(), salt_bytes.size()});
  const std::uint32_t before = base::crc32c(header.substr(0, crc_offset), salted);
  return base::crc32c(header.substr(crc_end, record_header_bytes - crc_end), before);
}

bool known(std::uint8_t kind) {
  return kind == static_cast<std::uint8_t>(RecordKind::data) ||
         kind == static_cast<std::uint8_t>(RecordKind::mark) ||
         kind == static_cast<std::uint8_t>(RecordKind::seal);
}

// Segments are zeroed before they are used. So the last byte of what a torn write left out of a
// sector is zero still, or was meant to be zero and is no loss.
bool payload_may_be_torn(std::string_view segment, std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    begin = std::min((begin / sector_bytes + 1) * sector_bytes, end);
    if (segment[begin - 1] == 0) return true;
  }
  return false;
}

// The same of each 8 bytes, since a sector may begin with any of them. The first byte is zero when
// a cut of the torn tail was itself interrupted.
bool header_may_be_torn(std::string_view header) {
  if (header.front() == 0) return true;
  for (std::size_t end = record_alignment; end <= header.size(); end += record_alignment) {
    if (header[end - 1] == 0) return true;
  }
  return false;
}

RecordState judge(bool torn) {
  return torn ? RecordState::torn : RecordState::damaged;
}

}  // namespace

bool all_zero(std::string_view bytes) {
  if (bytes.empty()) return true;
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

void append_record(std::uint64_t salt, const RecordHeader& header, std::string_view payload,
                   std::string& out) {
  RABIA_CHECK(payload.size() <= payload_bytes_max && header.lsn <= lsn_max &&
              header.group_first <= header.lsn);
  const std::size_t begin = out.size();
  base::Encoder encoder(out);
  encoder.fixed(static_cast<std::uint8_t>(header.kind));
  encoder.fixed(std::uint32_t{0});  // The header's checksum, below.
  encoder.fixed(header.after_sync ? std::uint8_t{0} : not_after_sync);
  encoder.fixed(std::uint8_t{0});
  encoder.fixed(record_version);
  encoder.fixed(base::crc32c(payload));
  encoder.fixed(static_cast<std::uint32_t>(payload.size()) | set_bits_32);
  encoder.fixed(header.lsn | set_bits_64);
  encoder.fixed(header.group_first | set_bits_64);
  const std::uint32_t crc = header_crc(salt, std::string_view(out).substr(begin));
  std::memcpy(out.data() + begin + crc_offset, &crc, sizeof crc);
  encoder.raw(payload);
  out.resize(begin + record_bytes(payload.size()), padding_byte);
}

bool parse_header(std::uint64_t salt, std::string_view segment, std::uint64_t offset,
                  RecordHeader& header) {
  if (offset > segment.size() || segment.size() - offset < record_header_bytes) return false;
  const std::string_view bytes = segment.substr(offset, record_header_bytes);
  base::Decoder decoder(bytes);
  const auto kind = decoder.fixed<std::uint8_t>();
  const auto crc = decoder.fixed<std::uint32_t>();
  const auto flags = decoder.fixed<std::uint8_t>();
  const auto reserved = decoder.fixed<std::uint8_t>();
  const auto version = decoder.fixed<std::uint8_t>();
  header.payload_crc = decoder.fixed<std::uint32_t>();
  const auto size = decoder.fixed<std::uint32_t>();
  const auto lsn = decoder.fixed<std::uint64_t>();
  const auto group_first = decoder.fixed<std::uint64_t>();
  // The cheap questions first: a search for headers asks at every eighth byte.
  if (reserved != 0 || version != record_version || !known(kind)) return false;
  if ((flags & ~not_after_sync) != 0) return false;
  if (header_crc(salt, bytes) != crc) return false;
  header.kind = static_cast<RecordKind>(kind);
  header.after_sync = (flags & not_after_sync) == 0;
  header.payload_bytes = size & ~set_bits_32;
  header.lsn = lsn & ~set_bits_64;
  header.group_first = group_first & ~set_bits_64;
  return true;
}

ParsedRecord parse_record(std::uint64_t salt, std::string_view segment, std::uint64_t offset) {
  ParsedRecord record;
  if (segment.size() < record_header_bytes || offset > segment.size() - record_header_bytes) {
    record.reason = "end of the segment";
    return record;
  }
  const std::uint64_t begin = offset + record_header_bytes;
  const std::string_view header = segment.substr(offset, record_header_bytes);
  if (all_zero(header)) {
    record.reason = "a record is missing";
    return record;
  }
  if (!parse_header(salt, segment, offset, record.header)) {
    record.state = judge(header_may_be_torn(header));
    record.reason = "bad record header";
    return record;
  }
  const std::uint64_t size = record_bytes(record.header.payload_bytes);
  if (size > segment.size() - offset) {
    record.state = RecordState::damaged;
    record.reason = "record larger than its segment";
    return record;
  }
  record.payload = segment.substr(begin, record.header.payload_bytes);
  if (base::crc32c(record.payload) != record.header.payload_crc &&
      !base::mutated(base::Mutant::torn_record_accepted)) {
    record.state = judge(payload_may_be_torn(segment, begin, offset + size));
    record.reason = "bad checksum of a payload";
    return record;
  }
  record.state = RecordState::valid;
  return record;
}

}  // namespace rabia::storage
