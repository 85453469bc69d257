#include "kv/entry.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace rabia::kv {
namespace {

// memcpy may not be given the null pointer of an empty view.
void copy_bytes(char* to, std::string_view from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

std::size_t Entry::exact_block(std::size_t payload) {
  return BlockPool::granted_bytes(sizeof(Entry) + payload);
}

std::size_t Entry::roomy_block(std::size_t payload) {
  const std::size_t step = std::max<std::size_t>(std::bit_floor(payload) / 4, 1);
  return exact_block((payload + step - 1) / step * step);
}

std::size_t Entry::block_bytes() const {
  const std::size_t payload = layout().payload();
  return roomy_ ? roomy_block(payload) : exact_block(payload);
}

std::uint64_t Entry::memory_bytes() const {
  return BlockPool::cost_bytes(block_bytes());
}

Deadline Entry::deadline() const {
  Deadline deadline = no_deadline;
  if (has_deadline_) std::memcpy(&deadline, this + 1, sizeof deadline);
  return deadline;
}

void Entry::put_deadline(Deadline deadline) {
  if (has_deadline_) std::memcpy(static_cast<void*>(this + 1), &deadline, sizeof deadline);
}

Entry* Entry::create(BlockPool& pool, std::string_view key, std::string_view value, About about) {
  const Layout layout{key.size(), value.size(), about.deadline != no_deadline};
  void* block = pool.allocate(exact_block(layout.payload()));
  auto* entry = new (block) Entry(layout, false, about.revision);
  entry->put_deadline(about.deadline);
  copy_bytes(entry->bytes(), key);
  copy_bytes(entry->value_data(), value);
  return entry;
}

Entry* Entry::create_absent(BlockPool& pool, std::string_view key) {
  Entry* entry = create(pool, key, {}, {});
  entry->absent_ = 1;
  return entry;
}

Entry* Entry::copy(BlockPool& pool, const Entry* entry) {
  void* block = pool.allocate(entry->block_bytes());
  auto* twin = new (block) Entry(entry->layout(), entry->roomy_ != 0, entry->revision_);
  twin->put_deadline(entry->deadline());
  copy_bytes(twin->bytes(), entry->key_and_value());
  return twin;
}

void Entry::destroy(BlockPool& pool, Entry* entry) {
  pool.free(entry, entry->block_bytes());
}

Entry* Entry::assign(BlockPool& pool, Entry* entry, std::string_view value, About about) {
  const Layout layout{entry->key_size_, value.size(), about.deadline != no_deadline};
  const bool fits = exact_block(layout.payload()) == entry->block_bytes() &&
                    layout.has_deadline == (entry->has_deadline_ != 0);
  if (!fits) {
    Entry* replacement = create(pool, entry->key(), value, about);
    destroy(pool, entry);
    return replacement;
  }
  new (entry) Entry(layout, false, about.revision);
  entry->put_deadline(about.deadline);
  copy_bytes(entry->value_data(), value);
  return entry;
}

Entry* Entry::with_deadline(BlockPool& pool, Entry* entry, Deadline deadline) {
  const bool has_one = deadline != no_deadline;
  if (has_one == (entry->has_deadline_ != 0)) {
    entry->put_deadline(deadline);
    return entry;
  }
  Entry* replacement = create(pool, entry->key(), entry->value(), {entry->revision_, deadline});
  destroy(pool, entry);
  return replacement;
}

Entry* Entry::grow(BlockPool& pool, Entry* entry, std::size_t value_size) {
  if (value_size <= entry->value_size_) return entry;
  Layout layout = entry->layout();
  layout.value_size = value_size;
  const std::uint64_t revision = entry->revision_;
  const std::size_t payload = layout.payload();
  const std::size_t block = entry->block_bytes();
  if (!entry->roomy_ && exact_block(payload) == block) {
    return new (entry) Entry(layout, false, revision);
  }
  if (roomy_block(payload) == block) return new (entry) Entry(layout, true, revision);
  void* larger = pool.enlarge(entry, block, roomy_block(payload));
  return new (larger) Entry(layout, true, revision);
}

}  // namespace rabia::kv
