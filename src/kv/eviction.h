// Room for more: whether there is some, and which keys go when there is none.
//
// Everything is decided from the replicated state, in the order of the log, so it is the same on
// all replicas, whatever their memory looks like and whichever of them was read at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kv/limits.h"
#include "kv/store.h"

namespace rabia::kv {

// How full a store is. Both references outlive it. Core thread only.
class Fullness {
 public:
  Fullness(const Store& store, const Limits& limits) : store_(store), limits_(limits) {}

  [[nodiscard]] bool memory_is_over() const {
    return limits_.max_memory_bytes != 0 && store_.account_bytes() > limits_.max_memory_bytes;
  }
  // With so many keys more.
  [[nodiscard]] bool is_over(std::uint64_t new_keys) const {
    return memory_is_over() ||
           (limits_.max_entries != 0 && store_.size() + new_keys > limits_.max_entries);
  }
  // Whether the policy has something to evict. As long as keys are due it has not: they go first.
  [[nodiscard]] bool can_evict() const;
  [[nodiscard]] bool must_evict() const { return is_over(0) && can_evict(); }

 private:
  const Store& store_;
  const Limits& limits_;
};

// Short-lived: of one command, or one batch. Core thread only.
class Room {
 public:
  // Both references outlive it.
  Room(Store& store, const Limits& limits)
      : fullness_(store, limits), store_(store), limits_(limits) {}

  // Before a command that may add data, and so many keys. Removes what it takes, if the policy lets
  // it and it does not take long: what is still too much then goes with the next batches. Empty:
  // the command may be executed. Else the error that it is answered: it is not executed.
  [[nodiscard]] std::string_view make(std::uint64_t new_keys);
  // Whether there is room for so many keys, so that they need not be looked for one by one.
  [[nodiscard]] bool has_keys_for(std::uint64_t new_keys) const {
    return limits_.max_entries == 0 || store_.size() + new_keys <= limits_.max_entries;
  }
  // Whether make() ever answered an error.
  [[nodiscard]] bool refused() const { return refused_; }

  // At the beginning of a batch: evicts as long as there is too much, and it does not take long.
  void evict();

 private:
  [[nodiscard]] std::string_view refusal_of(std::uint64_t new_keys);
  [[nodiscard]] std::uint64_t looks() const;
  void evict_one();
  [[nodiscard]] std::optional<std::string> choose() const;

  Fullness fullness_;
  Store& store_;
  const Limits& limits_;
  bool refused_ = false;
};

}  // namespace rabia::kv
