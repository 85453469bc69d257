// All contents of a store as bytes, of no meaning to anybody else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/store.h"
#include "rabia/result.h"

namespace rabia::embedded {

struct StoredKey {
  std::string_view key;
  std::string_view value;
  kv::Deadline deadline = kv::no_deadline;
};

// "RABIAKVC", a format version (4 bytes), how many keys (varint), then each in the order of the
// keys: deadline (varint; 0: none), key and value with their lengths; XXH3-64 of all that. Core
// thread only.
[[nodiscard]] std::string serialize(const kv::Store& store);

// Views into `bytes`. Code::corrupted: they are not what serialize() wrote.
[[nodiscard]] Result<std::vector<StoredKey>> parse_state(std::string_view bytes);

// One command that puts these keys in the place of all others.
[[nodiscard]] std::string encode_replacement(const std::vector<StoredKey>& keys);

}  // namespace rabia::embedded
