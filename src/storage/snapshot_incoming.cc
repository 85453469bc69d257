#include "storage/snapshot_incoming.h"

#include <utility>

#include "storage/damage.h"
#include "storage/snapshot_chunks.h"
#include "storage/snapshot_directory.h"

namespace rabia::storage {
namespace {

Status has_come() {
  return {Code::failed_precondition, "all of the snapshot has come before"};
}

}  // namespace

Result<std::unique_ptr<IncomingSnapshot>> IncomingSnapshot::begin(io::FileSystem& files,
                                                                  const std::string& directory,
                                                                  const SnapshotId& id,
                                                                  const std::stop_token& stop) {
  if (id.bytes < snapshot_header_bytes_min + snapshot_end_bytes) {
    return {Code::invalid_argument, "no snapshot has only " + std::to_string(id.bytes) + " bytes"};
  }
  std::unique_ptr<IncomingSnapshot> incoming(new IncomingSnapshot(files, directory, id));
  if (Status status = incoming->load(stop); !status.ok()) return status;
  return incoming;
}

Status IncomingSnapshot::load(const std::stop_token& stop) {
  if (Status status = remove_others(); !status.ok()) return status;
  const Result<bool> exists = files_.exists(path());
  if (!exists.ok()) return exists.status();
  auto opened = files_.open(
      path(), exists.value() ? io::OpenMode::read_write : io::OpenMode::create_read_write);
  if (!opened.ok()) return opened.status();
  file_ = opened.take();
  return exists.value() ? take_over(stop) : Status();
}

Status IncomingSnapshot::remove_others() {
  const auto names = files_.list(directory_);
  if (!names.ok()) return names.status();
  const std::string own = incoming_snapshot_name(id_);
  for (const std::string& name : names.value()) {
    if (!is_incoming_snapshot_name(name) || name == own) continue;
    if (Status status = files_.remove(io::join_path(directory_, name)); !status.ok()) return status;
  }
  return {};
}

// What an earlier life left may have holes after a power failure, and may be readable only because
// the operating system remembers writes whose sync had failed. So only what is right is kept, and
// it is written anew: the sync of finish() then covers all of the file.
Status IncomingSnapshot::take_over(const std::stop_token& stop) {
  std::string bytes;
  Status status = file_->read_at(0, snapshot_header_bytes_max, bytes);
  if (!status.ok()) return status;
  if (const auto header = decode_snapshot_header(bytes); header.ok()) {
    const std::uint64_t size = header.value().bytes;
    if (size <= id_.bytes - snapshot_end_bytes) {
      bytes.resize(size);
      if (status = put(bytes); !status.ok()) return status;
      if (status = take_over_chunks(size, stop); !status.ok()) return status;
    }
  }
  return file_->truncate(offset_);
}

Status IncomingSnapshot::take_over_chunks(std::uint64_t header_bytes, const std::stop_token& stop) {
  const std::uint64_t end = id_.bytes - snapshot_end_bytes;
  ChunkReader chunks(*file_, path(), header_bytes, end);
  std::string bytes;
  while (!chunks.at_end()) {
    // What is behind is still there, and is gone through another time.
    if (stop.stop_requested()) return stopped(path());
    const Result<ChunkHeader> header = chunks.next(bytes);
    if (!header.ok()) {
      return header.status().code() == Code::corrupted ? Status() : header.status();
    }
    if (Status status = put(bytes); !status.ok()) return status;
  }
  if (Status status = file_->read_at(end, snapshot_end_bytes, bytes); !status.ok()) return status;
  return decode_snapshot_end(bytes) ? put(bytes) : Status();
}

Status IncomingSnapshot::put(std::string_view bytes) {
  if (Status status = file_->write_at(offset_, bytes); !status.ok()) return status;
  offset_ += bytes.size();
  if (offset_ - synced_bytes_ < snapshot_sync_bytes) return {};
  synced_bytes_ = offset_;
  return file_->sync();
}

Result<bool> IncomingSnapshot::add(std::uint64_t offset, std::string_view bytes) {
  if (!failure_.ok()) return failure_;
  if (!file_) return has_come();
  if (offset != offset_) return false;
  if (bytes.size() > id_.bytes - offset_) {
    return {Code::invalid_argument, "these are more bytes than the snapshot has"};
  }
  if (Status status = put(bytes); !status.ok()) return failure_ = status;
  return true;
}

Status IncomingSnapshot::begin_reading() {
  if (!failure_.ok()) return failure_;
  if (!file_) return has_come();
  if (offset_ != id_.bytes) {
    return {Code::failed_precondition, path() + ": only " + std::to_string(offset_) + " of " +
                                           std::to_string(id_.bytes) + " bytes have come"};
  }
  // Nothing is renamed after a failed sync: what is read then need not be on the disk.
  if (Status status = file_->sync(); !status.ok()) return failure_ = status;
  file_.reset();
  auto opened = SnapshotFile::open(files_, path(), advice_on_damaged_part);
  if (!opened.ok()) return refuse(opened.status());
  whole_ = opened.take();
  if (whole_->id() == id_) return {};
  return refuse({Code::corrupted, path() + ": header and end are those of another snapshot" +
                                      advice_on_damaged_part});
}

Result<bool> IncomingSnapshot::read(std::string& out) {
  if (!failure_.ok()) return failure_;
  if (!whole_) return Status{Code::failed_precondition, path() + ": it has not come yet"};
  const Result<bool> more = whole_->read(out);
  if (!more.ok()) return refuse(more.status());
  is_right_ = !more.value();
  return more;
}

Status IncomingSnapshot::publish() {
  if (!failure_.ok()) return failure_;
  if (!is_right_ || published_) {
    return {Code::failed_precondition,
            path() + (published_ ? ": it has its name already" : ": not all of it was read")};
  }
  published_ = true;
  return failure_ = publish_file(files_, directory_, incoming_snapshot_name(id_),
                                 snapshot_name(id_.round));
}

Status IncomingSnapshot::remove() {
  file_.reset();
  whole_.reset();
  failure_ = {Code::failed_precondition, path() + ": it was removed"};
  Status removed = files_.remove(path());
  if (published_ && removed.code() == Code::not_found) {
    removed = files_.remove(io::join_path(directory_, snapshot_name(id_.round)));
  }
  if (!removed.ok() && removed.code() != Code::not_found) return removed;
  return files_.sync_directory(directory_);
}

// Removes what can never become the snapshot that was asked for.
Status IncomingSnapshot::refuse(const Status& status) {
  failure_ = status;
  if (status.code() != Code::corrupted && status.code() != Code::failed_precondition) return status;
  whole_.reset();
  if (Status removed = files_.remove(path()); !removed.ok()) {
    failure_ = {status.code(),
                status.message() + " (it could not be removed: " + removed.message() + ")"};
  }
  return failure_;
}

}  // namespace rabia::storage
