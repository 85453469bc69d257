// New contents for a store, built beside the present ones and then put in their place at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "kv/digest.h"
#include "kv/entry.h"
#include "kv/store.h"

namespace rabia::kv {

class Table;

// For a store that outlives it; at most one of a store. Core thread only. Constant time to make, to
// destroy and to put in place: what is no longer needed is freed by the store's reclaim().
class Draft {
 public:
  explicit Draft(Store& store);
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // How many entries shall come. It may be wrong: what has come bounds what is made ready for it.
  void expect(std::uint64_t entries) { expected_ = entries; }
  // What the store's history() shall be.
  void set_history(const History& history) { history_ = history; }
  // Adds a key with the beginning of its value. False, and nothing is added: the key does not come
  // behind the one before in the order of (hash, key).
  [[nodiscard]] bool add(std::string_view key, std::string_view value, Entry::About about);
  // Appends to the value of the last key; `complete`: no more of it comes.
  void extend(std::string_view bytes, bool complete);

  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] StateDigest digest() const;

  // The store has these contents from now on. Only the destructor may follow.
  void put_in_place();

 private:
  friend class Store;
  [[nodiscard]] std::uint64_t memory_bytes() const;

  Store& store_;
  std::unique_ptr<Table> table_;  // Null once it is in its place.
  StateDigest digest_;            // Of the entries.
  History history_;
  std::uint64_t expected_ = 0;
  Entry* last_ = nullptr;        // In table_,
  Entry::About last_about_;      // and what it shall be when its value is complete.
  std::uint64_t last_hash_ = 0;  // Its key's.
};

}  // namespace rabia::kv
