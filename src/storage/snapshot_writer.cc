#include "storage/snapshot_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/snapshot_directory.h"

namespace rabia::storage {

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::create(io::FileSystem& files,
                                                               std::string directory,
                                                               const SnapshotHeader& header,
                                                               const SnapshotOptions& options) {
  if (options.zstd_level < 0 || options.zstd_level > ChunkPacker::level_max) {
    return {Code::invalid_argument, "the zstd level of snapshots must be from 0 to " +
                                        std::to_string(ChunkPacker::level_max)};
  }
  const Result<std::string> header_bytes = encode_snapshot_header(header);
  if (!header_bytes.ok()) return header_bytes.status();
  std::unique_ptr<SnapshotWriter> writer(
      new SnapshotWriter(files, std::move(directory), header.round, options.zstd_level));
  if (Status status = writer->begin(header_bytes.value()); !status.ok()) {
    return writer->fail(status);
  }
  return writer;
}

Status SnapshotWriter::begin(std::string_view header_bytes) {
  Status removed = remove_names(files_, directory_, is_unfinished_snapshot_name);
  if (!removed.ok()) return removed;
  auto opened = files_.open(path(), io::OpenMode::create_read_write);
  if (!opened.ok()) return opened.status();
  file_ = opened.take();
  return write(header_bytes);
}

Status SnapshotWriter::add(std::string_view state) {
  if (!failure_.ok()) return failure_;
  while (!state.empty()) {
    const std::size_t size = std::min(state.size(), snapshot_chunk_bytes - state_.size());
    state_.append(state.substr(0, size));
    state.remove_prefix(size);
    if (state_.size() < snapshot_chunk_bytes) continue;
    if (Status status = write_chunk(); !status.ok()) return fail(status);
  }
  return {};
}

Status SnapshotWriter::add_packed(std::string_view chunk) {
  if (!failure_.ok()) return failure_;
  const std::optional<ChunkHeader> header = decode_chunk_header(chunk);
  RABIA_CHECK(header && header->number == end_.chunks + 1 && state_.empty());
  ++end_.chunks;
  end_.state_bytes += header->state_bytes;
  if (Status status = write(chunk); !status.ok()) return fail(status);
  return {};
}

Result<SnapshotId> SnapshotWriter::finish() {
  if (!failure_.ok()) return failure_;
  if (!state_.empty()) {
    if (Status status = write_chunk(); !status.ok()) return fail(status);
  }
  if (Status status = write_end(); !status.ok()) return fail(status);
  // Nothing is renamed after a failed sync: what is read then need not be on the disk.
  if (Status status = file_->sync(); !status.ok()) return fail(status);
  file_.reset();
  failure_ = {Code::failed_precondition, "the snapshot was finished before"};
  Status status =
      publish_file(files_, directory_, unfinished_snapshot_name(round_), snapshot_name(round_));
  if (!status.ok()) return failure_ = status;
  return SnapshotId{round_, bytes_, end_.checksum};
}

void SnapshotWriter::abandon(const Status& why) {
  if (failure_.ok()) (void)fail(why);
}

Status SnapshotWriter::write_chunk() {
  chunk_.clear();
  packer_.pack(++end_.chunks, state_, chunk_);
  end_.state_bytes += state_.size();
  state_.clear();
  return write(chunk_);
}

Status SnapshotWriter::write_end() {
  const std::string hashed = encode_snapshot_end(end_).substr(0, snapshot_end_checksum_offset);
  hash_.add(hashed);
  end_.checksum = hash_.value();
  const std::string bytes = encode_snapshot_end(end_);
  if (Status status = file_->write_at(bytes_, bytes); !status.ok()) return status;
  bytes_ += bytes.size();
  return {};
}

Status SnapshotWriter::write(std::string_view bytes) {
  if (Status status = file_->write_at(bytes_, bytes); !status.ok()) return status;
  hash_.add(bytes);
  bytes_ += bytes.size();
  if (bytes_ - synced_bytes_ < snapshot_sync_bytes) return {};
  synced_bytes_ = bytes_;
  return file_->sync();
}

// Its room is given back at once: the log needs it more.
Status SnapshotWriter::fail(const Status& status) {
  failure_ = {status.code(), "the snapshot cannot be written: " + status.message()};
  if (file_) {
    file_.reset();
    (void)files_.remove(path());  // Else the next writer does it.
  }
  return failure_;
}

}  // namespace rabia::storage
