#include "storage/recovery.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/mutant.h"
#include "storage/damage.h"
#include "storage/record.h"
#include "storage/segment.h"

namespace rabia::storage {
namespace {

std::string place(std::uint32_t segment, std::uint64_t offset) {
  return segment_name(segment) + " at offset " + std::to_string(offset);
}

Status missing_segment(std::uint32_t segment) {
  return {Code::corrupted, segment_name(segment) + " is missing" + advice_on_damage};
}

// Reads the bytes of a segment, after its header was found to be right.
Result<SegmentHeader> load_segment(io::FileSystem& files, const std::string& directory,
                                   std::uint32_t segment, std::string& bytes) {
  auto opened = files.open(io::join_path(directory, segment_name(segment)), io::OpenMode::read);
  if (!opened.ok()) return opened.status();
  io::File& file = *opened.value();
  if (Status status = file.read_at(0, segment_header_bytes, bytes); !status.ok()) return status;
  Result<SegmentHeader> header = decode_segment_header(bytes);
  if (!header.ok()) {
    const Status& status = header.status();
    if (status.code() == Code::corrupted) return damaged_segment(segment, 0, status.message());
    return {status.code(), segment_name(segment) + ": " + status.message()};
  }
  if (header.value().number != segment) {
    return damaged_segment(segment, 0, "the header is that of another segment");
  }
  const std::uint64_t size = header.value().segment_bytes;
  if (Status status = file.read_at(0, size, bytes); !status.ok()) return status;
  if (bytes.size() < size) return damaged_segment(segment, bytes.size(), "the file is truncated");
  return header;
}

// One run of recover_log().
class Recovery {
 public:
  Recovery(io::FileSystem& files, const std::string& directory, const Wal::OnRecovered& recovered)
      : files_(files), directory_(directory), recovered_(recovered) {}

  Result<RecoveredLog> run();

 private:
  enum class End : std::uint8_t { sealed, open };
  struct Place {
    std::uint32_t segment = 0;
    std::uint64_t offset = 0;
  };

  Status find_segments();
  Status load(std::uint32_t segment);
  Status find_beginning();
  [[nodiscard]] Status check_salt(std::uint32_t segment, const SegmentHeader& header) const;
  Result<End> scan();
  Status accept(const RecordHeader& header, std::string_view payload);
  Status judge_tail();
  Status check_tail();
  Status search_rest_for_proof() const;
  Status check_spare();
  Status make_durable();
  Status write_back(std::uint32_t segment, io::File& file) const;
  Status cut(io::File& file) const;

  [[nodiscard]] std::string path(std::string_view name) const {
    return io::join_path(directory_, name);
  }

  io::FileSystem& files_;
  const std::string& directory_;
  const Wal::OnRecovered& recovered_;

  std::vector<std::uint32_t> segments_;
  std::vector<std::string> unfinished_;
  std::string bytes_;           // The loaded segment.
  ParsedRecord stop_;           // What ended the scan of it, unless it is sealed.
  std::uint64_t zero_end_ = 0;  // Zeros are to be written from log_.offset up to here.
  Lsn group_first_ = 0;         // Of the group that was read last.
  Place unsynced_from_;         // All before it is known to be on stable storage.
  RecoveredLog log_;
};

Result<RecoveredLog> Recovery::run() {
  if (Status status = find_segments(); !status.ok()) return status;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (Status status = load(segments_[i]); !status.ok()) return status;
    Result<End> end = scan();
    if (!end.ok()) return end.status();
    if (end.value() == End::open) break;
    if (i + 1 == segments_.size()) return missing_segment(segments_[i] + 1);
  }
  if (log_.segment != 0) {
    if (Status status = judge_tail(); !status.ok()) return status;
  }
  if (Status status = make_durable(); !status.ok()) return status;
  return std::move(log_);
}

Status Recovery::find_segments() {
  auto names = files_.list(directory_);
  if (!names.ok()) return names.status();
  for (const std::string& name : names.value()) {
    if (is_unfinished_segment_name(name)) unfinished_.push_back(name);
    if (const auto number = parse_segment_name(name)) segments_.push_back(*number);
  }
  std::sort(segments_.begin(), segments_.end());
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    const std::uint32_t expected = segments_[i - 1] + 1;
    if (segments_[i] != expected) return missing_segment(expected);
  }
  return {};
}

Status Recovery::load(std::uint32_t segment) {
  const Result<SegmentHeader> header = load_segment(files_, directory_, segment, bytes_);
  if (!header.ok()) return header.status();
  const bool is_first = log_.segment == 0;
  if (is_first) log_.salt = header.value().salt;
  if (Status status = check_salt(segment, header.value()); !status.ok()) return status;
  ++log_.summary.segments;
  log_.segment = segment;
  log_.segment_bytes = header.value().segment_bytes;
  log_.offset = segment_header_bytes;
  if (is_first) {
    if (Status status = find_beginning(); !status.ok()) return status;
  }
  log_.segments.push_back({segment, log_.segment_bytes, log_.next_lsn});
  return {};
}

// In the first segment. Nothing is removed before one that has no durable record: so, unless it is
// number 1, it begins with one, which says how many there were before.
Status Recovery::find_beginning() {
  unsynced_from_ = {log_.segment, log_.offset};
  if (log_.segment == 1) return {};
  const ParsedRecord first = parse_record(log_.salt, bytes_, log_.offset);
  if (first.state != RecordState::valid) {
    return damaged_segment(
        log_.segment, log_.offset,
        std::string(first.reason) + ", and " + segment_name(log_.segment - 1) + " is missing");
  }
  log_.next_lsn = first.header.lsn;
  log_.summary.first_segment = log_.segment;
  log_.summary.first_lsn = first.header.lsn;
  return {};
}

Status Recovery::check_salt(std::uint32_t segment, const SegmentHeader& header) const {
  if (header.salt == log_.salt) return {};
  return damaged_segment(segment, 0, "the segment is that of another log");
}

// Reads records from the loaded segment until it is sealed or something is no record.
Result<Recovery::End> Recovery::scan() {
  while (true) {
    const ParsedRecord record = parse_record(log_.salt, bytes_, log_.offset);
    if (record.state != RecordState::valid) {
      stop_ = record;
      return End::open;
    }
    if (Status status = accept(record.header, record.payload); !status.ok()) return status;
    if (record.header.kind == RecordKind::seal) return End::sealed;
  }
}

Status Recovery::accept(const RecordHeader& header, std::string_view payload) {
  const bool continues_group = header.group_first == group_first_;
  const bool begins_group = header.group_first == log_.next_lsn;
  if (header.lsn != log_.next_lsn || !(continues_group || begins_group)) {
    return damaged_segment(log_.segment, log_.offset,
                           "record " + std::to_string(header.lsn) + " lies where record " +
                               std::to_string(log_.next_lsn) + " belongs");
  }
  const bool begins = !continues_group || log_.offset == segment_header_bytes;
  if (begins && header.after_sync) unsynced_from_ = {log_.segment, log_.offset};
  group_first_ = header.group_first;
  log_.ends_with_mark = header.kind == RecordKind::mark;
  if (header.kind == RecordKind::data) {
    const RecordLocation location{log_.segment, header.payload_bytes, log_.offset};
    if (Status status = recovered_({header.lsn, payload, location}); !status.ok()) return status;
    ++log_.next_lsn;
    ++log_.summary.records;
    log_.summary.bytes += payload.size();
  }
  log_.offset += record_bytes(header.payload_bytes);
  return {};
}

// The log ends in the loaded segment.
Status Recovery::judge_tail() {
  Status tail = check_tail();
  if (!tail.ok() && !base::mutated(base::Mutant::damage_taken_for_torn_tail)) return tail;
  const std::size_t last = std::string_view(bytes_).find_last_not_of('\0');
  const std::uint64_t garbage_end = last == std::string_view::npos ? 0 : last + 1;
  if (garbage_end > log_.offset) {
    log_.summary.torn_bytes_cut = garbage_end - log_.offset;
    log_.summary.torn_at = place(log_.segment, log_.offset) + ": " + stop_.reason;
  }
  // A chunk in any case: zeros that are read here may be those of an earlier recovery, whose sync
  // had failed, and not be on the disk.
  const std::uint64_t chunk_end = log_.offset + prepare_chunk_bytes;
  zero_end_ = std::max(garbage_end, std::min(chunk_end, log_.segment_bytes));
  return {};
}

// Is this the place up to which it was durable?
Status Recovery::check_tail() {
  if (stop_.state == RecordState::damaged) {
    return damaged_segment(log_.segment, log_.offset, stop_.reason);
  }
  if (Status status = search_rest_for_proof(); !status.ok()) return status;
  return check_spare();
}

// A group is written when the one before is durable, and each of its records says so: one that
// began after the place where the log ends proves that more than what was read had been durable.
// What is searched holds payloads too, of clients: it is the salt that keeps them from proving it.
Status Recovery::search_rest_for_proof() const {
  RecordHeader header;
  for (std::uint64_t at = log_.offset; at < bytes_.size(); at += record_alignment) {
    if (parse_header(log_.salt, bytes_, at, header) && header.group_first > log_.next_lsn) {
      return damaged_segment(log_.segment, log_.offset,
                             std::string(stop_.reason) + ", but a record at offset " +
                                 std::to_string(at) + " was written after this had been durable");
    }
  }
  return {};
}

// A segment is sealed, and that is durable, before the next one is written to: after one that is
// not sealed there can only be one that was prepared ahead.
Status Recovery::check_spare() {
  const std::uint32_t spare = log_.segment + 1;
  if (segments_.back() == log_.segment) return {};
  std::string bytes;
  const Result<SegmentHeader> header = load_segment(files_, directory_, spare, bytes);
  if (!header.ok()) return header.status();
  if (Status status = check_salt(spare, header.value()); !status.ok()) return status;
  const bool unused = all_zero(std::string_view(bytes).substr(segment_header_bytes));
  if (segments_.back() != spare || !unused) {
    return damaged_segment(log_.segment, log_.offset,
                           std::string(stop_.reason) + ", but " + segment_name(segments_.back()) +
                               " was begun after this had been durable");
  }
  log_.spare_bytes = header.value().segment_bytes;
  return {};
}

Status Recovery::make_durable() {
  for (const std::uint32_t segment : segments_) {
    if (segment > log_.segment) break;
    auto opened = files_.open(path(segment_name(segment)), io::OpenMode::read_write);
    if (!opened.ok()) return opened.status();
    io::File& file = *opened.value();
    if (Status status = write_back(segment, file); !status.ok()) return status;
    if (segment == log_.segment) {
      if (Status status = cut(file); !status.ok()) return status;
    }
    if (Status status = file.sync(); !status.ok()) return status;
  }
  for (const std::string& name : unfinished_) {
    if (Status status = files_.remove(path(name)); !status.ok()) return status;
  }
  return files_.sync_directory(directory_);
}

// What was not known to be synced may be here only because the operating system still remembers
// writes whose sync had failed; a sync alone would then not bring them to the disk any more.
Status Recovery::write_back(std::uint32_t segment, io::File& file) const {
  if (segment < unsynced_from_.segment) return {};
  if (base::mutated(base::Mutant::not_written_back)) return {};
  Result<std::uint64_t> size = file.size();
  if (!size.ok()) return size.status();
  std::uint64_t begin = segment_header_bytes;
  if (segment == unsynced_from_.segment) begin = unsynced_from_.offset;
  const std::uint64_t end = segment == log_.segment ? log_.offset : size.value();
  std::string chunk;
  while (begin < end) {
    const std::uint64_t bytes = std::min<std::uint64_t>(end - begin, prepare_chunk_bytes);
    if (Status status = file.read_at(begin, bytes, chunk); !status.ok()) return status;
    if (chunk.size() < bytes) {
      return {Code::io_error, place(segment, begin) + ": the file shrank while it was read"};
    }
    if (Status status = file.write_at(begin, chunk); !status.ok()) return status;
    begin += bytes;
  }
  return {};
}

// Zeros, as if the torn group had never been: later groups must not be followed by its remains.
Status Recovery::cut(io::File& file) const {
  const std::string zeros(prepare_chunk_bytes, '\0');
  for (std::uint64_t at = log_.offset; at < zero_end_; at += zeros.size()) {
    const std::uint64_t size = std::min<std::uint64_t>(zero_end_ - at, zeros.size());
    const std::string_view part = std::string_view(zeros).substr(0, size);
    if (Status status = file.write_at(at, part); !status.ok()) return status;
  }
  return {};
}

}  // namespace

Result<RecoveredLog> recover_log(io::FileSystem& files, const std::string& directory,
                                 const Wal::OnRecovered& recovered) {
  return Recovery(files, directory, recovered).run();
}

Status damaged_segment(std::uint32_t segment, std::uint64_t offset, const std::string& reason) {
  return {Code::corrupted, place(segment, offset) + ": " + reason + advice_on_damage};
}

}  // namespace rabia::storage
