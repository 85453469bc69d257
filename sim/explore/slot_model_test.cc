#include "sim/explore/slot_model.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rabia::sim::explore {
namespace {

using consensus::Bit;

constexpr std::uint64_t no_limit = 10'000'000;
constexpr SlotBound three_members{3, 1, true, true};

// A model in which some events count as violations too.
class Planted final : public Model {
 public:
  Planted(const SlotBound& bound, std::uint8_t bad) : model_(bound), bad_(bad) {}
  Key start() override { return model_.start(); }
  void steps(Key state, std::vector<Step>& out) override { model_.steps(state, out); }
  [[nodiscard]] Key representative(Key state) const override {
    return model_.representative(state);
  }
  std::optional<std::string> broken(Key state) override {
    if ((SlotModel::flags_in(state) & bad_) == bad_) return "planted";
    return model_.broken(state);
  }
  void describe(Key from, const Step& step, std::vector<std::string>& lines) override {
    model_.describe(from, step, lines);
  }
  [[nodiscard]] std::uint64_t local_states() const override { return model_.local_states(); }
  [[nodiscard]] std::uint64_t node_runs() const override { return model_.node_runs(); }

 private:
  SlotModel model_;
  std::uint8_t bad_;
};

// Given a bound, when it is explored, then the count of everything is what it was before: it
// depends on the code and on nothing else.
TEST(SlotModel, CountsAreExact) {
  struct Expected {
    SlotBound bound;
    std::uint64_t states;
    std::uint64_t transitions;
  };
  for (const Expected& each :
       {Expected{{1, 2, true, true}, 13, 17}, Expected{{2, 2, true, true}, 105, 258},
        Expected{{3, 1, true, true}, 930, 3634}, Expected{{3, 1, true, false}, 1645, 6411}}) {
    SlotModel model(each.bound);
    const Outcome outcome = search(model, no_limit);
    EXPECT_TRUE(outcome.complete);
    EXPECT_EQ(outcome.violation, std::nullopt);
    EXPECT_EQ(outcome.states, each.states) << each.bound.members << " members";
    EXPECT_EQ(outcome.transitions, each.transitions) << each.bound.members << " members";
  }
}

// Given each of the slot's outcomes, then the exploration gets there: it does not say "0
// violations" of a slot in which nothing happens.
TEST(SlotModel, ReachesEveryOutcome) {
  for (const std::size_t members : {2U, 3U}) {
    for (const SlotFlag flag : {batch_created, slot_skipped, decided_zero, decided_one}) {
      Planted model({members, 2, true, true}, flag);
      EXPECT_TRUE(search(model, no_limit).violation.has_value()) << members << ", flag " << flag;
    }
    // Also a slot that has a batch may end empty.
    Planted forfeited({members, 2, true, true}, batch_created | decided_zero);
    EXPECT_TRUE(search(forfeited, no_limit).violation.has_value());
  }
}

// Given a planted violation, then the path to it names who hears, writes and says what.
TEST(SlotModel, TellsTheShortestWayToAViolation) {
  Planted model(three_members, decided_one);
  const Outcome outcome = search(model, no_limit);
  ASSERT_TRUE(outcome.violation);
  const std::vector<std::string>& path = outcome.violation->path;
  ASSERT_EQ(path.size(), 6U);
  EXPECT_EQ(path[0], "member 1: a record becomes durable");
  EXPECT_NE(path[1].find("member 1 proposes; creates the batch"), std::string::npos) << path[1];
  EXPECT_NE(path.back().find("decides 1"), std::string::npos) << path.back();
  EXPECT_TRUE(std::any_of(path.begin(), path.end(), [](const std::string& line) {
    return line.find("hears the batch; not yet durable: State lane 1 [0,1) phase 1 = 1") !=
           std::string::npos;
  }));
}

// Given members that are alike, when they count once, then there are fewer states, and never less
// than half for two of them.
TEST(SlotModel, NamesCountOnce) {
  SlotModel once({3, 2, true, true});
  SlotModel all({3, 2, true, false});
  const std::uint64_t states_once = search(once, no_limit).states;
  const std::uint64_t states_all = search(all, no_limit).states;
  EXPECT_LT(states_once, states_all);
  EXPECT_LE(states_all, 2 * states_once);
}

// ---- one member

class OneMember : public testing::Test {
 protected:
  SlotMembers members{three_members};
  SlotMembers::Id owner = members.start(0);
  SlotMembers::Id other = members.start(1);
  Heard batch{1, 0, batch_created, false};
};

// Given a write, when it is not durable yet, then nothing is said of it, and a crash undoes it.
TEST_F(OneMember, SaysNothingBeforeItIsDurable) {
  const SlotMembers::Step heard = members.hears(other, batch, Bit::zero);
  ASSERT_NE(heard.next, other);
  EXPECT_TRUE(members.facts(heard.next).pending);
  EXPECT_EQ(members.facts(heard.next).said, Said());
  EXPECT_EQ(members.crashed(heard.next), other);
  const SlotMembers::Step synced = members.syncs(heard.next);
  EXPECT_EQ(members.facts(synced.next).said.of(1), said_state_one);
  EXPECT_TRUE(members.facts(synced.next).batch_durable);
  EXPECT_EQ(members.crashed(synced.next), synced.next);
}

// Given an owner, when its reservation is not durable, then it does not propose; when it has
// started again, then never in this slot.
TEST_F(OneMember, OwnerProposesOnceAndUnderItsReservation) {
  EXPECT_EQ(members.proposes(owner).flags, 0);
  const SlotMembers::Id reserved = members.syncs(owner).next;
  EXPECT_EQ(members.proposes(reserved).flags, batch_created);
  const SlotMembers::Id again = members.crashed(reserved);
  EXPECT_NE(again, reserved);
  EXPECT_EQ(members.proposes(again).flags, 0);
}

// Given any part of what was said, then hearing() holds what each part leads to, and no more.
TEST_F(OneMember, HearingIsAllParts) {
  Heard all = batch;
  all.said = said_state_one | std::uint32_t{said_state_zero} << saying_bits;
  all.time_passes = false;
  std::vector<SlotMembers::Id> leads_to;
  for (const SlotMembers::Step& step : members.hearing(other, all)) leads_to.push_back(step.next);
  // State 1 with the batch, or 0 when time passes without it.
  ASSERT_EQ(leads_to.size(), 2U);
  EXPECT_NE(leads_to[0], leads_to[1]);
}

}  // namespace
}  // namespace rabia::sim::explore
