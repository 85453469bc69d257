// The directory over the segments, which it splits, merges and drains. See store.h.
//
// The directory has 2^d pointers, indexed by the top d bits of the hash; a segment of depth s ≤ d
// stands in 2^(d-s) of them. It doubles when a segment of depth d must split. It never shrinks
// before the table is cleared: its cost is about 0.05 bytes for each key that was ever there at
// once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kv/deadlines.h"
#include "kv/segment.h"

namespace rabia::kv {

// Owns its segments and entries.
class Table {
 public:
  // `pool` outlives the table.
  Table(BlockPool& pool, HashFunction hash_of);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  [[nodiscard]] HashFunction hash_function() const { return hash_of_; }
  [[nodiscard]] std::uint64_t hash(std::string_view key) const { return hash_of_(key); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t memory_bytes() const;
  // Of all keys and values.
  [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }
  // What follows from the entries alone: their blocks and deadlines, and what segments and
  // directory of so many entries usually take.
  [[nodiscard]] std::uint64_t account_bytes() const;
  // What one of them, which it has, takes of that.
  [[nodiscard]] std::uint64_t account_bytes_of(const Entry& entry) const;
  // Whether it is as it was when made, so that clearing it would free nothing.
  [[nodiscard]] bool pristine() const { return size_ == 0 && directory_.size() == 1; }

  // `hash` is the key's in all of these.
  [[nodiscard]] const Entry* find(std::uint64_t hash, std::string_view key) const;
  // Asks the memory for what lookups of these hashes will read.
  void prefetch(std::span<const std::uint64_t> hashes) const;
  // Replaces the entry of `key` by what `change` makes of it; false when there is none.
  template <typename Changer>
  bool update(std::uint64_t hash, std::string_view key, const Changer& change);
  // Takes over `entry`, of the same pool, whose key must not be there yet.
  void insert(std::uint64_t hash, Entry* entry);
  bool erase(std::uint64_t hash, std::string_view key);
  // Erases, and hands the entry over to the caller; null when there is none.
  [[nodiscard]] Entry* take(std::uint64_t hash, std::string_view key);
  // So many entries are to come, in the order of their hashes: the directory may grow ahead of
  // them. Otherwise those that come first, of a small range of hashes, would crowd into one
  // segment.
  void expect(std::uint64_t entries) { expected_ = entries; }

  // Finds the first hash from `hash` on that any entry has, sets `hash` to it and appends all
  // entries that have it, in no order. False: there is none.
  bool find_group(std::uint64_t& hash, std::vector<Entry*>& out) const;

  // The keys with a deadline.
  [[nodiscard]] const Deadlines& deadlines() const { return deadlines_; }

  // See Store.
  using Visit = std::function<void(const Entry& entry)>;
  std::uint64_t scan(std::uint64_t cursor, std::uint64_t count, const Visit& visit) const;
  void for_each(const Visit& visit) const;
  [[nodiscard]] const Entry* random_entry(std::uint64_t random) const;

  // Frees up to `steps` entries, segments or deadlines, and subtracts what it did; true when
  // nothing is left. After the first call nothing else but drain() and the destructor may be
  // called.
  bool drain(std::uint64_t& steps);

  // The next in a list of cleared tables.
  std::unique_ptr<Table> next;

 private:
  [[nodiscard]] std::uint64_t index_of(std::uint64_t hash) const {
    return hash >> 1 >> (63 - directory_depth_);  // In two steps: a shift by 64 is undefined.
  }
  [[nodiscard]] Segment* segment_of(std::uint64_t hash) const { return directory_[index_of(hash)]; }
  // The first hash behind the segment of `hash`; 0 behind the last.
  [[nodiscard]] std::uint64_t end_of_segment(std::uint64_t hash) const;
  // Lets the directory point to `segment` for all hashes that begin like `hash`.
  void publish(std::uint64_t hash, Segment* segment);
  void retire(Segment* segment);

  // What the sums and deadlines_ know of an entry.
  void count(std::uint64_t hash, const Entry* entry);
  void discount(std::uint64_t hash, const Entry* entry);

  void make_room(std::uint64_t hash);
  [[nodiscard]] bool may_double() const;
  void double_directory();
  void split(std::uint64_t hash);
  void enlarge(std::uint64_t hash);
  void shrink(std::uint64_t hash);
  [[nodiscard]] bool merge_with_buddy(std::uint64_t hash);

  BlockPool& pool_;
  HashFunction hash_of_;
  unsigned directory_depth_ = 0;
  std::vector<Segment*> directory_;  // Owned; several pointers to one segment.
  std::uint64_t size_ = 0;
  std::uint64_t expected_ = 0;
  std::uint64_t segments_ = 0;
  std::uint64_t segment_bytes_ = 0;
  std::uint64_t entry_bytes_ = 0;
  std::uint64_t data_bytes_ = 0;
  Deadlines deadlines_;
  std::uint64_t drain_hash_ = 0;
  Segment::Slot drain_slot_ = 0;
};

template <typename Changer>
bool Table::update(std::uint64_t hash, std::string_view key, const Changer& change) {
  Segment* segment = segment_of(hash);
  const Segment::Slot slot = segment->find(hash, key);
  if (slot == segment->capacity()) return false;
  Entry*& entry = segment->at(slot);
  discount(hash, entry);
  entry = change(entry);
  count(hash, entry);
  return true;
}

inline void Table::count(std::uint64_t hash, const Entry* entry) {
  entry_bytes_ += entry->memory_bytes();
  data_bytes_ += entry->key_and_value().size();
  const Deadline deadline = entry->deadline();
  if (deadline != no_deadline) [[unlikely]] {
    deadlines_.insert({deadline, hash});
  }
}

inline void Table::discount(std::uint64_t hash, const Entry* entry) {
  entry_bytes_ -= entry->memory_bytes();
  data_bytes_ -= entry->key_and_value().size();
  const Deadline deadline = entry->deadline();
  if (deadline != no_deadline) [[unlikely]] {
    deadlines_.erase({deadline, hash});
  }
}

}  // namespace rabia::kv
