#include "sim/explore/log_model.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace rabia::sim::explore {
namespace {

constexpr std::uint64_t no_limit = 10'000'000;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Every state that can be reached, the leaves left out, with its steps.
template <typename Visit>
void for_each_state(LogModel& model, Visit visit) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> known;
  std::vector<Key> open{model.start()};
  while (!open.empty()) {
    const Key state = open.back();
    open.pop_back();
    if (!known.emplace(state.high, state.low).second) continue;
    std::vector<Step> steps;
    model.steps(state, steps);
    visit(state, steps);
    for (const Step& step : steps) {
      if (!step.leaf) open.push_back(step.to);
    }
  }
}

std::set<std::string> seen_in_all(const LogBound& bound) {
  LogModel model(bound);
  std::set<std::string> seen;
  for_each_state(model, [&](Key state, const std::vector<Step>& /*steps*/) {
    seen.insert(model.seen_in(state));
  });
  return seen;
}

// Given a bound, when it is explored, then the count of everything is what it was before: it
// depends on the code and on nothing else.
TEST(LogModel, CountsAreExact) {
  struct Expected {
    LogBound bound;
    std::uint64_t states;
    std::uint64_t transitions;
  };
  for (const Expected& each : {Expected{{{1, 0, 0}, false, true, 0, 0}, 88, 466},
                               Expected{{{1, 0, 0}, true, true, 0, 0}, 2114, 21568}}) {
    LogModel model(each.bound);
    const Outcome outcome = search(model, no_limit);
    EXPECT_TRUE(outcome.complete);
    EXPECT_FALSE(outcome.violation);
    EXPECT_EQ(outcome.states, each.states);
    EXPECT_EQ(outcome.transitions, each.transitions);
  }
}

// Given blocks, when the same bound is explored step by step, then others get to see the very same
// things: what blocks leave out is only the order of what nobody sees.
TEST(LogModel, BlocksShowOthersWhatSingleStepsShow) {
  for (LogBound bound :
       {LogBound{{1, 0, 0}, false, true, 0, 0}, LogBound{{1, 0, 0}, false, false, 1, 0},
        LogBound{{1, 0, 0}, false, true, 0, 1}, LogBound{{1, 0, 0}, true, true, 0, 0}}) {
    const std::set<std::string> in_blocks = seen_in_all(bound);
    bound.blocks = false;
    EXPECT_EQ(seen_in_all(bound), in_blocks) << bound.crashes << bound.time_passes << bound.reads;
  }
}

// Given a write and a read, then there are runs in which the read looks after the write was
// acknowledged: rules 9 and 10 are held against something.
TEST(LogModel, ReadsLookAfterWritesWereAcknowledged) {
  LogModel model({{1, 0, 0}, true, true, 0, 0});
  bool looks = false;
  for_each_state(model, [&](Key state, const std::vector<Step>& steps) {
    if (looks || !contains(model.seen_in(state), "acknowledged: (0, 1)")) return;
    for (const Step& step : steps) {
      if (!step.leaf) continue;
      std::vector<std::string> lines;
      model.describe(state, step, lines);
      looks = looks || contains(lines.back(), "the read looks");
    }
  });
  EXPECT_TRUE(looks);
}

}  // namespace
}  // namespace rabia::sim::explore
