#include "sim/history/parts.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

#include "base/check.h"

namespace rabia::sim::history {
namespace {

// Sets of operations, joined step by step. The smallest number of a set stands for it.
class Groups {
 public:
  explicit Groups(std::size_t size) : parents_(size) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }

  std::size_t of(std::size_t member) {
    while (parents_[member] != member) {
      parents_[member] = parents_[parents_[member]];
      member = parents_[member];
    }
    return member;
  }

  void join(std::size_t a, std::size_t b) {
    a = of(a);
    b = of(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parents_;
};

std::vector<PartOperation> operations_that_matter(const History& history) {
  std::vector<PartOperation> operations;
  for (const Operation& operation : history) {
    const bool is_done = operation.outcome == Outcome::done;
    RABIA_CHECK(!is_done || operation.invoked <= operation.returned);
    if (operation.outcome == Outcome::not_executed) continue;
    Footprint footprint = footprint_of(operation);
    if (!is_done && footprint.reads_only) continue;
    operations.push_back(
        {.operation = &operation, .footprint = std::move(footprint), .sent = &operation});
  }
  return operations;
}

void join_by_keys(const std::vector<PartOperation>& operations, Groups& groups) {
  std::map<std::string_view, std::size_t> first_with;
  bool one_for_all = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    one_for_all = one_for_all || operations[i].footprint.all_keys;
    for (const std::string& key : operations[i].footprint.keys) {
      groups.join(first_with.emplace(key, i).first->second, i);
    }
  }
  if (!one_for_all) return;
  for (std::size_t i = 1; i < operations.size(); ++i) groups.join(0, i);
}

}  // namespace

std::vector<Part> split_into_parts(const History& history) {
  std::vector<PartOperation> operations = operations_that_matter(history);
  Groups groups(operations.size());
  join_by_keys(operations, groups);
  std::vector<Part> parts;
  std::map<std::size_t, std::size_t> part_of_group;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto [found, is_new] = part_of_group.emplace(groups.of(i), parts.size());
    if (is_new) parts.emplace_back();
    Part& part = parts[found->second];
    const auto& keys = operations[i].footprint.keys;
    part.keys.insert(part.keys.end(), keys.begin(), keys.end());
    part.operations.push_back(std::move(operations[i]));
  }
  for (Part& part : parts) {
    std::ranges::sort(part.keys);
    part.keys.erase(std::unique(part.keys.begin(), part.keys.end()), part.keys.end());
  }
  return parts;
}

}  // namespace rabia::sim::history
