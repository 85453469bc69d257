#include "sim/explore/search.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rabia::sim::explore {

namespace {

class Search {
 public:
  Search(Model& model, std::uint64_t states_max) : model_(model), states_max_(states_max) {}
  Outcome run();

 private:
  void check(Key state, StateTable::Index found_from, const Step* step);
  void expand(StateTable::Index index);
  [[nodiscard]] std::vector<std::string> path_to(StateTable::Index last, const Step* step);

  Model& model_;
  std::uint64_t states_max_;
  StateTable table_;
  Outcome outcome_;
};

Outcome Search::run() {
  const Key start = model_.representative(model_.start());
  table_.add(start, StateTable::none);
  check(start, 0, nullptr);
  StateTable::Index level_end = table_.size();  // Of those that are `depth` steps away.
  StateTable::Index next = 0;
  for (; !outcome_.violation && next < table_.size() && table_.size() < states_max_; ++next) {
    if (next == level_end) {
      ++outcome_.depth;
      level_end = table_.size();
    }
    expand(next);
  }
  outcome_.states = table_.size();
  outcome_.complete = !outcome_.violation && next == table_.size();
  return std::move(outcome_);
}

void Search::expand(StateTable::Index index) {
  std::vector<Step> steps;
  model_.steps(table_.at(index), steps);
  outcome_.transitions += steps.size();
  for (const Step& step : steps) {
    if (step.leaf) {
      check(step.to, index, &step);
    } else if (const Key to = model_.representative(step.to); table_.add(to, index)) {
      check(to, table_.size() - 1, nullptr);
    }
    if (outcome_.violation) return;
  }
}

// `step`: the leaf that led from the state with that index to this one.
void Search::check(Key state, StateTable::Index index, const Step* step) {
  if (auto rule = model_.broken(state)) {
    outcome_.violation = Violation{*std::move(rule), path_to(index, step)};
  }
}

// The steps from the start. The table holds representatives, in which members may have changed
// names from step to step; here everyone keeps its name.
std::vector<std::string> Search::path_to(StateTable::Index last, const Step* leaf) {
  std::vector<Key> way;
  const Key end = leaf == nullptr ? Key{} : leaf->to;
  for (; table_.found_from(last) != StateTable::none; last = table_.found_from(last)) {
    way.push_back(table_.at(last));
  }
  std::reverse(way.begin(), way.end());
  std::vector<std::string> path;
  Key here = model_.start();
  const auto go = [&](Key next, bool to_leaf) {
    std::vector<Step> steps;
    model_.steps(here, steps);
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const Step& each) {
      return each.leaf == to_leaf && (to_leaf ? each.to : model_.representative(each.to)) == next;
    });
    RABIA_CHECK(step != steps.end());
    model_.describe(here, *step, path);
    here = step->to;
  };
  for (const Key next : way) go(next, false);
  if (leaf != nullptr) go(end, true);
  return path;
}

}  // namespace

Outcome search(Model& model, std::uint64_t states_max) {
  return Search(model, states_max).run();
}

}  // namespace rabia::sim::explore
