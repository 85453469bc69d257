#include "sim/explore/bounds.h"

#include <algorithm>

#include "sim/explore/log_model.h"
#include "sim/explore/slot_model.h"

namespace rabia::sim::explore {

namespace {

constexpr bool split = true;
constexpr bool whole = false;
constexpr bool symmetric = true;
constexpr bool everyone = false;
constexpr bool beats = true;
constexpr bool no_beats = false;

}  // namespace

const std::vector<Bound>& all_bounds() {
  static const std::vector<Bound> bounds = {
      {"slot-1", "one slot, 1 member, 2 phases, split writes", SlotBound{1, 2, split, symmetric},
       true},
      {"slot-2", "one slot, 2 members, 3 phases, split writes", SlotBound{2, 3, split, symmetric},
       true},
      {"slot-3", "one slot, 3 members, 3 phases, split writes", SlotBound{3, 3, split, everyone},
       true, 391'449},
      {"slot-3-phases", "one slot, 3 members, 4 phases, whole writes",
       SlotBound{3, 4, whole, everyone}, true, 821'728},
      {"slot-4", "one slot, 4 members, 2 phases, split writes", SlotBound{4, 2, split, symmetric},
       true},
      {"slot-5", "one slot, 5 members, 1 phase, split writes", SlotBound{5, 1, split, symmetric},
       true},
      {"founding-restart", "the first start of 3 members, 2 restarts", FoundingBound{3, 0, 2, 4},
       true},
      {"founding-loss", "the first start of 3 members, one loses its data",
       FoundingBound{3, 1, 0, 4}, true},
      {"log-read", "a write of one owner, a read", LogBound{{1, 0, 0}, true, beats, 0, 0}, true},
      {"log-read-patience", "the same, and one member gives up on what it waits for",
       LogBound{{1, 0, 0}, true, beats, 0, 1}, true},
      {"log-read-crash", "a write, a read, and one crash of anyone",
       LogBound{{1, 0, 0}, true, no_beats, 1, 0}, true},
      {"log-two", "writes of two owners", LogBound{{1, 1, 0}, false, beats, 0, 0}, true},
      {"slot-3-deep", "one slot, 3 members, 4 phases, split writes",
       SlotBound{3, 4, split, symmetric}},
      {"slot-4-phases", "one slot, 4 members, 3 phases, whole writes",
       SlotBound{4, 3, whole, everyone}, false, 543'574},
      {"slot-4-deep", "one slot, 4 members, 3 phases, split writes",
       SlotBound{4, 3, split, symmetric}},
      {"slot-5-phases", "one slot, 5 members, 3 phases, whole writes",
       SlotBound{5, 3, whole, symmetric}, false, 84'525'116},
      {"slot-5-split", "one slot, 5 members, 2 phases, split writes",
       SlotBound{5, 2, split, symmetric}, false, 16'146'068},
      {"founding-loss-restart", "the first start of 3 members, one loses its data, one restart",
       FoundingBound{3, 1, 1, 4}, false, 97'011},
      {"log-again", "an owner that may write twice, before and after a crash of anyone",
       LogBound{{2, 0, 0}, false, no_beats, 1, 0}},
      {"log-two-crash", "writes of two owners, one crash of anyone",
       LogBound{{1, 1, 0}, false, no_beats, 1, 0}},
      {"log-two-patience", "writes of two owners, one gives up",
       LogBound{{1, 1, 0}, false, beats, 0, 1}},
      {"log-patience", "a write, a read, two members give up",
       LogBound{{1, 0, 0}, true, beats, 0, 2}},
      {"log-crash-patience", "a write, a read, one crash, one gives up",
       LogBound{{1, 0, 0}, true, no_beats, 1, 1}},
      {"log-two-read", "writes of two owners, a read", LogBound{{1, 1, 0}, true, beats, 0, 0}},
      {"log-again-read", "two writes of one owner, a read", LogBound{{2, 0, 0}, true, beats, 0, 0}},
  };
  return bounds;
}

const Bound* find_bound(std::string_view name) {
  const auto found = std::find_if(all_bounds().begin(), all_bounds().end(),
                                  [name](const Bound& bound) { return bound.name == name; });
  return found != all_bounds().end() ? &*found : nullptr;
}

std::unique_ptr<Model> model_of(const Bound& bound) {
  if (const auto* slot = std::get_if<SlotBound>(&bound.bound)) {
    return std::make_unique<SlotModel>(*slot);
  }
  if (const auto* founding = std::get_if<FoundingBound>(&bound.bound)) {
    return std::make_unique<FoundingModel>(*founding);
  }
  return std::make_unique<LogModel>(std::get<LogBound>(bound.bound));
}

}  // namespace rabia::sim::explore
