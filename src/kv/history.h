// What a store knows of all that happened to it.
#pragma once

#include <cstdint>

namespace rabia::kv {

// A value. Times are milliseconds of the log's clock. A part of the state, equal on all replicas.
struct History {
  std::uint64_t revision = 0;       // How many changes there were.
  std::uint64_t clock = 0;          // The time now.
  std::uint64_t created_at = 0;     // The first time that the clock showed; 0: it never did.
  std::uint64_t last_modified = 0;  // When the last change was; 0: never.

  friend bool operator==(const History&, const History&) = default;
};

}  // namespace rabia::kv
