#include "storage/log_disk.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "storage/record.h"

namespace rabia::storage {

using base::Mutant;
using base::mutated;

Status LogDisk::open(const RecoveredLog& log) {
  first_segment_ = log.segments.front().number;
  segment_ = log.segment;
  segment_bytes_ = log.segment_bytes;
  end_ = log.offset;
  ends_with_mark_ = log.ends_with_mark;
  return open_current();
}

// Mode `always` waits for the disk in any case, and nobody reads the log soon.
Status LogDisk::open_current() {
  const std::string path = io::join_path(directory_, segment_name(segment_));
  auto for_reading = files_.open(path, io::OpenMode::read);
  if (!for_reading.ok()) return for_reading.status();
  const std::uint64_t block = end_ / base::block_bytes * base::block_bytes;
  std::string last;
  Status status = for_reading.value()->read_at(block, end_ - block, last);
  if (!status.ok()) return status;
  if (last.size() < end_ - block) return damaged_segment(segment_, end_, "the file is truncated");
  std::copy(last.begin(), last.end(), blocks_.data());
  const bool whole_blocks = segment_bytes_ % base::block_bytes == 0;
  const bool direct = durability_ == Durability::always && whole_blocks;
  auto opened = files_.open(path, direct ? io::OpenMode::write_direct : io::OpenMode::read_write);
  if (!opened.ok()) return opened.status();
  file_ = opened.take();
  return {};
}

Status LogDisk::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::uint64_t block = end_ / base::block_bytes * base::block_bytes;
    const std::size_t there = end_ - block;
    const std::size_t added = std::min(bytes.size(), blocks_.size() - there);
    std::copy_n(bytes.begin(), added, blocks_.data() + there);
    const std::size_t filled = there + added;
    const std::size_t padded = base::round_up_to_blocks(filled);
    std::fill(blocks_.data() + filled, blocks_.data() + padded, '\0');
    const std::size_t size = std::min<std::uint64_t>(padded, segment_bytes_ - block);
    Status status = file_->write_at(block, blocks_.first(size));
    if (!status.ok()) return status;
    const std::size_t whole = filled / base::block_bytes * base::block_bytes;
    std::copy(blocks_.data() + whole, blocks_.data() + filled, blocks_.data());
    bytes.remove_prefix(added);
    end_ += added;
  }
  return {};
}

Status LogDisk::write(const Group& group) {
  Status status = write_group(group);
  if (!status.ok()) failed_ = true;
  return status;
}

Status LogDisk::write_group(const Group& group) {
  if (group.segment != segment_) {
    Status status = advance_to(group.segment, group.segment_bytes, group.first_lsn);
    if (!status.ok()) return status;
  }
  RABIA_CHECK(group.offset == end_);
  if (Status status = put(group.bytes); !status.ok()) return status;
  ends_with_mark_ = false;
  if (durability_ == Durability::always && !mutated(Mutant::log_acknowledged_before_sync)) {
    Status synced = file_->sync();
    return mutated(Mutant::failed_sync_ignored) ? Status() : synced;
  }
  if (first_unsynced_ == 0) first_unsynced_ = segment_;
  return group.needs_sync ? sync_all() : Status();
}

// Seals the current segment before anything is written to the next: recovery then knows that there
// must be a next one.
Status LogDisk::advance_to(std::uint32_t segment, std::uint64_t segment_bytes, Lsn next_lsn) {
  RABIA_CHECK(segment == segment_ + 1);
  std::string seal;
  append_record(salt_,
                {.kind = RecordKind::seal,
                 .lsn = next_lsn,
                 .group_first = next_lsn,
                 .after_sync = first_unsynced_ == 0},
                {}, seal);
  if (Status status = put(seal); !status.ok()) return status;
  if (durability_ == Durability::always) {
    if (Status status = file_->sync(); !status.ok()) return status;
  } else if (first_unsynced_ == 0) {
    first_unsynced_ = segment_;
  }
  segment_ = segment;
  segment_bytes_ = segment_bytes;
  end_ = segment_header_bytes;
  return open_current();
}

Result<std::string> LogDisk::read(const RecordLocation& location) {
  if (location.segment < first_segment_) {
    return {Code::not_found, segment_name(location.segment) + " was removed from the log"};
  }
  Result<io::File*> file = open_for_reading(location.segment);
  if (!file.ok()) return file.status();
  Status status = file.value()->read_at(location.offset, record_bytes(location.size), read_buffer_);
  if (!status.ok()) return status;
  const ParsedRecord record = parse_record(salt_, read_buffer_, 0);
  if (record.state != RecordState::valid) {
    return damaged_segment(location.segment, location.offset, record.reason);
  }
  if (record.header.kind != RecordKind::data || record.payload.size() != location.size) {
    return damaged_segment(location.segment, location.offset, "another record than was written");
  }
  return std::string(record.payload);
}

Result<io::File*> LogDisk::open_for_reading(std::uint32_t segment) {
  if (read_file_ == nullptr || read_segment_ != segment) {
    auto opened = files_.open(io::join_path(directory_, segment_name(segment)), io::OpenMode::read);
    if (!opened.ok()) return opened.status();
    read_file_ = opened.take();
    read_segment_ = segment;
  }
  return read_file_.get();
}

LogDisk::Removal LogDisk::remove_before(std::uint32_t segment) {
  // The first segment must begin with a durable record: only that says which lsn it is.
  const bool is_unused = end_ == segment_header_bytes;
  segment = std::min(segment, is_unused ? segment_ - 1 : segment_);
  Removal removal{first_segment_, {}, {}};
  if (failed_ || segment <= first_segment_) return removal;
  removal.synced = sync_all();
  if (!removal.synced.ok()) {
    failed_ = true;
    return removal;
  }
  while (first_segment_ < segment && removal.removed.ok()) removal.removed = remove_one();
  if (first_segment_ > removal.first_segment) {
    Status status = files_.sync_directory(directory_);
    if (removal.removed.ok()) removal.removed = status;
  }
  removal.first_segment = first_segment_;
  return removal;
}

Status LogDisk::remove_one() {
  if (read_segment_ == first_segment_) {  // Else its bytes would stay as long as the handle.
    read_file_.reset();
    read_segment_ = 0;
  }
  Status status = files_.remove(io::join_path(directory_, segment_name(first_segment_)));
  if (!status.ok() && status.code() != Code::not_found) return status;
  ++first_segment_;
  return {};
}

Status LogDisk::finish(Lsn next_lsn) {
  if (Status status = sync_all(); !status.ok()) return status;
  const bool has_room = end_ + 2 * record_bytes(0) <= segment_bytes_;  // Behind it, for the seal.
  if (next_lsn == 1 || ends_with_mark_ || !has_room) return {};
  std::string mark;
  append_record(salt_, {.kind = RecordKind::mark, .lsn = next_lsn, .group_first = next_lsn}, {},
                mark);
  if (Status status = put(mark); !status.ok()) return status;
  return file_->sync();
}

Status LogDisk::sync_all() {
  if (first_unsynced_ == 0) return {};
  for (std::uint32_t segment = first_unsynced_; segment < segment_; ++segment) {
    const std::string path = io::join_path(directory_, segment_name(segment));
    auto opened = files_.open(path, io::OpenMode::read_write);
    if (!opened.ok()) return opened.status();
    if (Status status = opened.value()->sync(); !status.ok()) return status;
  }
  first_unsynced_ = 0;
  return file_->sync();
}

}  // namespace rabia::storage
