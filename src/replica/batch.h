// A batch: commands in order, as one value of the log. docs/formats/batch.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/codec.h"

namespace rabia::replica {

inline constexpr char batch_version = 1;

// One byte of version, then for each command a varint length and its bytes.
inline void begin_batch(std::string& batch) {
  batch.assign(1, batch_version);
}
inline void add_command(std::string& batch, std::string_view command) {
  base::Encoder(batch).bytes(command);
}

// Goes through the commands of a batch. Bytes that are not a batch end it early: every replica sees
// the same bytes, so every replica stops at the same place.
class BatchReader {
 public:
  explicit BatchReader(std::string_view batch)
      : in_(!batch.empty() && batch.front() == batch_version ? batch.substr(1)
                                                             : std::string_view{}) {}
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
