// Goes through the chunks of a snapshot file, whole or still coming. docs/formats/snapshot.md.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "io/files.h"
#include "rabia/result.h"
#include "storage/snapshot_format.h"

namespace rabia::storage {

// "PATH: chunk N at offset O: reason", with Code::corrupted. What to do is for the caller to add.
[[nodiscard]] Status damaged_chunk(const std::string& path, std::uint64_t number,
                                   std::uint64_t offset, const std::string& reason);

// Of work on a file that was asked to end early.
[[nodiscard]] inline Status stopped(const std::string& path) {
  return {Code::unavailable, path + ": stopped before all of it was read"};
}

// Reads the chunks in order, each checked by its own checksum. Borrows the file. Blocks; one thread
// at a time.
class ChunkReader {
 public:
  // From the first chunk, at `begin`, up to `end`, where the end of the whole file begins.
  ChunkReader(io::File& file, std::string path, std::uint64_t begin, std::uint64_t end)
      : file_(file), path_(std::move(path)), offset_(begin), end_(end) {}

  [[nodiscard]] bool at_end() const { return offset_ == end_; }
  // Of the chunk that comes next.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  // Reads the next chunk, header and bytes, into `chunk` (replaced). Not at_end(). After an error
  // it stays where it is.
  Result<ChunkHeader> next(std::string& chunk);

 private:
  [[nodiscard]] Status damaged(const std::string& reason) const {
    return damaged_chunk(path_, number_, offset_, reason);
  }

  io::File& file_;
  std::string path_;
  std::uint64_t offset_;
  std::uint64_t end_;
  std::uint64_t number_ = 1;
};

}  // namespace rabia::storage
