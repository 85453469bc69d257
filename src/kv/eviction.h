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

// How full a store is. All references outlive it. Core thread only.
class Fullness {
 public:
  // `other_bytes`: what counts beside the store's account.
  Fullness(const Store& store, const Limits& limits, std::uint64_t other_bytes)
      : store_(store), limits_(limits), other_bytes_(other_bytes) {}

  [[nodiscard]] bool memory_is_over() const {
    return limits_.max_memory_bytes != 0 &&
           store_.account_bytes() + other_bytes_ > limits_.max_memory_bytes;
  }
  // With so many keys more.
  [[nodiscard]] bool is_over(std::uint64_t new_keys) const {
    return memory_is_over() ||
           (limits_.max_entries != 0 && store_.size() + new_keys > limits_.max_entries);
  }
  // Whether the policy has something to evict.
  [[nodiscard]] bool can_evict() const;
  [[nodiscard]] bool must_evict() const { return is_over(0) && can_evict(); }

 private:
  const Store& store_;
  const Limits& limits_;
  std::uint64_t other_bytes_;
};

// Short-lived: of one command, or one batch. Core thread only.
class Room {
 public:
  // As for Fullness.
  Room(Store& store, const Limits& limits, std::uint64_t other_bytes)
      : fullness_(store, limits, other_bytes), store_(store), limits_(limits) {}

  // Before a command that may add data, and so many keys. Evicts what it takes, if the policy lets
  // it and it does not take long: what is still too much then goes with the next batches. Empty:
  // the command may be executed. Else the error that it is answered; nothing may be changed then.
  [[nodiscard]] std::string_view make(std::uint64_t new_keys);
  // Whether make() ever answered an error.
  [[nodiscard]] bool refused() const { return refused_; }
  // Whether make() asks for the number of keys. Otherwise it may be anything.
  [[nodiscard]] bool counts_keys() const { return limits_.max_entries != 0; }
  // Evicts as long as there is too much: at most so many keys.
  void evict(std::uint64_t keys_max);

 private:
  [[nodiscard]] std::string_view refusal_of(std::uint64_t new_keys);
  void evict_one();
  [[nodiscard]] std::optional<std::string> choose() const;

  Fullness fullness_;
  Store& store_;
  const Limits& limits_;
  bool refused_ = false;
};

}  // namespace rabia::kv
