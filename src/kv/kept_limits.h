// The limits as a part of the replicated state: set by commands of the log.
#pragma once

#include <cstdint>

#include "kv/limits.h"
#include "kv/store.h"

namespace rabia::kv {

// Which of the limits were set, and to what, in a store of their own: a key for each, its value in
// decimal digits. Core thread only.
class KeptLimits {
 public:
  [[nodiscard]] const Limits& limits() const { return limits_; }
  // Whether it was ever set. What was not has its default.
  [[nodiscard]] bool is_set(LimitField field) const;
  // False: the value is out of range, and nothing is changed.
  [[nodiscard]] bool set(LimitField field, std::uint64_t value);

  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] const Store& store() const { return store_; }
  // After the store was replaced.
  void reload();

 private:
  Store store_;
  Limits limits_;  // As the store says.
};

}  // namespace rabia::kv
