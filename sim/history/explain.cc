#include "sim/history/explain.h"

#include <algorithm>
#include <map>
#include <vector>

#include "sim/history/describe.h"
#include "sim/history/model.h"

namespace rabia::sim::history {
namespace {

// How much is listed.
constexpr std::size_t keys_listed_max = 10;
constexpr std::size_t operations_listed_max = 8;

std::string counted(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " operation" : " operations");
}

std::string title(const Part& part) {
  std::string text = part.keys.size() == 1 ? "key" : "keys";
  const std::size_t listed = std::min(part.keys.size(), keys_listed_max);
  for (std::size_t i = 0; i < listed; ++i) {
    text.append(i == 0 ? " " : ", ").append(describe_word(part.keys[i]));
  }
  if (listed < part.keys.size()) text += ", ... " + std::to_string(part.keys.size()) + " in all";
  return text + " (" + counted(part.operations.size()) + ")";
}

class Explanation {
 public:
  Explanation(const Part& part, const Diagnosis& diagnosis)
      : part_(part), diagnosis_(diagnosis), stuck_(*diagnosis.stuck) {
    for (const PartOperation& each : part.operations) of_[each.operation] = &each;
  }

  [[nodiscard]] std::string text() const {
    Contents contents = diagnosis_.contents;
    const std::string expected = execute(contents, stuck_.args);
    return "Not linearizable: " + title(part_) + ".\nNo order " +
           (diagnosis_.is_certain ? "explains" : "was found that explains") + " this reply:\n" +
           line(stuck_) + before() + describe_command(stuck_.args) + " would be answered " +
           describe_reply(expected) + ".\n" + order() + open();
  }

 private:
  // As its client knows it.
  [[nodiscard]] const Operation& sent(const Operation& operation) const {
    return *of_.at(&operation)->sent;
  }
  [[nodiscard]] std::string line(const Operation& operation) const {
    return "  " + describe(sent(operation)) + "\n";
  }
  [[nodiscard]] std::string whose(const Operation& operation) const {
    return "client " + std::to_string(operation.client) + "'s " + sent(operation).args[0];
  }

  [[nodiscard]] bool touches_same(const Operation& a, const Operation& b) const {
    const Footprint& left = of_.at(&a)->footprint;
    const Footprint& right = of_.at(&b)->footprint;
    return left.all_keys || right.all_keys ||
           std::ranges::any_of(left.keys, [&](const std::string& key) {
             return std::ranges::binary_search(right.keys, key);
           });
  }

  [[nodiscard]] std::string before() const {
    if (diagnosis_.order.empty()) return "Nothing had to come before it: ";
    return "Up to then there is one, of " + counted(diagnosis_.order.size()) + "; after it, ";
  }

  // What changed the keys of `stuck_`, in the order that was found.
  [[nodiscard]] std::vector<const Operation*> changes() const {
    std::vector<const Operation*> changes;
    Contents contents;
    for (const Operation* const each : diagnosis_.order) {
      const Contents before = contents;
      execute(contents, each->args);
      if (!(contents == before) && touches_same(*each, stuck_)) changes.push_back(each);
    }
    return changes;
  }

  // How the last change stands to what could not be explained after it.
  [[nodiscard]] std::string although(const Operation& change) const {
    if (change.outcome != Outcome::done) {
      return "The outcome of " + whose(change) + " is unknown; this order needs it.\n";
    }
    if (change.returned < stuck_.invoked) {
      return whose(change) + " had returned at " + describe(change.returned) + ", before client " +
             std::to_string(stuck_.client) + " sent its " + sent(stuck_).args[0] + " at " +
             describe(stuck_.invoked) + ".\n";
    }
    return whose(change) + " was under way at the same time as " + whose(stuck_) + ".\n";
  }

  [[nodiscard]] std::string order() const {
    if (diagnosis_.order.empty()) return "";
    const auto all = changes();
    if (all.empty()) return "Nothing in that order changed what it is about.\n";
    const std::size_t listed = std::min(all.size(), operations_listed_max);
    std::string text = "What changed it in that order";
    text += listed < all.size() ? ", the last of " + counted(all.size()) + ":\n" : ":\n";
    for (std::size_t i = all.size() - listed; i < all.size(); ++i) text += line(*all[i]);
    return text + although(*all.back());
  }

  [[nodiscard]] std::string open() const {
    const auto& open = diagnosis_.open;
    if (open.empty()) return "Nothing else could take effect before it.\n";
    std::string text = "Could take effect before it too, and is of no help in any order:\n";
    const std::size_t listed = std::min(open.size(), operations_listed_max);
    for (std::size_t i = 0; i < listed; ++i) text += line(*open[i]);
    if (listed < open.size()) text += "  ... " + counted(open.size()) + " in all\n";
    return text;
  }

  const Part& part_;
  const Diagnosis& diagnosis_;
  const Operation& stuck_;
  std::map<const Operation*, const PartOperation*> of_;  // Never walked through.
};

}  // namespace

std::string explain_failure(const Part& part, const Diagnosis& diagnosis) {
  return Explanation(part, diagnosis).text();
}

std::string explain_giving_up(const Part& part, std::uint64_t steps) {
  return "Undecided after " + std::to_string(steps) + " steps: " + title(part) + ".\n";
}

}  // namespace rabia::sim::history
