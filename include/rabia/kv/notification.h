// A change as a subscriber is told of it: with values of its own, to be kept as long as it likes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "rabia/ids.h"

namespace rabia::kv {

struct KeySet {
  std::string key;
  std::string value;
  std::optional<std::string> old_value{};  // Nothing: there was no such key.
  std::optional<LogTime> deadline{};       // When the key expires.
};
struct KeyDeleted {
  std::string key;
  std::string old_value;
};
// As KeyDeleted, but nobody did it: its time had come,
struct KeyExpired {
  std::string key;
  std::string old_value;
};
// or room was needed.
struct KeyEvicted {
  std::string key;
  std::string old_value;
};
struct KeyRenamed {
  std::string key;  // As it was called.
  std::string new_key;
  std::string value;
  std::optional<std::string> old_value{};  // What `new_key` had.
  std::optional<LogTime> deadline{};       // When the key expires.
};
struct DeadlineChanged {
  std::string key;
  std::string value;
  std::optional<LogTime> deadline{};  // Nothing: it has none now.
};
struct StoreCleared {
  std::uint64_t key_count = 0;
};
// The changes up to ChangeNotification::revision are not kept any more, and those of them that were
// not told are lost to the subscriber; it goes on behind that.
struct Lagged {};

// A value; any thread.
struct ChangeNotification {
  // Which change of the store it was; the same number on every replica.
  std::uint64_t revision = 0;
  std::variant<KeySet, KeyDeleted, KeyExpired, KeyEvicted, KeyRenamed, DeadlineChanged,
               StoreCleared, Lagged>
      what;
};

}  // namespace rabia::kv
