#include "kv/store.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"
#include "kv/block_pool.h"
#include "kv/cut.h"
#include "kv/digest.h"
#include "kv/draft.h"
#include "kv/table.h"

namespace rabia::kv {
namespace {

std::uint64_t hash_of(std::string_view key) {
  return base::hash64(key);
}

std::optional<std::string_view> value_or_nothing(const Entry* entry) {
  return entry == nullptr ? std::nullopt : std::optional(entry->value());
}

}  // namespace

Store::Store() : Store(hash_of) {}
Store::Store(HashFunction hash)
    : pool_(std::make_unique<BlockPool>()), table_(std::make_unique<Table>(*pool_, hash)) {}
Store::~Store() {
  RABIA_CHECK(cut_ == nullptr && draft_ == nullptr);
}

void Store::check_sizes(std::string_view key, std::uint64_t value_bytes) {
  RABIA_CHECK(key.size() <= key_bytes_max);
  RABIA_CHECK(value_bytes <= value_bytes_max);
}

inline bool Store::is_due(const Entry& entry) const {
  const Deadline deadline = entry.deadline();
  return expires_ && deadline != no_deadline && deadline <= history_.clock;
}

inline const Entry* Store::find_entry(std::uint64_t hash, std::string_view key) const {
  const Entry* entry = table_->find(hash, key);
  if (any_due() && entry != nullptr && is_due(*entry)) [[unlikely]] {
    return nullptr;
  }
  return entry;
}

std::optional<std::string_view> Store::get(std::string_view key) const {
  const Entry* entry = find_entry(table_->hash(key), key);
  if (entry == nullptr) return std::nullopt;
  return entry->value();
}

std::optional<Store::Item> Store::find(std::string_view key) const {
  const Entry* entry = find_entry(table_->hash(key), key);
  if (entry == nullptr) return std::nullopt;
  return Item{entry->about(), entry->value()};
}

void Store::prefetch(std::span<const std::string_view> keys) const {
  std::array<std::uint64_t, prefetched_keys_max> hashes;
  RABIA_CHECK(keys.size() <= hashes.size());
  std::size_t count = 0;
  for (const std::string_view key : keys) hashes[count++] = table_->hash(key);
  table_->prefetch({hashes.data(), count});
}

std::optional<std::uint64_t> Store::memory_bytes_of(std::string_view key) const {
  const Entry* entry = find_entry(table_->hash(key), key);
  if (entry == nullptr) return std::nullopt;
  return table_->account_bytes_of(*entry);
}

bool Store::contains(std::string_view key) const {
  return find_entry(table_->hash(key), key) != nullptr;
}

StateDigest Store::digest() const {
  StateDigest digest = digest_of_history(history_);
  add(digest, digest_);
  return digest;
}

std::uint64_t Store::size() const {
  return table_->size();
}

std::uint64_t Store::memory_bytes() const {
  std::uint64_t bytes = sizeof(Store);
  for (const Table* table = cleared_.get(); table != nullptr; table = table->next.get()) {
    bytes += table->memory_bytes();
  }
  if (cut_ != nullptr) bytes += cut_->memory_bytes();
  if (draft_ != nullptr) bytes += draft_->memory_bytes();
  return bytes + table_->memory_bytes();
}

// --- Time ---------------------------------------------------------------------------------------

void Store::advance_clock(std::uint64_t to) {
  history_.clock = std::max(history_.clock, to);
  if (history_.created_at == 0) history_.created_at = history_.clock;
}

std::uint64_t Store::next_revision() {
  history_.last_modified = history_.clock;
  return ++history_.revision;
}

std::uint64_t Store::keys_with_deadline() const {
  return table_->deadlines().size();
}

void Store::note_deadlines() {
  const std::optional<Deadlines::Item> first = table_->deadlines().first();
  next_deadline_ = first && expires_ ? first->deadline : no_deadline;
}

void Store::let_keys_expire(bool expires) {
  expires_ = expires;
  note_deadlines();
}

std::uint64_t Store::data_bytes() const {
  return table_->data_bytes();
}

// The first in the order of (deadline, hash, key).
std::string Store::soonest_key() const {
  RABIA_CHECK(keys_with_deadline() > 0);
  const Deadlines::Item soonest = *table_->deadlines().first();
  std::uint64_t hash = soonest.hash;
  std::vector<Entry*> group;
  RABIA_CHECK(table_->find_group(hash, group) && hash == soonest.hash);
  std::erase_if(group,
                [&soonest](const Entry* entry) { return entry->deadline() != soonest.deadline; });
  const Entry* first =
      *std::min_element(group.begin(), group.end(),
                        [](const Entry* a, const Entry* b) { return a->key() < b->key(); });
  return std::string(first->key());
}

void Store::expire(std::uint64_t keys_max) {
  for (; any_due() && keys_max > 0; --keys_max) {
    const std::string key = soonest_key();
    erase_entry(table_->hash(key), key, ChangeKind::expired);
  }
}

// --- Limits -------------------------------------------------------------------------------------

std::uint64_t Store::account_bytes() const {
  return table_->account_bytes();
}

void Store::track_uses(UseTracking tracking) {
  tracking_ = tracking;
}

void Store::walk(std::uint64_t from, std::uint64_t looks, const Look& look) const {
  looks = std::min(looks, table_->size());
  std::vector<Entry*> group;
  for (std::uint64_t hash = from; looks > 0; ++hash) {
    group.clear();
    if (!table_->find_group(hash, group)) {
      hash = ~std::uint64_t{0};  // On at the beginning.
      continue;
    }
    std::ranges::sort(group, {}, &Entry::key);
    for (const Entry* entry : group) {
      if (looks == 0 || !look({entry->key(), entry->revision(), entry->deadline(), entry->use()})) {
        return;
      }
      --looks;
    }
  }
}

void Store::evict(std::string_view key) {
  erase_entry(table_->hash(key), key, ChangeKind::evicted);
}

void Store::evict_soonest() {
  evict(soonest_key());
}

// --- Changes ------------------------------------------------------------------------------------

inline bool Store::cut_keeps(std::uint64_t hash, Entry* entry) {
  if (cut_ != nullptr) [[unlikely]] {
    return cut_->keep(hash, entry);
  }
  return false;
}

inline void Store::insert(std::uint64_t hash, Entry* entry) {
  if (cut_ != nullptr) [[unlikely]] {
    cut_->note_new(hash, entry->key());
  }
  table_->insert(hash, entry);
}

inline void Store::begin_change(std::uint64_t hash, std::string_view key) {
  reclaim(reclaimed_by_a_change);
  if (any_due()) [[unlikely]] {
    const Entry* entry = table_->find(hash, key);
    if (entry != nullptr && is_due(*entry)) erase_entry(hash, key, ChangeKind::expired);
  }
}

Use Store::use_of(Use old) const {
  switch (tracking_) {
    case UseTracking::none:
      break;
    case UseTracking::time:
      return {history_.clock, Use::first_count};
    case UseTracking::frequency: {
      if (!old.known()) return {history_.clock, Use::first_count};
      // Drawn from the log: every replica draws the same.
      const std::uint64_t drawn = base::Random(history_.revision).next();
      const std::uint8_t count = old.count_at(history_.clock);
      return {history_.clock, static_cast<std::uint8_t>(count + Use::counts(count, drawn))};
    }
  }
  return {};
}

// Writes a value and all that is known of its key; unless its use is, it goes on from what it was.
// True when the key is new. `tell` is given what was there, if the listener is to be told.
template <typename Tell>
bool Store::put(std::uint64_t hash, std::string_view key, std::string_view value,
                Entry::About about, const Tell& tell) {
  const KeyDigest terms(key);
  const auto assign = [&](Entry* entry) {
    if (listener_ != nullptr) tell(entry);
    const Entry::About old = entry->about();
    subtract(digest_, terms.about(old));
    subtract(digest_, terms.value(entry->value()));
    about.use = use_of(about.use.known() ? about.use : old.use);
    if (cut_keeps(hash, entry)) return Entry::create(*pool_, key, value, about);
    return Entry::assign(*pool_, entry, value, about);
  };
  const bool is_new = !table_->update(hash, key, assign);
  if (is_new) {
    if (listener_ != nullptr) tell(nullptr);
    about.use = use_of(about.use);
    insert(hash, Entry::create(*pool_, key, value, about));
  }
  add(digest_, terms.about(about));
  add(digest_, terms.value(value));
  note_deadlines();
  return is_new;
}

bool Store::set(std::string_view key, std::string_view value, Deadline deadline) {
  check_sizes(key, value.size());
  const std::uint64_t hash = table_->hash(key);
  begin_change(hash, key);
  next_revision();
  const auto tell = [&](const Entry* old) {
    listener_->on_change({.kind = ChangeKind::set,
                          .operation = operation_,
                          .revision = history_.revision,
                          .key = key,
                          .value = value,
                          .old_value = value_or_nothing(old),
                          .deadline = deadline});
  };
  return put(hash, key, value, {.revision = history_.revision, .deadline = deadline}, tell);
}

// Changes what is known of a key beside its value. False: there is no such key.
template <typename Change>
bool Store::change_about(std::uint64_t hash, std::string_view key, const Change& change) {
  const auto apply = [&](Entry* entry) {
    const KeyDigest terms(key);
    Entry::About about = entry->about();
    subtract(digest_, terms.about(about));
    change(about);
    if (cut_keeps(hash, entry)) entry = Entry::copy(*pool_, entry);
    entry = Entry::with(*pool_, entry, about);
    add(digest_, terms.about(about));
    return entry;
  };
  return table_->update(hash, key, apply);
}

bool Store::set_deadline(std::string_view key, Deadline deadline) {
  const std::uint64_t hash = table_->hash(key);
  begin_change(hash, key);
  const auto change = [&](Entry::About& about) {
    about.revision = next_revision();
    about.deadline = deadline;
    about.use = use_of(about.use);
  };
  if (!change_about(hash, key, change)) return false;
  note_deadlines();
  if (listener_ != nullptr) {
    listener_->on_change({.kind = ChangeKind::deadline,
                          .operation = operation_,
                          .revision = history_.revision,
                          .key = key,
                          .value = table_->find(hash, key)->value(),
                          .deadline = deadline});
  }
  return true;
}

void Store::touch(std::string_view key) {
  const std::uint64_t hash = table_->hash(key);
  if (tracking_ == UseTracking::none || find_entry(hash, key) == nullptr) return;
  change_about(hash, key, [this](Entry::About& about) {
    const std::uint8_t count =
        about.use.known() ? about.use.count_at(history_.clock) : Use::first_count;
    const bool counts = tracking_ == UseTracking::frequency && count < 255;
    about.use = {history_.clock, static_cast<std::uint8_t>(count + (counts ? 1 : 0))};
  });
}

std::uint64_t Store::append(std::string_view key, std::string_view bytes) {
  const std::optional<std::string_view> old = get(key);
  return set_range(key, old ? old->size() : 0, bytes);
}

namespace {

// Writes into the value and returns the entry that it has then.
Entry* write_range(BlockPool& pool, Entry* entry, std::uint64_t offset, std::string_view bytes) {
  const std::uint64_t old_length = entry->value().size();
  entry = Entry::grow(pool, entry, std::max(old_length, offset + bytes.size()));
  char* value = entry->value_data();
  if (offset > old_length) std::memset(value + old_length, 0, offset - old_length);
  if (!bytes.empty()) std::memcpy(value + offset, bytes.data(), bytes.size());
  return entry;
}

}  // namespace

std::uint64_t Store::set_range(std::string_view key, std::uint64_t offset, std::string_view bytes) {
  RABIA_CHECK(offset <= value_bytes_max);
  check_sizes(key, offset + bytes.size());
  const std::uint64_t hash = table_->hash(key);
  begin_change(hash, key);
  const KeyDigest terms(key);
  const std::uint64_t revision = next_revision();
  std::uint64_t length = 0;
  const auto tell = [&](const Entry* entry, std::optional<std::string_view> old) {
    listener_->on_change({.kind = ChangeKind::set,
                          .operation = operation_,
                          .revision = revision,
                          .key = key,
                          .value = entry->value(),
                          .old_value = old,
                          .deadline = entry->deadline()});
  };
  const auto write = [&](Entry* entry) {
    if (listener_ != nullptr) old_value_.assign(entry->value());
    const std::uint64_t begin = std::min<std::uint64_t>(offset, entry->value().size());
    const std::uint64_t end = offset + bytes.size();
    Entry::About about = entry->about();
    subtract(digest_, terms.about(about));
    subtract(digest_, terms.blocks(entry->value(), begin, end));
    about.revision = revision;
    about.use = use_of(about.use);
    if (cut_keeps(hash, entry)) entry = Entry::copy(*pool_, entry);
    entry = write_range(*pool_, Entry::with(*pool_, entry, about), offset, bytes);
    add(digest_, terms.about(entry->about()));
    add(digest_, terms.blocks(entry->value(), begin, end));
    length = entry->value().size();
    if (listener_ != nullptr) tell(entry, old_value_);
    return entry;
  };
  if (table_->update(hash, key, write)) return length;
  // The block is made exact, when it can be: most values never grow again.
  const Entry::About about{.revision = revision, .use = use_of({})};
  Entry* entry = Entry::create(*pool_, key, offset == 0 ? bytes : std::string_view(), about);
  if (offset > 0) entry = write_range(*pool_, entry, offset, bytes);
  add(digest_, terms.about(entry->about()));
  add(digest_, terms.value(entry->value()));
  insert(hash, entry);
  if (listener_ != nullptr) tell(entry, std::nullopt);
  return entry->value().size();
}

bool Store::erase(std::string_view key) {
  const std::uint64_t hash = table_->hash(key);
  begin_change(hash, key);
  return erase_entry(hash, key, ChangeKind::deleted);
}

bool Store::erase_entry(std::uint64_t hash, std::string_view key, ChangeKind kind) {
  Entry* entry = table_->take(hash, key);
  if (entry == nullptr) return false;
  next_revision();
  if (kind == ChangeKind::expired) ++keys_expired_;
  if (kind == ChangeKind::evicted) ++keys_evicted_;
  if (listener_ != nullptr) {
    listener_->on_change({.kind = kind,
                          .operation = kind == ChangeKind::deleted ? operation_ : std::uint8_t{0},
                          .revision = history_.revision,
                          .key = key,
                          .old_value = entry->value()});
  }
  remove(hash, entry);
  return true;
}

// What is left of an entry that the table does not have any more.
void Store::remove(std::uint64_t hash, Entry* entry) {
  const KeyDigest terms(entry->key());
  subtract(digest_, terms.about(entry->about()));
  subtract(digest_, terms.value(entry->value()));
  if (!cut_keeps(hash, entry)) Entry::destroy(*pool_, entry);
  note_deadlines();
}

void Store::rename(std::string_view from, std::string_view to) {
  RABIA_CHECK(from != to);
  check_sizes(to, 0);
  const std::uint64_t from_hash = table_->hash(from);
  const std::uint64_t to_hash = table_->hash(to);
  begin_change(from_hash, from);
  begin_change(to_hash, to);
  Entry* source = table_->take(from_hash, from);
  RABIA_CHECK(source != nullptr);
  next_revision();
  const Entry::About about{
      .revision = history_.revision, .deadline = source->deadline(), .use = source->use()};
  const auto tell = [&](const Entry* old) {
    listener_->on_change({.kind = ChangeKind::renamed,
                          .operation = operation_,
                          .revision = history_.revision,
                          .key = from,
                          .new_key = to,
                          .value = source->value(),
                          .old_value = value_or_nothing(old),
                          .deadline = about.deadline});
  };
  put(to_hash, to, source->value(), about, tell);  // No table has the source: it stays where it is.
  remove(from_hash, source);
}

// --- Whole tables -------------------------------------------------------------------------------

std::unique_ptr<Table> Store::make_table() const {
  return std::make_unique<Table>(*pool_, table_->hash_function());
}

void Store::clear() {
  reclaim(reclaimed_by_a_change);
  if (table_->pristine()) return;
  if (table_->size() > 0) {
    next_revision();
    if (listener_ != nullptr) {
      listener_->on_change({.kind = ChangeKind::cleared,
                            .operation = operation_,
                            .revision = history_.revision,
                            .keys = table_->size()});
    }
  }
  replace(make_table(), {});
}

void Store::replace(std::unique_ptr<Table> table, StateDigest digest) {
  std::unique_ptr<Table> old = std::exchange(table_, std::move(table));
  digest_ = digest;
  note_deadlines();
  if (cut_ != nullptr && cut_->needs_table()) {
    cut_->own(std::move(old));
  } else {
    discard(std::move(old));
  }
}

void Store::discard(std::unique_ptr<Table> table) {
  table->next = std::move(cleared_);
  cleared_ = std::move(table);
}

bool Store::reclaim(std::uint64_t entries_max) {
  while (cleared_ != nullptr && cleared_->drain(entries_max)) cleared_ = std::move(cleared_->next);
  const bool untrimmed = pool_->trim();
  return cleared_ != nullptr || untrimmed;
}

// --- Looking around -----------------------------------------------------------------------------

std::uint64_t Store::scan(std::uint64_t cursor, std::uint64_t count, const Visit& visit) const {
  return table_->scan(cursor, count, [&](const Entry& entry) {
    if (!is_due(entry)) visit(entry.key(), entry.value());
  });
}

void Store::for_each(const Visit& visit) const {
  table_->for_each([&](const Entry& entry) {
    if (!is_due(entry)) visit(entry.key(), entry.value());
  });
}

std::optional<std::string_view> Store::random_key(std::uint64_t random) const {
  // Keys that are due are few but for a moment: another look will find one that is not.
  for (int tries = 0; tries < 100; ++tries) {
    const Entry* entry = table_->random_entry(random + static_cast<std::uint64_t>(tries));
    if (entry == nullptr) return std::nullopt;
    if (!is_due(*entry)) return entry->key();
  }
  return std::nullopt;
}

}  // namespace rabia::kv
