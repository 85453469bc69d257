#include "storage/snapshot_chunks.h"

namespace rabia::storage {

Status damaged_chunk(const std::string& path, std::uint64_t number, std::uint64_t offset,
                     const std::string& reason) {
  return {Code::corrupted, path + ": chunk " + std::to_string(number) + " at offset " +
                               std::to_string(offset) + ": " + reason};
}

Result<ChunkHeader> ChunkReader::next(std::string& chunk) {
  if (end_ - offset_ < chunk_header_bytes) return damaged("it reaches beyond the last chunk");
  if (Status status = file_.read_at(offset_, chunk_header_bytes, chunk); !status.ok()) {
    return status;
  }
  if (chunk.size() < chunk_header_bytes) return damaged("the file is truncated");
  const std::optional<ChunkHeader> header = decode_chunk_header(chunk);
  if (!header) return damaged("bad chunk header");
  const std::uint64_t bytes = chunk_header_bytes + header->stored_bytes;
  if (bytes > end_ - offset_) return damaged("it reaches beyond the last chunk");
  if (Status status = file_.read_at(offset_, bytes, chunk); !status.ok()) return status;
  if (chunk.size() < bytes) return damaged("the file is truncated");
  if (!chunk_checksum_is_right(chunk)) return damaged("bad checksum");
  if (header->number != number_) {
    return damaged("chunk " + std::to_string(header->number) + " lies where it belongs");
  }
  const bool is_last = bytes == end_ - offset_;
  if (header->state_bytes != snapshot_chunk_bytes && !is_last) {
    return damaged("too little state in it");
  }
  offset_ += bytes;
  ++number_;
  return *header;
}

}  // namespace rabia::storage
