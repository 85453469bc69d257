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

Entry::Entry(const Layout& layout, const About& about)
    : key_size_(static_cast<std::uint32_t>(layout.key_size) & 0x3fffffff),
      has_deadline_(layout.has_deadline),
      absent_(0),
      value_size_(static_cast<std::uint32_t>(layout.value_size) & 0x3fffffff),
      roomy_(about.roomy),
      has_use_(layout.has_use),
      revision_(about.revision) {
  const std::uint64_t use = about.use.packed();
  char* const extras = reinterpret_cast<char*>(this + 1);
  if (has_deadline_) std::memcpy(extras, &about.deadline, extra_bytes);
  if (has_use_) std::memcpy(extras + extra_bytes * has_deadline_, &use, extra_bytes);
}

std::uint64_t Entry::extra(std::size_t index) const {
  std::uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const char*>(this + 1) + extra_bytes * index, extra_bytes);
  return value;
}

std::size_t Entry::exact_block(std::size_t payload) {
  return BlockPool::granted_bytes(sizeof(Entry) + payload);
}

std::size_t Entry::roomy_block(std::size_t payload) {
  const std::size_t step = std::max<std::size_t>(std::bit_floor(payload) / 4, 1);
  return exact_block((payload + step - 1) / step * step);
}

std::size_t Entry::block_of(const Layout& layout, bool roomy) {
  return roomy ? roomy_block(layout.payload()) : exact_block(layout.payload());
}

std::size_t Entry::block_bytes() const {
  return block_of(layout(), roomy_ != 0);
}

std::uint64_t Entry::memory_bytes() const {
  return BlockPool::cost_bytes(block_bytes());
}

Entry* Entry::create(BlockPool& pool, std::string_view key, std::string_view value, About about) {
  const Layout layout = layout_of(key.size(), value.size(), about);
  void* block = pool.allocate(block_of(layout, about.roomy));
  auto* entry = new (block) Entry(layout, about);
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
  return create(pool, entry->key(), entry->value(), entry->about());
}

void Entry::destroy(BlockPool& pool, Entry* entry) {
  pool.free(entry, entry->block_bytes());
}

Entry* Entry::assign(BlockPool& pool, Entry* entry, std::string_view value, About about) {
  const Layout old = entry->layout();
  const Layout layout = layout_of(old.key_size, value.size(), about);
  const bool fits = block_of(layout, about.roomy) == entry->block_bytes() &&
                    layout.has_deadline == old.has_deadline && layout.has_use == old.has_use;
  if (!fits) {
    Entry* replacement = create(pool, entry->key(), value, about);
    destroy(pool, entry);
    return replacement;
  }
  new (entry) Entry(layout, about);
  copy_bytes(entry->value_data(), value);
  return entry;
}

Entry* Entry::with(BlockPool& pool, Entry* entry, About about) {
  const Layout old = entry->layout();
  const Layout layout = layout_of(old.key_size, old.value_size, about);
  const bool fits = about.roomy == (entry->roomy_ != 0) &&
                    layout.has_deadline == old.has_deadline && layout.has_use == old.has_use;
  if (fits) return new (entry) Entry(layout, about);
  Entry* replacement = create(pool, entry->key(), entry->value(), about);
  destroy(pool, entry);
  return replacement;
}

Entry* Entry::grow(BlockPool& pool, Entry* entry, std::size_t value_size) {
  if (value_size <= entry->value_size_) return entry;
  Layout layout = entry->layout();
  layout.value_size = value_size;
  About about = entry->about();
  const std::size_t payload = layout.payload();
  const std::size_t block = entry->block_bytes();
  if (!about.roomy && exact_block(payload) == block) return new (entry) Entry(layout, about);
  about.roomy = true;
  if (roomy_block(payload) == block) return new (entry) Entry(layout, about);
  void* larger = pool.enlarge(entry, block, roomy_block(payload));
  return new (larger) Entry(layout, about);
}

}  // namespace rabia::kv
