// A batch: commands in order, as one value of the log. docs/formats/batch.md.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "rabia/ids.h"

namespace rabia::replica {

inline constexpr char batch_version = 3;
inline constexpr std::size_t batch_header_bytes = 1 + sizeof(std::uint64_t);

// One byte of version, the stamp, then for each command a varint length and its bytes.
inline void begin_batch(std::string& batch) {
  batch.assign(1, batch_version);
  batch.append(sizeof(std::uint64_t), '\0');
}
inline void add_command(std::string& batch, std::string_view command) {
  base::Encoder(batch).bytes(command);
}
// Says when it was made: once all is in it.
inline void stamp_batch(std::string& batch, LogTime stamp) {
  std::memcpy(batch.data() + 1, &stamp.value, sizeof stamp.value);
}
// Nothing: it is no batch of commands.
[[nodiscard]] inline std::optional<LogTime> stamp_of(std::string_view batch) {
  if (batch.size() < batch_header_bytes || batch.front() != batch_version) return std::nullopt;
  LogTime stamp;
  std::memcpy(&stamp.value, batch.data() + 1, sizeof stamp.value);
  return stamp;
}

// Goes through the commands of a batch. Bytes that are not a batch end it early: every replica sees
// the same bytes, so every replica stops at the same place.
class BatchReader {
 public:
  explicit BatchReader(std::string_view batch)
      : in_(stamp_of(batch) ? batch.substr(batch_header_bytes) : std::string_view{}) {}
  // False at the end; else `command` lies in the batch.
  bool next(std::string_view& command) {
    if (in_.remaining() == 0) return false;
    command = in_.bytes();
    return in_.ok();
  }

 private:
  base::Decoder in_;
};

}  // namespace rabia::replica
