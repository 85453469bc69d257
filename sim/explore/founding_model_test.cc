#include "sim/explore/founding_model.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rabia::sim::explore {
namespace {

constexpr std::uint64_t no_limit = 10'000'000;

// Given a bound, when it is explored, then the count of everything is what it was before.
TEST(FoundingModel, CountsAreExact) {
  struct Expected {
    FoundingBound bound;
    std::uint64_t states;
    std::uint64_t transitions;
  };
  for (const Expected& each :
       {Expected{{1, 0, 0, 1}, 3, 2}, Expected{{2, 0, 1, 3}, 169, 564},
        Expected{{2, 1, 0, 3}, 440, 1696}, Expected{{3, 0, 0, 3}, 578, 4568}}) {
    FoundingModel model(each.bound);
    const Outcome outcome = search(model, no_limit);
    EXPECT_TRUE(outcome.complete);
    EXPECT_EQ(outcome.violation, std::nullopt);
    EXPECT_EQ(outcome.states, each.states) << each.bound.members << " members";
    EXPECT_EQ(outcome.transitions, each.transitions) << each.bound.members << " members";
  }
}

// Given members without faults, then the exploration reaches the state in which all are founded: it
// does not say "0 violations" of a cluster that never comes to be.
TEST(FoundingModel, ReachesAFoundedCluster) {
  for (const std::size_t members : {1U, 2U, 3U}) {
    FoundingModel model({members, 0, 0, members});
    std::vector<Key> open{model.start()};
    std::set<std::uint64_t> known;
    std::size_t founded = 0;
    while (!open.empty()) {
      const Key state = open.back();
      open.pop_back();
      if (!known.insert(state.low).second) continue;
      founded = std::max(founded, model.founded_in(state));
      std::vector<Step> steps;
      model.steps(state, steps);
      for (const Step& step : steps) open.push_back(step.to);
    }
    EXPECT_EQ(founded, members);
  }
}

}  // namespace
}  // namespace rabia::sim::explore
