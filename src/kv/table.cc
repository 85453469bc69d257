#include "kv/table.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "base/random.h"

namespace rabia::kv {
namespace {

// Two buddies together below this become one: less than half of what makes it split again.
constexpr std::uint32_t merged_size_max = Segment::base_capacity * 3 / 8;
// With a good hash the directory has 2 to 4 pointers a segment. Keys that were chosen to collide
// may not blow it up beyond this; their segments are enlarged instead.
constexpr std::uint64_t pointers_per_segment_max = 16;
// What a full table has of a good hash, about: segments of 217 to 435 entries, some split more.
constexpr std::uint64_t entries_per_pointer = 128;
// Cursors have so many bits that a client which keeps numbers as doubles (node-redis) loses none.
constexpr unsigned cursor_bits = 53;
constexpr unsigned cursor_shift = 64 - cursor_bits;
static_assert(Segment::depth_max <= cursor_bits, "the end of a segment is a cursor");

// How many hashes begin with the same `depth` bits; 0 means 2^64.
constexpr std::uint64_t hashes_of(unsigned depth) {
  return depth == 0 ? 0 : std::uint64_t{1} << (64 - depth);
}

}  // namespace

Table::Table(BlockPool& pool, HashFunction hash_of)
    : pool_(pool), hash_of_(hash_of), directory_(1) {
  publish(0, Segment::build(pool_, 0, {}));
}

Table::~Table() {
  std::uint64_t steps = std::numeric_limits<std::uint64_t>::max();
  drain(steps);
}

std::uint64_t Table::memory_bytes() const {
  return entry_bytes_ + segment_bytes_ + deadlines_.memory_bytes() +
         directory_.capacity() * sizeof(Segment*) + sizeof(Table);
}

namespace {

// Segments that are all as full as a good hash leaves them split nearly at once: then there are
// twice as many. One of them, with its pointers in the directory:
constexpr std::uint64_t usual_segment_bytes = 5632 + 3 * sizeof(Segment*);
constexpr std::uint64_t usual_split_at = 415;

constexpr std::uint64_t usual_table_bytes(std::uint64_t entries) {
  return std::bit_ceil(entries / usual_split_at + 1) * usual_segment_bytes;
}

}  // namespace

std::uint64_t Table::account_bytes() const {
  return entry_bytes_ + deadlines_.memory_bytes() + usual_table_bytes(size_);
}

std::uint64_t Table::account_bytes_of(const Entry& entry) const {
  const bool expires = entry.deadline() != no_deadline;
  return entry.memory_bytes() + usual_table_bytes(size_) / size_ +
         (expires ? Deadlines::bytes_each : 0);
}

const Entry* Table::find(std::uint64_t hash, std::string_view key) const {
  const Segment* segment = segment_of(hash);
  const Segment::Slot slot = segment->find(hash, key);
  return slot == segment->capacity() ? nullptr : segment->at(slot);
}

// Each pass reads what the pass before asked for. By the time it does, most of it has come.
void Table::prefetch(std::span<const std::uint64_t> hashes) const {
  for (const std::uint64_t hash : hashes) __builtin_prefetch(segment_of(hash));
  for (const std::uint64_t hash : hashes) segment_of(hash)->prefetch_home(hash);
  for (const std::uint64_t hash : hashes) segment_of(hash)->prefetch_entry(hash);
}

void Table::insert(std::uint64_t hash, Entry* entry) {
  while (!segment_of(hash)->insert(hash, entry, hash_of_)) make_room(hash);
  ++size_;
  count(hash, entry);
}

bool Table::erase(std::uint64_t hash, std::string_view key) {
  Entry* entry = take(hash, key);
  if (entry == nullptr) return false;
  Entry::destroy(pool_, entry);
  return true;
}

Entry* Table::take(std::uint64_t hash, std::string_view key) {
  Segment* segment = segment_of(hash);
  const Segment::Slot slot = segment->find(hash, key);
  if (slot == segment->capacity()) return nullptr;
  Entry* entry = segment->at(slot);
  segment->erase(slot);
  --size_;
  discount(hash, entry);
  shrink(hash);
  return entry;
}

// --- Segments that come and go ------------------------------------------------------------------

std::uint64_t Table::end_of_segment(std::uint64_t hash) const {
  const std::uint64_t hashes = hashes_of(segment_of(hash)->depth());
  return (hash & ~(hashes - 1)) + hashes;
}

void Table::publish(std::uint64_t hash, Segment* segment) {
  const std::uint64_t pointers = std::uint64_t{1} << (directory_depth_ - segment->depth());
  const std::uint64_t first = index_of(hash) & ~(pointers - 1);
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), pointers, segment);
  ++segments_;
  segment_bytes_ += segment->memory_bytes();
}

void Table::retire(Segment* segment) {
  --segments_;
  segment_bytes_ -= segment->memory_bytes();
  Segment::destroy(pool_, segment);
}

void Table::make_room(std::uint64_t hash) {
  const unsigned depth = segment_of(hash)->depth();
  if (depth == directory_depth_ && may_double()) double_directory();
  if (depth < directory_depth_) {
    split(hash);
  } else {
    enlarge(hash);
  }
}

bool Table::may_double() const {
  return directory_depth_ < Segment::depth_max &&
         directory_.size() * 2 <=
             std::max(segments_ * pointers_per_segment_max, expected_ / entries_per_pointer);
}

void Table::double_directory() {
  std::vector<Segment*> doubled;
  doubled.reserve(directory_.size() * 2);
  for (Segment* segment : directory_) doubled.insert(doubled.end(), 2, segment);
  directory_ = std::move(doubled);
  ++directory_depth_;
}

void Table::split(std::uint64_t hash) {
  Segment* full = segment_of(hash);
  const unsigned depth = full->depth() + 1;
  const std::uint64_t bit = hashes_of(depth);
  std::vector<HashedEntry> entries;
  entries.reserve(full->size());
  full->collect(entries, hash_of_);
  const auto middle =
      std::partition_point(entries.begin(), entries.end(),
                           [bit](const HashedEntry& item) { return (item.hash & bit) == 0; });
  publish(hash & ~bit, Segment::build(pool_, depth, {entries.begin(), middle}));
  publish(hash | bit, Segment::build(pool_, depth, {middle, entries.end()}));
  retire(full);
}

void Table::enlarge(std::uint64_t hash) {
  Segment* full = segment_of(hash);
  std::vector<HashedEntry> entries;
  entries.reserve(full->size());
  full->collect(entries, hash_of_);
  publish(hash, Segment::build(pool_, full->depth(), entries, full->capacity() * 2));
  retire(full);
}

void Table::shrink(std::uint64_t hash) {
  while (merge_with_buddy(hash)) {
  }
}

bool Table::merge_with_buddy(std::uint64_t hash) {
  Segment* segment = segment_of(hash);
  if (segment->depth() == 0 || segment->size() > merged_size_max) return false;
  const std::uint64_t bit = hashes_of(segment->depth());
  Segment* low = segment_of(hash & ~bit);
  Segment* high = segment_of(hash | bit);
  if (low->depth() != high->depth() || low->size() + high->size() > merged_size_max) return false;
  std::vector<HashedEntry> entries;
  entries.reserve(low->size() + high->size());
  low->collect(entries, hash_of_);
  high->collect(entries, hash_of_);
  publish(hash, Segment::build(pool_, segment->depth() - 1, entries));
  retire(low);
  retire(high);
  return true;
}

// --- Walking ------------------------------------------------------------------------------------

std::uint64_t Table::scan(std::uint64_t cursor, std::uint64_t count, const Visit& visit) const {
  if (cursor >> cursor_bits != 0) return 0;
  count = std::max<std::uint64_t>(count, 1);
  std::uint64_t hash = cursor << cursor_shift;
  std::uint64_t visited = 0;
  std::uint64_t last = cursor;  // Of the last entry visited.
  // Many empty segments in a row must not make a call long.
  for (std::uint64_t looked_into = 0; looked_into < count; ++looked_into) {
    const Segment* segment = segment_of(hash);
    for (Segment::Slot slot = segment->lower_bound(hash, hash_of_); slot < segment->capacity();
         slot = segment->next(slot)) {
      const Entry* entry = segment->at(slot);
      const std::uint64_t here = hash_of_(entry->key()) >> cursor_shift;
      if (visited >= count && here != last) return here;
      visit(*entry);
      ++visited;
      last = here;
    }
    hash = end_of_segment(hash);
    if (hash == 0) return 0;
  }
  return hash >> cursor_shift;
}

void Table::for_each(const Visit& visit) const {
  std::uint64_t hash = 0;
  do {
    const Segment* segment = segment_of(hash);
    for (Segment::Slot slot = segment->first(); slot < segment->capacity();
         slot = segment->next(slot)) {
      visit(*segment->at(slot));
    }
    hash = end_of_segment(hash);
  } while (hash != 0);
}

bool Table::find_group(std::uint64_t& hash, std::vector<Entry*>& out) const {
  // Few segments in a row are empty: of two buddies one is not, or they would be one.
  Segment* segment = segment_of(hash);
  Segment::Slot slot = segment->lower_bound(hash, hash_of_);
  while (slot == segment->capacity()) {
    hash = end_of_segment(hash);
    if (hash == 0) return false;
    segment = segment_of(hash);
    slot = segment->first();
  }
  hash = hash_of_(segment->at(slot)->key());
  do {
    out.push_back(segment->at(slot));
    slot = segment->next(slot);
  } while (slot < segment->capacity() && hash_of_(segment->at(slot)->key()) == hash);
  // The groups behind it are asked for next, and lie anywhere in memory.
  segment->prefetch(slot);
  return true;
}

const Entry* Table::random_entry(std::uint64_t random) const {
  if (size_ == 0) return nullptr;
  base::Random numbers(random);
  std::uint64_t hash = numbers.next();
  while (segment_of(hash)->size() == 0) hash = end_of_segment(hash);
  const Segment* segment = segment_of(hash);
  // A slot that is drawn until it is occupied is uniform; a nearly empty segment ends the patience.
  auto slot = static_cast<Segment::Slot>(numbers.below(segment->capacity()));
  for (int tries = 0; tries < 32 && !segment->occupied(slot); ++tries) {
    slot = static_cast<Segment::Slot>(numbers.below(segment->capacity()));
  }
  if (!segment->occupied(slot)) slot = segment->next(slot);
  if (slot == segment->capacity()) slot = segment->first();
  return segment->at(slot);
}

// --- The end ------------------------------------------------------------------------------------

bool Table::drain(std::uint64_t& steps) {
  if (!deadlines_.drain(steps)) return false;
  while (segments_ > 0) {
    Segment* segment = segment_of(drain_hash_);
    for (; drain_slot_ < segment->capacity(); ++drain_slot_) {
      if (!segment->occupied(drain_slot_)) continue;
      if (steps == 0) return false;
      --steps;
      entry_bytes_ -= segment->at(drain_slot_)->memory_bytes();
      Entry::destroy(pool_, segment->at(drain_slot_));
      --size_;
    }
    if (steps == 0) return false;
    --steps;
    drain_hash_ = end_of_segment(drain_hash_);
    drain_slot_ = 0;
    retire(segment);
  }
  return true;
}

}  // namespace rabia::kv
