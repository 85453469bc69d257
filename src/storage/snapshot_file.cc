#include "storage/snapshot_file.h"

#include <utility>

namespace rabia::storage {
namespace {

// The last component of a path.
std::string_view name_in(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0.
}

}  // namespace

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::open(io::FileSystem& files, std::string path,
                                                         const char* advice) {
  auto opened = files.open(path, io::OpenMode::read);
  if (!opened.ok()) return opened.status();
  std::unique_ptr<SnapshotFile> file(new SnapshotFile(opened.take(), std::move(path), advice));
  if (Status status = file->load(); !status.ok()) return status;
  return file;
}

Status SnapshotFile::load() {
  if (Status status = load_header(); !status.ok()) return status;
  const Result<std::uint64_t> size = file_->size();
  if (!size.ok()) return size.status();
  if (size.value() < header_bytes_ + snapshot_end_bytes) {
    return damaged("end", "the file is truncated");
  }
  const std::uint64_t end = size.value() - snapshot_end_bytes;
  std::string bytes;
  if (Status status = file_->read_at(end, snapshot_end_bytes, bytes); !status.ok()) return status;
  const std::optional<SnapshotEnd> decoded = decode_snapshot_end(bytes);
  if (!decoded) {
    return damaged("end at offset " + std::to_string(end), "bad end, or the file is truncated");
  }
  end_ = *decoded;
  id_ = {header_.round, size.value(), end_.checksum};
  return {};
}

Status SnapshotFile::load_header() {
  std::string bytes;
  Status status = file_->read_at(0, snapshot_header_bytes_max, bytes);
  if (!status.ok()) return status;
  Result<DecodedSnapshotHeader> decoded = decode_snapshot_header(bytes);
  if (!decoded.ok()) {
    const Status& reason = decoded.status();
    if (reason.code() == Code::corrupted) return damaged("header", reason.message());
    return {reason.code(), path_ + ": " + reason.message()};
  }
  header_ = std::move(decoded.value().header);
  header_bytes_ = decoded.value().bytes;
  const auto round = parse_snapshot_name(name_in(path_));
  if (round && *round != header_.round) {
    return damaged("header",
                   "it is that of the snapshot of round " + std::to_string(header_.round));
  }
  return {};
}

Result<bool> SnapshotFile::read(std::string& out) {
  if (!pass_) {
    Result<Pass> pass = begin_pass();
    if (!pass.ok()) return pass.status();
    pass_.emplace(pass.take());
  }
  return read_next(*pass_, out);
}

Result<bool> SnapshotFile::read_packed(std::string& out) {
  out.clear();
  Result<bool> more = read(state_);
  if (more.ok() && more.value()) out = chunk_;
  return more;
}

Status SnapshotFile::verify(const std::stop_token& stop) {
  Result<Pass> pass = begin_pass();
  if (!pass.ok()) return pass.status();
  std::string state;
  while (true) {
    if (stop.stop_requested()) return stopped(path_);
    const Result<bool> more = read_next(pass.value(), state);
    if (!more.ok()) return more.status();
    if (!more.value()) return {};
  }
}

Status SnapshotFile::read_raw(std::uint64_t offset, std::size_t size, std::string& out) {
  return file_->read_at(offset, size, out);
}

Result<SnapshotFile::Pass> SnapshotFile::begin_pass() {
  Pass pass{ChunkReader(*file_, path_, header_bytes_, id_.bytes - snapshot_end_bytes), {}};
  // Again, since what is checked is what lies there now.
  if (Status status = file_->read_at(0, header_bytes_, chunk_); !status.ok()) return status;
  pass.hash.add(chunk_);
  return pass;
}

Result<bool> SnapshotFile::read_next(Pass& pass, std::string& out) {
  out.clear();
  if (pass.chunks.at_end()) {
    if (Status status = finish(pass); !status.ok()) return status;
    return false;
  }
  const std::uint64_t number = pass.chunks.number();
  const std::uint64_t offset = pass.chunks.offset();
  const Result<ChunkHeader> header = pass.chunks.next(chunk_);
  if (!header.ok()) return advised(header.status());
  const std::string_view stored = std::string_view(chunk_).substr(chunk_header_bytes);
  if (!unpacker_.unpack(header.value(), stored, out)) {
    out.clear();
    return advised(damaged_chunk(path_, number, offset, "it cannot be unpacked"));
  }
  pass.hash.add(chunk_);
  pass.state_bytes += out.size();
  return true;
}

// Everything was read: is it what the end says?
Status SnapshotFile::finish(Pass& pass) {
  if (pass.finished) return {};
  const std::uint64_t offset = pass.chunks.offset();
  const std::string place = "end at offset " + std::to_string(offset);
  if (Status status = file_->read_at(offset, snapshot_end_bytes, chunk_); !status.ok()) {
    return status;
  }
  const std::optional<SnapshotEnd> end = decode_snapshot_end(chunk_);
  if (!end) return damaged(place, "bad end");
  if (end->chunks != pass.chunks.number() - 1 || end->state_bytes != pass.state_bytes) {
    return damaged(place, "chunks are missing, or there are too many");
  }
  pass.hash.add(std::string_view(chunk_).substr(0, snapshot_end_checksum_offset));
  if (pass.hash.value() != end->checksum || end->checksum != id_.checksum) {
    return damaged(place, "bad checksum of the whole file");
  }
  pass.finished = true;
  return {};
}

Status SnapshotFile::damaged(const std::string& place, const std::string& reason) const {
  return advised({Code::corrupted, path_ + ": " + place + ": " + reason});
}

Status SnapshotFile::advised(const Status& status) const {
  if (status.code() != Code::corrupted) return status;
  return {status.code(), status.message() + advice_};
}

}  // namespace rabia::storage
