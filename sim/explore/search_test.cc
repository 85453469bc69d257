#include "sim/explore/search.h"

#include <gtest/gtest.h>

namespace rabia::sim::explore {
namespace {

// Two counters, each up to `most`: 0 or more of one and of the other. Its states are a square.
class TwoCounters : public Model {
 public:
  explicit TwoCounters(std::uint64_t most) : most_(most) {}
  Key start() override { return {}; }
  void steps(Key state, std::vector<Step>& out) override {
    if (state.high < most_) out.push_back({{state.high + 1, state.low}, false, 'h'});
    if (state.low < most_) out.push_back({{state.high, state.low + 1}, false, 'l'});
    if (leaf_) out.push_back({{state.high, state.low + 100}, true, 'L'});
  }
  [[nodiscard]] Key representative(Key state) const override {
    return symmetric_ && state.high > state.low ? Key{state.low, state.high} : state;
  }
  std::optional<std::string> broken(Key state) override {
    if (bad_ && state == *bad_) return "planted";
    return std::nullopt;
  }
  void describe(Key /*from*/, const Step& step, std::vector<std::string>& lines) override {
    lines.emplace_back(1, static_cast<char>(step.how));
  }
  [[nodiscard]] std::uint64_t local_states() const override { return 0; }
  [[nodiscard]] std::uint64_t node_runs() const override { return 0; }

  std::optional<Key> bad_;
  bool symmetric_ = false;
  bool leaf_ = false;

 private:
  std::uint64_t most_;
};

constexpr std::uint64_t no_limit = 1'000'000;

// Given a model, when it is searched, then every state counts once, and every step.
TEST(Search, SeesEveryStateOnce) {
  TwoCounters model(9);
  const Outcome outcome = search(model, no_limit);
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(outcome.states, 100U);
  EXPECT_EQ(outcome.transitions, 180U);
  EXPECT_EQ(outcome.depth, 18U);
  EXPECT_FALSE(outcome.violation);
}

// Given states that differ by names only, when they are searched, then one stands for all.
TEST(Search, CountsRepresentatives) {
  TwoCounters model(9);
  model.symmetric_ = true;
  EXPECT_EQ(search(model, no_limit).states, 55U);
}

// Given a bad state, when it is found, then by a shortest path, in the names of its beginning.
TEST(Search, FindsTheBadStateByAShortestPath) {
  for (const bool symmetric : {false, true}) {
    TwoCounters model(9);
    model.symmetric_ = symmetric;
    model.bad_ = {2, 3};
    const Outcome outcome = search(model, no_limit);
    ASSERT_TRUE(outcome.violation);
    EXPECT_FALSE(outcome.complete);
    EXPECT_EQ(outcome.violation->rule, "planted");
    EXPECT_EQ(outcome.violation->path.size(), 5U);
  }
}

// Given a bad state that nothing follows, when a leaf leads there, then it is found, and no state.
TEST(Search, LooksAtLeavesWithoutKeepingThem) {
  TwoCounters model(3);
  model.leaf_ = true;
  EXPECT_EQ(search(model, no_limit).states, 16U);
  model.bad_ = {1, 101};
  const Outcome outcome = search(model, no_limit);
  ASSERT_TRUE(outcome.violation);
  ASSERT_EQ(outcome.violation->path.size(), 3U);
  EXPECT_EQ(outcome.violation->path.back(), "L");
}

// Given more states than the limit, then the search says that it is not complete.
TEST(Search, SaysThatItStoppedAtTheLimit) {
  TwoCounters model(9);
  const Outcome outcome = search(model, 50);
  EXPECT_FALSE(outcome.complete);
  EXPECT_FALSE(outcome.violation);
}

// Given keys that differ in one bit, then the table tells them apart while it grows.
TEST(StateTable, KeepsEveryKeyAndTheOrderOfFinding) {
  StateTable table;
  constexpr StateTable::Index count = 100'000;
  const auto key = [](std::uint64_t i) { return Key{i << 40, i / 3}; };
  for (StateTable::Index i = 0; i < count; ++i) ASSERT_TRUE(table.add(key(i), i / 2));
  ASSERT_EQ(table.size(), count);
  for (StateTable::Index i = 0; i < count; ++i) {
    EXPECT_FALSE(table.add(key(i), 0));
    EXPECT_EQ(table.at(i), key(i));
    EXPECT_EQ(table.found_from(i), i / 2);
  }
}

}  // namespace
}  // namespace rabia::sim::explore
