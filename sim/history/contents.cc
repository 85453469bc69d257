#include "sim/history/contents.h"

#include <algorithm>

#include "base/hash.h"

namespace rabia::sim::history {

std::size_t Contents::place_of(std::string_view key) const {
  const auto found = std::ranges::lower_bound(
      entries_, key, {}, [](const auto& entry) -> std::string_view { return entry->key; });
  return static_cast<std::size_t>(found - entries_.begin());
}

bool Contents::is_at(std::size_t place, std::string_view key) const {
  return place < entries_.size() && entries_[place]->key == key;
}

const std::string* Contents::find(std::string_view key) const {
  const std::size_t place = place_of(key);
  return is_at(place, key) ? &entries_[place]->value : nullptr;
}

bool Contents::expires(std::string_view key) const {
  const std::size_t place = place_of(key);
  return is_at(place, key) && entries_[place]->expires;
}

void Contents::set(std::string_view key, std::string_view value, bool expires) {
  const std::uint64_t hash = base::hash64(value, base::hash64(key) + (expires ? 1 : 0));
  auto entry = std::make_shared<const Entry>(Entry{
      .key = std::string(key), .value = std::string(value), .expires = expires, .hash = hash});
  const std::size_t place = place_of(key);
  hash_ += hash;
  if (is_at(place, key)) {
    hash_ -= entries_[place]->hash;
    entries_[place] = std::move(entry);
  } else {
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place), std::move(entry));
  }
}

bool Contents::erase(std::string_view key) {
  const std::size_t place = place_of(key);
  if (!is_at(place, key)) return false;
  hash_ -= entries_[place]->hash;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place));
  return true;
}

void Contents::clear() {
  entries_.clear();
  hash_ = 0;
}

bool operator==(const Contents& a, const Contents& b) {
  return a.hash_ == b.hash_ &&
         std::ranges::equal(a.entries_, b.entries_, [](const auto& left, const auto& right) {
           return left == right || (left->key == right->key && left->value == right->value &&
                                    left->expires == right->expires);
         });
}

}  // namespace rabia::sim::history
