// The state of the model: keys, their values, and which of them expire, as a value that is cheap to
// copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::sim::history {

// A sorted list of entries that copies share: a copy costs one pointer per key, a change one entry.
// Made for some dozens of keys. One thread only.
class Contents {
 public:
  // Nothing when there is no such key. Valid until the next change of this object.
  [[nodiscard]] const std::string* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // Whether there is such a key, and it will expire at some time.
  [[nodiscard]] bool expires(std::string_view key) const;

  // Takes copies: the views may be of this object.
  void set(std::string_view key, std::string_view value, bool expires = false);
  // Whether there was such a key.
  bool erase(std::string_view key);
  void clear();

  // Equal contents have equal hashes, on every machine.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  friend bool operator==(const Contents& a, const Contents& b);

 private:
  struct Entry {
    std::string key;
    std::string value;
    bool expires;
    std::uint64_t hash;
  };
  using Entries = std::vector<std::shared_ptr<const Entry>>;

  // The entry of `key`, or of the first key behind it.
  [[nodiscard]] std::size_t place_of(std::string_view key) const;
  [[nodiscard]] bool is_at(std::size_t place, std::string_view key) const;

  Entries entries_;         // Sorted by key.
  std::uint64_t hash_ = 0;  // The sum of the entries' hashes.
};

}  // namespace rabia::sim::history
