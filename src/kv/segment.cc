#include "kv/segment.h"

#include <algorithm>
#include <new>

#include "base/check.h"

namespace rabia::kv {

std::size_t Segment::block_bytes(std::uint32_t capacity) {
  // NOLINTNEXTLINE(bugprone-sizeof-expression): it holds pointers.
  return sizeof(Segment) + capacity * sizeof(Entry*) + (capacity + 1) * sizeof(Tag);
}

std::uint64_t Segment::memory_bytes() const {
  return BlockPool::cost_bytes(block_bytes(capacity_));
}

Segment* Segment::create(BlockPool& pool, unsigned depth, std::uint32_t capacity) {
  auto* segment = new (pool.allocate(block_bytes(capacity))) Segment(depth, capacity);
  std::fill_n(segment->tags(), capacity + 1, Tag{0});
  return segment;
}

void Segment::destroy(BlockPool& pool, Segment* segment) {
  pool.free(segment, block_bytes(segment->capacity_));
}

Segment* Segment::build(BlockPool& pool, unsigned depth, std::span<const HashedEntry> entries,
                        std::uint32_t capacity_min) {
  RABIA_CHECK(depth <= depth_max);
  for (std::uint32_t capacity = capacity_min;; capacity *= 2) {
    if (entries.size() > size_max(capacity)) continue;
    Segment* segment = create(pool, depth, capacity);
    Slot end = 0;
    bool room = true;
    for (const HashedEntry& item : entries) {
      const Slot slot = std::max(end, home_of(segment->tag_of(item.hash)));
      room = slot < capacity;
      if (!room) break;
      segment->put(slot, item);
      end = slot + 1;
    }
    if (room) return segment;
    destroy(pool, segment);  // Many share the last homes.
  }
}

void Segment::put(Slot slot, const HashedEntry& item) {
  tags()[slot] = tag_of(item.hash);
  entries()[slot] = item.entry;
  ++size_;
}

Segment::Slot Segment::first_not_below(Tag tag) const {
  const Tag* tag_at = tags();
  Slot slot = home_of(tag);
  while (tag_at[slot] != 0 && tag_at[slot] < tag) ++slot;
  return slot;
}

Segment::Slot Segment::occupied_from(Slot slot) const {
  const Tag* tag_at = tags();
  while (slot < capacity_ && tag_at[slot] == 0) ++slot;
  return slot;
}

Segment::Slot Segment::find(std::uint64_t hash, std::string_view key) const {
  const Tag tag = tag_of(hash);
  for (Slot slot = first_not_below(tag); tags()[slot] == tag; ++slot) {
    if (entries()[slot]->key() == key) return slot;
  }
  return capacity_;
}

Segment::Slot Segment::place_of(std::uint64_t hash, HashFunction hash_of) const {
  const Tag tag = tag_of(hash);
  Slot slot = first_not_below(tag);
  while (tags()[slot] == tag && hash_of(entries()[slot]->key()) < hash) ++slot;
  return slot;
}

bool Segment::insert(std::uint64_t hash, Entry* entry, HashFunction hash_of) {
  if (size_ >= size_max(capacity_)) return false;
  const Slot slot = place_of(hash, hash_of);
  Slot empty = slot;
  while (tags()[empty] != 0) ++empty;
  if (empty == capacity_) return false;
  std::copy_backward(tags() + slot, tags() + empty, tags() + empty + 1);
  std::copy_backward(entries() + slot, entries() + empty, entries() + empty + 1);
  put(slot, {hash, entry});
  return true;
}

void Segment::erase(Slot slot) {
  // What follows moves left as far as entries stand right of their homes.
  Slot end = slot + 1;
  while (tags()[end] != 0 && home_of(tags()[end]) < end) ++end;
  std::copy(tags() + slot + 1, tags() + end, tags() + slot);
  std::copy(entries() + slot + 1, entries() + end, entries() + slot);
  tags()[end - 1] = 0;
  --size_;
}

void Segment::collect(std::vector<HashedEntry>& out, HashFunction hash_of) const {
  // Entries lie anywhere in memory: ask for them early, or each is waited for in turn.
  constexpr Slot ahead = 16;
  for (Slot slot = 0; slot < capacity_; ++slot) {
    if (slot + ahead < capacity_ && occupied(slot + ahead)) {
      __builtin_prefetch(entries()[slot + ahead]);
    }
    if (occupied(slot)) out.push_back({hash_of(entries()[slot]->key()), entries()[slot]});
  }
}

}  // namespace rabia::kv
