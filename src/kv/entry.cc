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
  const std::size_t payload = std::size_t{key_size_} + value_size_;
  return roomy_ ? roomy_block(payload) : exact_block(payload);
}

std::uint64_t Entry::memory_bytes() const {
  return BlockPool::cost_bytes(block_bytes());
}

Entry* Entry::create(BlockPool& pool, std::string_view key, std::string_view value) {
  void* block = pool.allocate(exact_block(key.size() + value.size()));
  auto* entry = new (block) Entry(key.size(), value.size(), false);
  char* bytes = reinterpret_cast<char*>(entry + 1);
  copy_bytes(bytes, key);
  copy_bytes(bytes + key.size(), value);
  return entry;
}

Entry* Entry::create_absent(BlockPool& pool, std::string_view key) {
  Entry* entry = create(pool, key, {});
  entry->absent_ = 1;
  return entry;
}

Entry* Entry::copy(BlockPool& pool, const Entry* entry) {
  void* block = pool.allocate(entry->block_bytes());
  auto* twin = new (block) Entry(entry->key_size_, entry->value_size_, entry->roomy_ != 0);
  copy_bytes(reinterpret_cast<char*>(twin + 1), entry->key_and_value());
  return twin;
}

void Entry::destroy(BlockPool& pool, Entry* entry) {
  pool.free(entry, entry->block_bytes());
}

Entry* Entry::assign(BlockPool& pool, Entry* entry, std::string_view value) {
  if (exact_block(entry->key_size_ + value.size()) != entry->block_bytes()) {
    Entry* replacement = create(pool, entry->key(), value);
    destroy(pool, entry);
    return replacement;
  }
  new (entry) Entry(entry->key_size_, value.size(), false);
  copy_bytes(entry->value_data(), value);
  return entry;
}

Entry* Entry::grow(BlockPool& pool, Entry* entry, std::size_t value_size) {
  if (value_size <= entry->value_size_) return entry;
  const std::size_t key_size = entry->key_size_;
  const std::size_t payload = key_size + value_size;
  const std::size_t block = entry->block_bytes();
  if (!entry->roomy_ && exact_block(payload) == block) {
    return new (entry) Entry(key_size, value_size, false);
  }
  if (roomy_block(payload) == block) return new (entry) Entry(key_size, value_size, true);
  return new (pool.enlarge(entry, block, roomy_block(payload))) Entry(key_size, value_size, true);
}

}  // namespace rabia::kv
