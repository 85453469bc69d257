// Which keys of a table expire, in the order in which they do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "kv/deadline.h"

namespace rabia::kv {

// Holds the hash of each key that has a deadline. Keys of equal hash and
// deadline are in it as often as there are such keys. Its order follows from what is in it alone,
// so it is the same on all replicas, whatever their histories were.
class Deadlines {
 public:
  static constexpr std::uint64_t bytes_each = 22;  // About.
  struct Item {
    Deadline deadline;
    std::uint64_t hash;
    friend auto operator<=>(const Item&, const Item&) = default;
  };

  Deadlines();
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  void insert(const Item& item);
  // It must be there.
  void erase(const Item& item);
  // The one that comes next.
  [[nodiscard]] std::optional<Item> first() const;
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] std::uint64_t memory_bytes() const { return size() * bytes_each; }

  // Erases up to `steps` items, and subtracts what it did; true when none is left.
  bool drain(std::uint64_t& steps);

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;  // Null: none was ever there.
};

}  // namespace rabia::kv
