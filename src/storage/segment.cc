#include "storage/segment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/codec.h"
#include "base/hash.h"
#include "storage/record.h"

namespace rabia::storage {
namespace {

constexpr std::string_view magic = "RABIAWAL";
constexpr std::string_view name_prefix = "wal-";
constexpr std::string_view name_suffix = ".log";
constexpr std::string_view unfinished_suffix = ".log.new";
constexpr std::size_t name_digits = 10;
constexpr std::size_t header_crc_offset = segment_header_bytes - sizeof(std::uint32_t);

std::optional<std::uint32_t> parse_name(std::string_view name, std::string_view suffix) {
  if (name.size() != name_prefix.size() + name_digits + suffix.size()) return std::nullopt;
  if (!name.starts_with(name_prefix) || !name.ends_with(suffix)) return std::nullopt;
  const std::string_view digits = name.substr(name_prefix.size(), name_digits);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc() || end != digits.end() || number == 0) return std::nullopt;
  return number;
}

std::string make_name(std::uint32_t number, std::string_view suffix) {
  std::array<char, name_digits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%010u", number);
  return std::string(name_prefix).append(digits.data()).append(suffix);
}

}  // namespace

std::string segment_name(std::uint32_t number) {
  return make_name(number, name_suffix);
}

std::string unfinished_segment_name(std::uint32_t number) {
  return make_name(number, unfinished_suffix);
}

std::optional<std::uint32_t> parse_segment_name(std::string_view name) {
  return parse_name(name, name_suffix);
}

bool is_unfinished_segment_name(std::string_view name) {
  return parse_name(name, unfinished_suffix).has_value();
}

std::string encode_segment_header(const SegmentHeader& header) {
  std::string bytes;
  base::Encoder encoder(bytes);
  encoder.raw(magic);
  encoder.fixed(segment_version);
  encoder.fixed(header.number);
  encoder.fixed(header.segment_bytes);
  encoder.fixed(header.salt);
  bytes.resize(header_crc_offset, '\0');
  encoder.fixed(base::crc32c(bytes));
  return bytes;
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) return {Code::corrupted, "the file is truncated"};
  bytes = bytes.substr(0, segment_header_bytes);
  base::Decoder decoder(bytes);
  const bool is_ours = decoder.raw(magic.size()) == magic;
  const auto version = decoder.fixed<std::uint32_t>();
  SegmentHeader header;
  header.number = decoder.fixed<std::uint32_t>();
  header.segment_bytes = decoder.fixed<std::uint64_t>();
  header.salt = decoder.fixed<std::uint64_t>();
  base::Decoder crc(bytes.substr(header_crc_offset));
  if (!is_ours || base::crc32c(bytes.substr(0, header_crc_offset)) != crc.fixed<std::uint32_t>()) {
    return {Code::corrupted, "bad segment header"};
  }
  if (version != segment_version) {
    return {Code::failed_precondition,
            "written in log format " + std::to_string(version) + ", and this program knows only " +
                std::to_string(segment_version) + ": start the program that wrote it"};
  }
  return header;
}

std::uint64_t segment_size_for(std::uint64_t largest_record_bytes, std::uint64_t wanted_bytes) {
  const std::uint64_t needed = segment_header_bytes + largest_record_bytes + record_bytes(0);
  const std::uint64_t bytes = std::max(needed, wanted_bytes);
  return base::round_up_to_blocks(bytes);
}

Status SegmentBuilder::step() {
  if (!file_) {
    if (Status status = create(); !status.ok()) return status;
  }
  if (built_bytes_ < header_.segment_bytes) return fill_chunk();
  return publish();
}

Status SegmentBuilder::finish() {
  while (!finished_) {
    if (Status status = step(); !status.ok()) return status;
  }
  return {};
}

Status SegmentBuilder::create() {
  const std::string path = io::join_path(directory_, unfinished_segment_name(header_.number));
  Result<bool> left_behind = files_.exists(path);
  if (!left_behind.ok()) return left_behind.status();
  if (left_behind.value()) {
    if (Status status = files_.remove(path); !status.ok()) return status;
  }
  auto opened = files_.open(path, io::OpenMode::create_write_direct);
  if (!opened.ok()) return opened.status();
  file_ = opened.take();
  return {};
}

Status SegmentBuilder::fill_chunk() {
  const std::uint64_t size =
      std::min<std::uint64_t>(prepare_chunk_bytes, header_.segment_bytes - built_bytes_);
  if (built_bytes_ == 0) {
    const std::string header = encode_segment_header(header_);
    std::copy(header.begin(), header.end(), chunk_.data());
  }
  if (Status status = file_->write_at(built_bytes_, chunk_.first(size)); !status.ok())
    return status;
  if (built_bytes_ == 0) std::fill_n(chunk_.data(), segment_header_bytes, '\0');
  // Now, and not all at the end: a sync of a whole segment would hold up commits for long.
  if (Status status = file_->sync(); !status.ok()) return status;
  built_bytes_ += size;
  return {};
}

Status SegmentBuilder::publish() {
  file_.reset();
  const std::string from = io::join_path(directory_, unfinished_segment_name(header_.number));
  const std::string to = io::join_path(directory_, segment_name(header_.number));
  if (Status status = files_.rename(from, to); !status.ok()) return status;
  if (Status status = files_.sync_directory(directory_); !status.ok()) return status;
  finished_ = true;
  return {};
}

}  // namespace rabia::storage
