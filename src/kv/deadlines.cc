#include "kv/deadlines.h"

#include <absl/container/btree_set.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace rabia::kv {

struct Deadlines::Tree {
  absl::btree_multiset<Item> items;
};

Deadlines::Deadlines() = default;
Deadlines::~Deadlines() = default;

void Deadlines::insert(const Item& item) {
  if (tree_ == nullptr) tree_ = std::make_unique<Tree>();
  tree_->items.insert(item);
}

void Deadlines::erase(const Item& item) {
  RABIA_CHECK(tree_ != nullptr);
  const auto place = tree_->items.find(item);
  RABIA_CHECK(place != tree_->items.end());
  tree_->items.erase(place);
}

std::optional<Deadlines::Item> Deadlines::first() const {
  if (size() == 0) return std::nullopt;
  return *tree_->items.begin();
}

std::uint64_t Deadlines::size() const {
  return tree_ == nullptr ? 0 : tree_->items.size();
}

bool Deadlines::drain(std::uint64_t& steps) {
  if (tree_ == nullptr) return true;
  const auto most = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(steps, size()));
  tree_->items.erase(tree_->items.begin(), std::next(tree_->items.begin(), most));
  steps -= static_cast<std::uint64_t>(most);
  return size() == 0;
}

}  // namespace rabia::kv
