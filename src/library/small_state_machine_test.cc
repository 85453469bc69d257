#include "rabia/small_state_machine.h"

#include <gtest/gtest.h>

#include "library/testing/notes.h"

namespace rabia {
namespace {

using testing::Notes;

std::string snapshot_of(StateMachine& machine, std::size_t piece = 3) {
  const auto reader = machine.begin_snapshot();
  std::string state;
  while (reader->read(piece, state)) {
  }
  return state;
}

Status load(StateMachine& machine, std::string_view state) {
  const auto loader = machine.begin_load();
  for (; !state.empty(); state.remove_prefix(1)) {
    if (Status added = loader->add(state.substr(0, 1)); !added.ok()) return added;
  }
  return loader->finish();
}

// Given commands, then the answer is there for who waits, and the digest tells of each of them,
// whoever waits.
TEST(SmallStateMachine, AnswersAndTellsOfEachCommand) {
  Notes one;
  Notes other;
  std::string reply;
  one.apply({}, "a", &reply);
  other.apply({}, "a", nullptr);
  EXPECT_EQ(reply, "1");
  EXPECT_EQ(one.digest(), other.digest());
  other.apply({}, "b", nullptr);
  EXPECT_FALSE(one.digest() == other.digest());
}

// Given a state, when another machine takes its snapshot, then it has state and digest, and goes on
// as the first does.
TEST(SmallStateMachine, IsTakenOverByASnapshot) {
  Notes one;
  for (const char* each : {"a", "b", "c"}) one.apply({}, each, nullptr);
  Notes other;
  other.apply({}, "before", nullptr);
  ASSERT_TRUE(load(other, snapshot_of(one)).ok());
  EXPECT_EQ(other.notes, one.notes);
  EXPECT_EQ(other.digest(), one.digest());
  one.apply({}, "d", nullptr);
  other.apply({}, "d", nullptr);
  EXPECT_EQ(other.digest(), one.digest());
  EXPECT_EQ(snapshot_of(other), snapshot_of(one, 100));
}

// Given a snapshot that is cut off, or of which a bit is another, then it is refused and nothing
// changes.
TEST(SmallStateMachine, RefusesADamagedSnapshot) {
  Notes one;
  for (const char* each : {"a", "b", "c"}) one.apply({}, each, nullptr);
  const std::string state = snapshot_of(one);
  Notes other;
  other.apply({}, "here", nullptr);
  const StateDigest before = other.digest();
  for (std::size_t at = 0; at < state.size(); ++at) {
    std::string damaged = state;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    ASSERT_EQ(load(other, damaged).code(), Code::corrupted) << at;
    ASSERT_EQ(load(other, state.substr(0, at)).code(), Code::corrupted) << at;
    ASSERT_EQ(other.digest(), before);
    ASSERT_EQ(other.notes.size(), 1U);
  }
}

// Given the contexts of commands, then each has numbers of its own, which any replica draws.
TEST(ApplyContext, HasChanceOfItsOwn) {
  const ApplyContext first{.position = {7}, .origin = {1}, .time = {9}, .index = 0};
  const ApplyContext second{.position = {7}, .origin = {1}, .time = {9}, .index = 1};
  const ApplyContext next{.position = {8}, .origin = {1}, .time = {9}, .index = 0};
  EXPECT_EQ(first.random().next(), ApplyContext(first).random().next());
  EXPECT_NE(first.random().next(), second.random().next());
  EXPECT_NE(first.random().next(), next.random().next());
}

}  // namespace
}  // namespace rabia
