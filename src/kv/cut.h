// The contents of a store as they were at one moment, read while the store goes on changing.
//
// A cursor passes over the table in the order of the hash. What it has passed may change freely.
// Before an entry that it has not passed is changed or erased, its block is taken over: it becomes
// the entry's *image*, and the store goes on with a new block. Of a key that is new the image says
// that it was absent. So a cut takes memory only for what is written meanwhile, and gives it back
// as the cursor passes. Images are in a table of their own, so they are in the same order.
//
// Keys of equal hash come in the order of the keys. They are read as one group; blocks of a group
// stay where they are until it has been read, since changes take blocks over and never touch them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kv/digest.h"
#include "kv/store.h"

namespace rabia::kv {

class Entry;
class Table;

// Of a store that outlives it; at most one of a store. Core thread only. Constant time to make and
// to destroy: what is left of it is freed by the store's reclaim().
class Cut {
 public:
  explicit Cut(Store& store);
  ~Cut();
  Cut(const Cut&) = delete;
  Cut& operator=(const Cut&) = delete;

  // Of the contents at the cut.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] StateDigest digest() const { return digest_; }
  [[nodiscard]] const History& history() const { return history_; }

  // How many entries have not been passed.
  [[nodiscard]] std::uint64_t left() const { return left_; }
  // The entry at the cursor, which stays valid until pop(); some must be left. Null when passing
  // over entries that came or changed after the cut has used up `budget`, in bytes of reading that
  // would have taken the same time. (Many keys of one hash, which no good hash has, count but
  // cannot be stopped in.)
  [[nodiscard]] const Entry* front(std::uint64_t& budget);
  void pop();

 private:
  friend class Store;

  // --- For the store, before it changes anything

  // Takes over the block of an entry that is to be changed or erased, if it needs it: true.
  [[nodiscard]] bool keep(std::uint64_t hash, Entry* entry);
  // A key comes that the store does not have.
  void note_new(std::uint64_t hash, std::string_view key);
  // Whether the cut still reads from the store's table, which is to be replaced.
  [[nodiscard]] bool needs_table() const { return left_ > 0 && replaced_ == nullptr; }
  // Takes the replaced table over: it changes no more.
  void own(std::unique_ptr<Table> table);
  [[nodiscard]] std::uint64_t memory_bytes() const;

  [[nodiscard]] bool must_keep(std::uint64_t hash, std::string_view key) const;
  std::uint64_t load_group();
  void pass_group();
  void drop_images_at_cursor();
  void release();

  Store& store_;
  const std::uint64_t size_;
  const StateDigest digest_;
  History history_;
  std::uint64_t left_;
  const Table* table_;               // The store's, or replaced_.
  std::unique_ptr<Table> replaced_;  // Null while the store uses it.
  std::unique_ptr<Table> images_;    // Null once all has been read.
  std::uint64_t cursor_ = 0;         // Smaller hashes have been passed.
  std::vector<Entry*> group_;        // Of the hash at the cursor, in the order of the keys.
  std::size_t next_ = 0;             // In group_.
  std::vector<Entry*> scratch_;
};

}  // namespace rabia::kv
