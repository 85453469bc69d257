#include "sim/history/timeline.h"

#include <algorithm>
#include <map>

namespace rabia::sim::history {
Timeline::Timeline(const Part& part) {
  std::vector<const PartOperation*> unknown;
  for (const PartOperation& each : part.operations) {
    (each.operation->outcome == Outcome::done ? operations_ : unknown).push_back(&each);
  }
  std::ranges::stable_sort(operations_, {}, [](const auto* p) { return p->operation->returned; });
  std::ranges::stable_sort(unknown, {}, [](const auto* p) { return p->operation->invoked; });
  open_.resize(operations_.size());
  operations_.insert(operations_.end(), unknown.begin(), unknown.end());
  make_masks(part);
  sweep();
  find_twins();
}

void Timeline::make_masks(const Part& part) {
  for (const PartOperation* const each : operations_) {
    std::uint64_t mask = each->footprint.all_keys ? ~std::uint64_t{0} : 0;
    for (const std::string& key : each->footprint.keys) {
      const auto place = std::ranges::lower_bound(part.keys, key) - part.keys.begin();
      mask |= std::uint64_t{1} << (place % 64);
    }
    masks_.push_back(mask);
  }
}

void Timeline::sweep() {
  Ids by_invocation(operations_.size());
  for (Id id = 0; id < by_invocation.size(); ++id) by_invocation[id] = id;
  std::ranges::stable_sort(by_invocation, {}, [this](Id id) { return operation(id).invoked; });
  auto next = by_invocation.begin();
  Ids open;
  for (Id event = 0; event < returns(); ++event) {
    const base::Instant now = operation(event).returned;
    for (; next != by_invocation.end() && operation(*next).invoked <= now; ++next) {
      open.insert(std::ranges::lower_bound(open, *next), *next);
    }
    open_[event] = open;
    open.erase(open.begin());  // The event's own: all smaller ones are gone.
  }
}

void Timeline::find_twins() {
  std::map<Arguments, Id> last_with;
  for (Id id = returns(); id < operations_.size(); ++id) {
    const auto [found, is_new] = last_with.emplace(operation(id).args, id);
    twins_.push_back(is_new ? std::nullopt : std::optional(found->second));
    found->second = id;
  }
}

bool Timeline::is_lost_in(Id unknown, Id next) const {
  if ((masks_[unknown] & ~masks_[next]) != 0) return false;
  const Footprint& lost = footprint(unknown);
  const Footprint& over = footprint(next);
  if (!over.overwrites || (is_done(next) && !over.is_blind)) return false;
  return over.all_keys || (!lost.all_keys && std::ranges::includes(over.keys, lost.keys));
}

}  // namespace rabia::sim::history
