#include "client/near_cache.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rabia::client {
namespace {

// What an entry takes beside its bytes: nodes of list and index, and what the allocator adds.
constexpr std::size_t entry_overhead = 160;

}  // namespace

std::size_t NearCache::bytes_of(const Entry& entry) {
  return entry.key.size() + entry.item.value.size() + entry_overhead;
}

std::optional<std::string> NearCache::find(std::string_view key, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = fresh(now) ? index_.find(key) : index_.end();
  if (found == index_.end()) {
    ++counts_.misses;
    return std::nullopt;
  }
  ++counts_.hits;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->item.value;
}

std::uint64_t NearCache::begin_fetch(std::string_view key) {
  const std::lock_guard lock(mutex_);
  ++fetches_[std::string(key)].count;
  return ++begun_;
}

void NearCache::end_fetch(std::string_view key, std::uint64_t begun, const Revised& found) {
  const std::lock_guard lock(mutex_);
  const auto fetches = fetches_.find(key);
  RABIA_CHECK(fetches != fetches_.end());
  Fetches& it = fetches->second;
  const bool may_come_in = follows_ && found.revision >= std::max(it.revision_min, cleared_at_) &&
                           begun > std::max(it.begun_after, all_begun_after_);
  it.revision_min = std::max(it.revision_min, found.revision);
  end(fetches);
  drop_if_older(key, found.revision);
  if (may_come_in && !index_.contains(key)) insert(key, found);
}

void NearCache::end_fetch_absent(std::string_view key) {
  const std::lock_guard lock(mutex_);
  // What is kept, or fetched, may be older than that.
  spoil(key);
  end(fetches_.find(key));
}

void NearCache::end_fetch_failed(std::string_view key) {
  const std::lock_guard lock(mutex_);
  end(fetches_.find(key));
}

void NearCache::end(AllFetches::iterator fetches) {
  RABIA_CHECK(fetches != fetches_.end());
  if (--fetches->second.count == 0) fetches_.erase(fetches);
}

void NearCache::spoil(std::string_view key) {
  if (const auto kept = index_.find(key); kept != index_.end()) {
    ++counts_.invalidations;
    drop(kept->second);
  }
  if (const auto found = fetches_.find(key); found != fetches_.end()) {
    found->second.begun_after = ++begun_;
  }
}

void NearCache::wrote(std::string_view key) {
  const std::lock_guard lock(mutex_);
  spoil(key);
}

void NearCache::wrote_whatever() {
  const std::lock_guard lock(mutex_);
  counts_.invalidations += entries_.size();
  drop_all();
}

void NearCache::begin() {
  const std::lock_guard lock(mutex_);
  drop_all();
  cleared_at_ = 0;
  follows_ = true;
  followed_until_ = {};
}

void NearCache::changed(std::string_view key, std::uint64_t revision) {
  const std::lock_guard lock(mutex_);
  if (drop_if_older(key, revision)) ++counts_.invalidations;
  if (const auto found = fetches_.find(key); found != fetches_.end()) {
    found->second.revision_min = std::max(found->second.revision_min, revision);
  }
}

void NearCache::cleared(std::uint64_t revision) {
  const std::lock_guard lock(mutex_);
  cleared_at_ = std::max(cleared_at_, revision);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->item.revision < revision) {
      ++counts_.invalidations;
      drop(entry);
    }
    entry = next;
  }
}

void NearCache::follow(Instant time) {
  const std::lock_guard lock(mutex_);
  followed_until_ = std::max(followed_until_, time);
}

void NearCache::reset() {
  const std::lock_guard lock(mutex_);
  if (follows_) ++counts_.resets;
  drop_all();
  follows_ = false;
}

void NearCache::drop(Entries::iterator entry) {
  counts_.bytes -= bytes_of(*entry);
  index_.erase(entry->key);
  entries_.erase(entry);
}

bool NearCache::drop_if_older(std::string_view key, std::uint64_t revision) {
  const auto kept = index_.find(key);
  if (kept == index_.end() || kept->second->item.revision >= revision) return false;
  drop(kept->second);
  return true;
}

void NearCache::drop_all() {
  index_.clear();
  entries_.clear();
  counts_.bytes = 0;
  all_begun_after_ = ++begun_;
}

void NearCache::insert(std::string_view key, const Revised& item) {
  if (key.size() + item.value.size() + entry_overhead > options_.bytes_max) return;
  entries_.push_front({std::string(key), item});
  index_.emplace(entries_.front().key, entries_.begin());
  counts_.bytes += bytes_of(entries_.front());
  while (entries_.size() > options_.entries_max || counts_.bytes > options_.bytes_max) {
    ++counts_.evictions;
    drop(std::prev(entries_.end()));
  }
}

bool NearCache::answers(Instant now) const {
  const std::lock_guard lock(mutex_);
  return fresh(now);
}

NearCacheCounts NearCache::counts() const {
  const std::lock_guard lock(mutex_);
  NearCacheCounts out = counts_;
  out.entries = entries_.size();
  return out;
}

}  // namespace rabia::client
