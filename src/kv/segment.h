// A piece of the table: the entries whose hashes begin with the same `depth` bits, in the order of
// their hashes.
//
// Linear probing whose home slots follow the next 9 bits of the hash and whose entries are kept
// sorted (Amble and Knuth, "Ordered hash tables", 1974), with room at the end in place of
// wrapping around. So a segment is a hash table and a sorted array at once: splitting it cuts the
// array, and iteration in the order of the hash needs no sorting. A tag of 16 bits for each entry
// (the bits of the hash behind the first `depth`) finds the entry's place without looking at it.
//
// Invariants: tags do not fall from left to right (0: an empty slot); entries of equal tags are
// sorted by the whole hash; no entry is left of its home; no slot between an entry and its home is
// empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kv/entry.h"
#include "kv/hash_function.h"

namespace rabia::kv {

struct HashedEntry {
  std::uint64_t hash;
  Entry* entry;
};

// One allocated block: header, pointers, tags. Goes with one pool. Does not own its entries.
class alignas(Entry*) Segment {
 public:
  using Slot = std::uint32_t;
  static constexpr unsigned home_bits = 9;
  static constexpr unsigned tag_bits = 16;
  // Of a segment as it should be. Only one that may not split has more.
  static constexpr std::uint32_t base_capacity = (1U << home_bits) + 32;
  // Deeper, the tag would reach beyond the hash.
  static constexpr unsigned depth_max = 64 - tag_bits;

  // The smallest segment of at least `capacity_min` slots that has room for `entries`, which are
  // sorted by hash.
  [[nodiscard]] static Segment* build(BlockPool& pool, unsigned depth,
                                      std::span<const HashedEntry> entries,
                                      std::uint32_t capacity_min = base_capacity);
  static void destroy(BlockPool& pool, Segment* segment);

  [[nodiscard]] unsigned depth() const { return depth_; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint64_t memory_bytes() const;

  // The slot of `key`, or capacity().
  [[nodiscard]] Slot find(std::uint64_t hash, std::string_view key) const;
  // Whether there was room. The key must not be there yet.
  [[nodiscard]] bool insert(std::uint64_t hash, Entry* entry, HashFunction hash_of);
  void erase(Slot slot);

  // Walking in the order of the hash: first(), next(), … until capacity().
  [[nodiscard]] Slot first() const { return occupied_from(0); }
  [[nodiscard]] Slot next(Slot slot) const { return occupied_from(slot + 1); }
  // The first slot whose hash is at least `hash`.
  [[nodiscard]] Slot lower_bound(std::uint64_t hash, HashFunction hash_of) const {
    return occupied_from(place_of(hash, hash_of));
  }
  [[nodiscard]] bool occupied(Slot slot) const { return tags()[slot] != 0; }
  [[nodiscard]] Entry*& at(Slot slot) { return entries()[slot]; }
  [[nodiscard]] const Entry* at(Slot slot) const { return entries()[slot]; }

  // Asks for the memory of an entry some slots behind `slot`, for one who walks.
  void prefetch(Slot slot) const {
    constexpr Slot ahead = 8;
    if (slot + ahead < capacity_ && occupied(slot + ahead)) {
      __builtin_prefetch(entries()[slot + ahead]);
    }
  }

  // For one who will look `hash` up: first where the search begins, then what it finds there.
  void prefetch_home(std::uint64_t hash) const {
    const Slot home = home_of(tag_of(hash));
    __builtin_prefetch(tags() + home);
    __builtin_prefetch(entries() + home);
  }
  void prefetch_entry(std::uint64_t hash) const {
    const Slot slot = first_not_below(tag_of(hash));
    if (tags()[slot] != tag_of(hash)) return;
    const auto* entry = reinterpret_cast<const char*>(entries()[slot]);
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + cache_line_bytes);  // A short key, and the beginning of its value.
  }

  // Appends all entries, sorted by hash.
  void collect(std::vector<HashedEntry>& out, HashFunction hash_of) const;

 private:
  using Tag = std::uint16_t;
  static constexpr std::size_t cache_line_bytes = 64;

  Segment(unsigned depth, std::uint32_t capacity) : capacity_(capacity), depth_(depth) {}
  static Segment* create(BlockPool& pool, unsigned depth, std::uint32_t capacity);
  static std::size_t block_bytes(std::uint32_t capacity);
  // Beyond this load, searching and shifting would take long.
  static std::uint32_t size_max(std::uint32_t capacity) { return capacity / 5 * 4; }

  [[nodiscard]] Tag tag_of(std::uint64_t hash) const {
    const auto tag = static_cast<Tag>((hash << depth_) >> (64 - tag_bits));
    return tag == 0 ? 1 : tag;  // 0 means empty. 1 keeps the order and has the same home.
  }
  static Slot home_of(Tag tag) { return static_cast<Slot>(tag >> (tag_bits - home_bits)); }

  [[nodiscard]] Slot first_not_below(Tag tag) const;
  // Where an entry of this hash belongs: everything left of it is smaller.
  [[nodiscard]] Slot place_of(std::uint64_t hash, HashFunction hash_of) const;
  [[nodiscard]] Slot occupied_from(Slot slot) const;
  void put(Slot slot, const HashedEntry& item);

  Entry** entries() { return reinterpret_cast<Entry**>(this + 1); }
  [[nodiscard]] Entry* const* entries() const { return reinterpret_cast<Entry* const*>(this + 1); }
  // One more than slots: the last is always empty and ends every search.
  Tag* tags() { return reinterpret_cast<Tag*>(entries() + capacity_); }
  [[nodiscard]] const Tag* tags() const {
    return reinterpret_cast<const Tag*>(entries() + capacity_);
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_;
  std::uint32_t depth_;
};
static_assert(sizeof(Segment) % alignof(Entry*) == 0);

}  // namespace rabia::kv
