// The map of keys to values: an extendible hash table of small segments.
//
// A segment that is full splits in two by the next bit of the hash, alone; no operation ever touches
// the whole table, so none takes longer because the store is large (the directory of segment
// pointers doubles now and then: 8 bytes for each segment of some hundred keys). Iteration goes in
// the order of the hash, so a cursor is a hash value and stays right however the table grows.
// The hash is fixed (no random seed): equal stores are equal everywhere.
// Source: Fagin et al., "Extendible Hashing", ACM TODS 4(3), 1979.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace rabia::kv {

// Keys and values are any bytes. Core thread only. Views returned are valid until the next change.
class Store {
 public:
  Store();
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] std::optional<std::string_view> get(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;
  [[nodiscard]] std::uint64_t size() const;
  // Memory of entries and table, in bytes, as given out by the allocator (estimated, within 10%).
  [[nodiscard]] std::uint64_t memory_bytes() const;

  // Inserts or replaces; true when the key is new.
  bool set(std::string_view key, std::string_view value);
  // Appends to the value (of a missing key: the empty one); amortized cost of the bytes appended.
  // Returns the new length.
  std::uint64_t append(std::string_view key, std::string_view bytes);
  // Writes into the value at `offset`, filling a gap with zero bytes. Returns the new length.
  std::uint64_t set_range(std::string_view key, std::uint64_t offset, std::string_view bytes);
  bool erase(std::string_view key);
  // Takes constant time: the entries are freed later, some at each change, by reclaim().
  void clear();
  // Frees up to `entries_max` entries of cleared tables. True when some are left. The server calls
  // it from an idle timer; changes call it with a small number by themselves.
  bool reclaim(std::uint64_t entries_max);

  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  // Visits about `count` entries from `cursor` (0: the beginning) on and returns the next cursor
  // (0: the end). Entries present during the whole of an iteration are visited at least once,
  // whatever else changes (SCAN's promise).
  std::uint64_t scan(std::uint64_t cursor, std::uint64_t count, const Visit& visit) const;
  void for_each(const Visit& visit) const;
  // Some entry, chosen by `random` (any number); nothing when empty. Near enough to uniform.
  [[nodiscard]] std::optional<std::string_view> random_key(std::uint64_t random) const;

 private:
  class Table;
  std::unique_ptr<Table> table_;
  std::unique_ptr<Table> cleared_;  // Waiting to be freed, linked through.
};

}  // namespace rabia::kv
