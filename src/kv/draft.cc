#include "kv/draft.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "kv/entry.h"
#include "kv/table.h"

namespace rabia::kv {
namespace {

// What is believed of the number of entries that shall come: a directory of half a megabyte, and 4
// bytes for each entry that has come.
constexpr std::uint64_t believed_at_once = 8 << 20;
constexpr std::uint64_t believed_for_each = 64;

}  // namespace

Draft::Draft(Store& store) : store_(store), table_(store.make_table()) {
  RABIA_CHECK(store.draft_ == nullptr);
  store.draft_ = this;
}

Draft::~Draft() {
  if (table_ != nullptr) store_.discard(std::move(table_));
  store_.draft_ = nullptr;
}

std::uint64_t Draft::size() const {
  return table_->size();
}

std::uint64_t Draft::memory_bytes() const {
  return table_ == nullptr ? 0 : table_->memory_bytes();
}

StateDigest Draft::digest() const {
  StateDigest digest = digest_of_history(history_);
  kv::add(digest, digest_);
  return digest;
}

bool Draft::add(std::string_view key, std::string_view value, Entry::About about) {
  Store::check_sizes(key, value.size());
  const std::uint64_t hash = table_->hash(key);
  if (last_ != nullptr && (hash < last_hash_ || (hash == last_hash_ && key <= last_->key()))) {
    return false;
  }
  table_->expect(std::min(expected_, believed_at_once + believed_for_each * table_->size()));
  last_hash_ = hash;
  last_about_ = about;
  last_ = Entry::create(*store_.pool_, key, value, about);
  table_->insert(hash, last_);
  const KeyDigest terms(key);
  kv::add(digest_, terms.about(about));
  kv::add(digest_, terms.value(value));
  return true;
}

void Draft::extend(std::string_view bytes, bool complete) {
  if (bytes.empty()) return;
  RABIA_CHECK(last_ != nullptr);
  const auto append = [&](Entry* entry) {
    const KeyDigest terms(entry->key());
    const std::uint64_t begin = entry->value().size();
    const std::uint64_t end = begin + bytes.size();
    Store::check_sizes(entry->key(), end);
    subtract(digest_, terms.blocks(entry->value(), begin, end));
    entry = Entry::grow(*store_.pool_, entry, end);
    std::memcpy(entry->value_data() + begin, bytes.data(), bytes.size());
    kv::add(digest_, terms.blocks(entry->value(), begin, end));
    if (complete) entry = Entry::with(*store_.pool_, entry, last_about_);
    return last_ = entry;
  };
  RABIA_CHECK(table_->update(last_hash_, last_->key(), append));
}

void Draft::put_in_place() {
  RABIA_CHECK(table_ != nullptr);
  store_.replace(std::move(table_), digest_);
  store_.history_ = history_;
}

}  // namespace rabia::kv
