// What a change of the store did, for whoever is told of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kv/deadline.h"

namespace rabia::kv {

enum class ChangeKind : std::uint8_t {
  set = 1,       // key, value, old_value, deadline
  deleted = 2,   // key, old_value
  expired = 3,   // key, old_value
  evicted = 4,   // key, old_value
  renamed = 5,   // key (as it was called), new_key, value, old_value (of new_key), deadline
  cleared = 6,   // keys
  deadline = 7,  // key, value, deadline
};

// Change::operation of a set that kept the deadline which there was, so that it can be told from
// one that brought the same. It is no OperationCode: the log does not know it.
inline constexpr std::uint8_t set_keeping_deadline = 0x81;

// The views are valid during the call only.
struct Change {
  ChangeKind kind = ChangeKind::set;
  // The OperationCode that did it, or set_keeping_deadline; 0: none did, but time or a limit.
  std::uint8_t operation = 0;
  std::uint64_t revision = 0;  // Store::revision() after it: one more than after the change before.
  std::string_view key{};
  std::string_view new_key{};
  std::string_view value{};
  std::optional<std::string_view> old_value{};  // Nothing: there was no such key.
  Deadline deadline = no_deadline;
  std::uint64_t keys = 0;  // How many were cleared.
};

// Core thread only. Called while the store changes: the listener leaves it alone.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  // In the order of revisions. A revision that does not follow the one before: the state was
  // replaced by a later one, and what lies between never comes.
  virtual void on_change(const Change& change) = 0;
};

}  // namespace rabia::kv
