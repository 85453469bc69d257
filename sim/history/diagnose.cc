#include "sim/history/diagnose.h"

#include <algorithm>

#include "base/check.h"
#include "sim/history/model.h"
#include "sim/history/search.h"
#include "sim/history/timeline.h"

namespace rabia::sim::history {
namespace {

// The history as it was known at one return: what had not returned by then was of unknown outcome.
class Prefix {
 public:
  Prefix(const Part& whole, const Timeline& timeline, Id event) : keys_(whole.keys) {
    const base::Instant now = timeline.operation(event).returned;
    for (Id id = 0; id < timeline.size(); ++id) {
      const Operation& original = timeline.operation(id);
      const bool has_returned = id <= event;
      if (original.invoked > now) continue;
      if (!has_returned && timeline.footprint(id).reads_only) continue;
      originals_.push_back(&original);
      copies_.push_back(original);
      if (!has_returned) copies_.back().outcome = Outcome::unknown;
      footprints_.push_back(timeline.footprint(id));
    }
  }

  SearchResult search_it(std::uint64_t steps_max) const {
    Part part{.operations = {}, .keys = keys_};
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      part.operations.push_back(
          {.operation = &copies_[i], .footprint = footprints_[i], .sent = originals_[i]});
    }
    SearchResult result = search(part, steps_max);
    for (const Operation*& each : result.order) each = originals_[each - copies_.data()];
    return result;
  }

 private:
  const std::vector<std::string>& keys_;
  std::vector<const Operation*> originals_;
  std::vector<Operation> copies_;
  std::vector<Footprint> footprints_;
};

}  // namespace

Diagnosis diagnose(const Part& part, std::uint64_t steps_max) {
  const Timeline timeline(part);
  Diagnosis diagnosis;
  Id good = 0;                  // So many returns can be explained …
  Id bad = timeline.returns();  // … and so many cannot.
  RABIA_CHECK(bad > 0);
  while (bad - good > 1) {
    const Id middle = good + (bad - good) / 2;
    SearchResult result = Prefix(part, timeline, middle - 1).search_it(steps_max);
    if (result.kind == SearchResult::Kind::found) {
      good = middle;
      diagnosis.order = std::move(result.order);
    } else {
      bad = middle;
      diagnosis.is_certain = result.kind == SearchResult::Kind::none;
    }
  }
  const Id stuck = bad - 1;
  diagnosis.stuck = &timeline.operation(stuck);
  for (const Operation* const each : diagnosis.order) execute(diagnosis.contents, each->args);
  for (const Id id : timeline.open(stuck)) {
    const Operation* const open = &timeline.operation(id);
    const bool is_in_order = std::ranges::find(diagnosis.order, open) != diagnosis.order.end();
    if (id != stuck && !is_in_order) diagnosis.open.push_back(open);
  }
  return diagnosis;
}

}  // namespace rabia::sim::history
