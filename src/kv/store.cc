#include "kv/store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "kv/block_pool.h"
#include "kv/entry.h"
#include "kv/table.h"

namespace rabia::kv {
namespace {

std::uint64_t hash_of(std::string_view key) {
  return base::hash64(key);
}

// What a change frees of cleared tables: more than it can add, so that clearing often does not let
// them pile up, and so little that it is not felt.
constexpr std::uint64_t reclaimed_by_a_change = 16;

void check_sizes(std::string_view key, std::uint64_t value_bytes) {
  RABIA_CHECK(key.size() <= Store::key_bytes_max);
  RABIA_CHECK(value_bytes <= Store::value_bytes_max);
}

}  // namespace

Store::Store() : Store(hash_of) {}
Store::Store(HashFunction hash)
    : pool_(std::make_unique<BlockPool>()), table_(std::make_unique<Table>(*pool_, hash)) {}
Store::~Store() = default;

std::optional<std::string_view> Store::get(std::string_view key) const {
  const Entry* entry = table_->find(table_->hash(key), key);
  if (entry == nullptr) return std::nullopt;
  return entry->value();
}

bool Store::contains(std::string_view key) const {
  return table_->find(table_->hash(key), key) != nullptr;
}

std::uint64_t Store::size() const {
  return table_->size();
}

std::uint64_t Store::memory_bytes() const {
  std::uint64_t bytes = sizeof(Store);
  for (const Table* table = cleared_.get(); table != nullptr; table = table->next.get()) {
    bytes += table->memory_bytes();
  }
  return bytes + table_->memory_bytes();
}

bool Store::set(std::string_view key, std::string_view value) {
  check_sizes(key, value.size());
  reclaim(reclaimed_by_a_change);
  const std::uint64_t hash = table_->hash(key);
  const auto assign = [this, value](Entry* entry) { return Entry::assign(*pool_, entry, value); };
  if (table_->update(hash, key, assign)) return false;
  table_->insert(hash, Entry::create(*pool_, key, value));
  return true;
}

std::uint64_t Store::append(std::string_view key, std::string_view bytes) {
  const std::optional<std::string_view> old = get(key);
  return set_range(key, old ? old->size() : 0, bytes);
}

std::uint64_t Store::set_range(std::string_view key, std::uint64_t offset, std::string_view bytes) {
  RABIA_CHECK(offset <= value_bytes_max);
  check_sizes(key, offset + bytes.size());
  reclaim(reclaimed_by_a_change);
  std::uint64_t length = 0;
  const auto write = [this, offset, bytes, &length](Entry* entry) {
    const std::uint64_t old_length = entry->value().size();
    length = std::max(old_length, offset + bytes.size());
    entry = Entry::grow(*pool_, entry, length);
    char* value = entry->value_data();
    if (offset > old_length) std::memset(value + old_length, 0, offset - old_length);
    if (!bytes.empty()) std::memcpy(value + offset, bytes.data(), bytes.size());
    return entry;
  };
  const std::uint64_t hash = table_->hash(key);
  if (table_->update(hash, key, write)) return length;
  if (offset == 0) {  // The block is made exact: most values never grow again.
    table_->insert(hash, Entry::create(*pool_, key, bytes));
    return bytes.size();
  }
  table_->insert(hash, write(Entry::create(*pool_, key, {})));
  return length;
}

bool Store::erase(std::string_view key) {
  reclaim(reclaimed_by_a_change);
  return table_->erase(table_->hash(key), key);
}

void Store::clear() {
  reclaim(reclaimed_by_a_change);
  if (table_->pristine()) return;
  auto fresh = std::make_unique<Table>(*pool_, table_->hash_function());
  table_->next = std::move(cleared_);
  cleared_ = std::exchange(table_, std::move(fresh));
}

bool Store::reclaim(std::uint64_t entries_max) {
  while (cleared_ != nullptr && cleared_->drain(entries_max)) cleared_ = std::move(cleared_->next);
  const bool untrimmed = pool_->trim();
  return cleared_ != nullptr || untrimmed;
}

std::uint64_t Store::scan(std::uint64_t cursor, std::uint64_t count, const Visit& visit) const {
  return table_->scan(cursor, count, visit);
}

void Store::for_each(const Visit& visit) const {
  table_->for_each(visit);
}

std::optional<std::string_view> Store::random_key(std::uint64_t random) const {
  const Entry* entry = table_->random_entry(random);
  if (entry == nullptr) return std::nullopt;
  return entry->key();
}

}  // namespace rabia::kv
