// Whole clusters in virtual time, without chance: delays, messages on the path, and what happens
// around slow, dead and returning members. With chance: chaos_test.cc.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "consensus/testing/world.h"

namespace rabia::consensus::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One message, one durable write: what the table of protocol.md, section 14 counts in.
constexpr base::Duration d = milliseconds(1);
constexpr base::Duration w = milliseconds(2);

template <typename Kind>
const std::size_t kind = Message(Kind{}).index();

WorldOptions punctual(std::size_t members, Mode mode = Mode::always) {
  WorldOptions options;
  options.members = members;
  options.node.mode = mode;
  options.link = {d, d};
  options.sync = {w, w};
  return options;
}

// A world that is founded, connected and quiet.
std::unique_ptr<World> running(const WorldOptions& options) {
  auto world = std::make_unique<World>(options);
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5))) << world->describe();
  world->run_for(milliseconds(350));
  EXPECT_TRUE(world->settled());
  return world;
}

// From the command's coming to the owner's answer.
base::Duration commit(World& world, ReplicaId owner) {
  const base::Instant begin = world.now();
  const std::uint64_t before = world.acknowledged(owner);
  world.submit(owner, "command " + std::to_string(world.now().time_since_epoch().count()));
  EXPECT_TRUE(world.run_until([&] { return world.acknowledged(owner) > before; }, seconds(10)))
      << world.describe();
  return world.now() - begin;
}

base::Duration read(World& world, ReplicaId member) {
  const base::Instant begin = world.now();
  const std::uint64_t before = world.reads_done(member);
  world.read(member);
  EXPECT_TRUE(world.run_until([&] { return world.reads_done(member) > before; }, seconds(10)));
  return world.now() - begin;
}

void expect_sound(const World& world) {
  EXPECT_TRUE(world.invariants().violations().empty()) << world.describe();
}

// ---- delays (section 14)

// Given idle members, when one proposes, then it answers after two messages and one durable write,
// and each member has waited for one record.
TEST(Delay, AWriteTakes2dAndWWithIdleMembers) {
  for (const std::size_t members : {3U, 5U}) {
    auto world = running(punctual(members));
    const Tally before = world->tally();
    EXPECT_EQ(commit(*world, {1}), 2 * d + w) << members << " members";
    world->run_for(milliseconds(20));
    const Tally after = world->tally();
    const auto sent = [&](std::size_t of) { return after.messages[of] - before.messages[of]; };
    const std::size_t others = members - 1;
    EXPECT_EQ(sent(kind<message::Batch>), others);
    EXPECT_EQ(sent(kind<message::State>), members * others);
    EXPECT_EQ(sent(kind<message::Skip>), others * others);
    EXPECT_EQ(sent(kind<message::CastVote>), 0U);
    EXPECT_EQ(sent(kind<message::Need>), 0U);
    EXPECT_EQ(sent(kind<message::Decided>), 0U);
    expect_sound(*world);
  }
}

TEST(Delay, AWriteTakes2dInModeMemory) {
  for (const std::size_t members : {3U, 5U}) {
    auto world = running(punctual(members, Mode::memory));
    EXPECT_EQ(commit(*world, {2}), 2 * d) << members << " members";
    expect_sound(*world);
  }
}

TEST(Delay, AloneAWriteTakesW) {
  auto world = running(punctual(1));
  EXPECT_EQ(commit(*world, {1}), w);
}

TEST(Delay, AnIdleReadTakes2dAndNoRecord) {
  auto world = running(punctual(3));
  const std::uint64_t records = world->tally().records;
  EXPECT_EQ(read(*world, {3}), 2 * d);
  EXPECT_EQ(world->tally().records, records);
}

// Given a member whose connections are closed, then its slots are decided before anyone waits.
TEST(Delay, AWriteTakes2dAndWWithADeadMember) {
  for (const std::size_t members : {3U, 5U}) {
    auto world = running(punctual(members));
    world->crash({3});
    world->run_for(milliseconds(100));
    commit(*world, {1});  // The first puts rounds in use, and zeros are input ahead of them.
    world->run_for(milliseconds(100));
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(commit(*world, {1}), 2 * d + w) << members << " members, write " << i;
    }
    EXPECT_EQ(world->tally().nodes.forfeits, 0U);
    EXPECT_GT(world->tally().nodes.zeros_ahead, 0U);
    expect_sound(*world);
  }
}

// ---- slow, dead and returning members (section 4)

// Given a member that stands still with its connections up, then the others wait for it a few times
// and after that once in many rounds.
TEST(Forfeit, AnOwnerThatStandsStillCostsAFewWaitsAndThenNearlyNothing) {
  auto world = running(punctual(3));
  world->pause({3});
  EXPECT_GE(commit(*world, {1}), milliseconds(3)) << "the first has to wait";
  int prompt = 0;
  for (int i = 0; i < 300; ++i) prompt += commit(*world, {1}) == 2 * d + w ? 1 : 0;
  EXPECT_GE(prompt, 280);
  expect_sound(*world);
  world->resume({3});
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5))) << world->describe();
  expect_sound(*world);
}

// Given a member that was away while zeros were input ahead in its lane, when it is back, then its
// first batch is decided 1: it goes above what the others have given up.
TEST(Forfeit, AReturningOwnerProposesAboveTheAheadMarks) {
  auto world = running(punctual(3));
  world->cut({3}, {1});
  world->cut({3}, {2});
  for (int i = 0; i < 20; ++i) commit(*world, {1});
  world->mend({3}, {1});
  world->mend({3}, {2});
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5))) << world->describe();
  commit(*world, {3});
  EXPECT_EQ(world->tally().proposed_again, 0U);
  expect_sound(*world);
}

// Given a member that was away while the others went far beyond its reservation, and then a quorum
// that needs it, then its lane does not stop them: it is reserved anew from where they are. It once
// was not, when everything that it had reserved lay below its window.
TEST(Forfeit, ALaneLeftBehindIsReservedAnew) {
  WorldOptions options = punctual(3);
  options.node.window_rounds = 8;
  options.node.ahead_rounds = 2;
  options.node.lane_watch.interval_max = 2;
  options.node.lane_watch.interval_first = 2;
  auto world = running(options);
  world->cut({3}, {1});
  world->cut({3}, {2});
  for (int i = 0; i < 50; ++i) commit(*world, {1});
  world->mend({3}, {1});
  world->mend({3}, {2});
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5))) << world->describe();
  world->crash({2});
  for (int i = 0; i < 50; ++i) commit(*world, {1});
  for (int i = 0; i < 50; ++i) commit(*world, {3});
  expect_sound(*world);
}

// Given a quorum, when it is lost and comes back, then what was proposed meanwhile is decided.
TEST(Progress, ALostQuorumComesBack) {
  auto world = running(punctual(3));
  world->crash({2});
  world->crash({3});
  world->submit({1}, "waits");
  world->run_for(seconds(2));
  EXPECT_EQ(world->acknowledged({1}), 0U);
  world->restart({2});
  EXPECT_TRUE(world->run_until([&] { return world->acknowledged({1}) == 1; }, seconds(2)))
      << world->describe();
  expect_sound(*world);
}

// ---- catching up (section 7)

// Given a member that missed many windows, when it is back and replies are small, then it asks
// again as soon as one was cut short, and is there within a few exchanges for each reply.
TEST(CatchUp, AReplyThatWasCutShortIsAskedOnAtOnce) {
  WorldOptions options = punctual(3);
  options.node.window_rounds = 32;
  options.node.ahead_rounds = 8;
  options.node.lane_watch.interval_max = 8;
  options.node.reply_bytes_max = 1000;  // About 20 rounds.
  auto world = running(options);
  world->crash({3});
  for (int i = 0; i < 400; ++i) commit(*world, {1});
  world->restart({3});
  const base::Instant begin = world->now();
  EXPECT_TRUE(world->run_until([&] { return world->executed({3}) == 400; }, seconds(5)))
      << world->describe();
  EXPECT_LT(world->now() - begin, milliseconds(200));
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5)));
  expect_sound(*world);
}

// ---- restart (section 12)

// Given a cluster that is stopped as a whole, when it is started again, then nothing that was
// acknowledged is gone, and reads see it.
TEST(Restart, WhatWasAcknowledgedSurvivesARestartOfAll) {
  auto world = running(punctual(3));
  for (int i = 0; i < 20; ++i) commit(*world, {static_cast<std::uint16_t>(1 + i % 3)});
  for (const ReplicaId id : world->members()) world->crash(id);
  for (const ReplicaId id : world->members()) world->restart(id);
  EXPECT_TRUE(world->run_until(
      [&] { return world->node({1}).open() && world->node({2}).open() && world->node({3}).open(); },
      seconds(5)))
      << world->describe();
  read(*world, {2});
  EXPECT_EQ(world->executed({2}), 20U);
  expect_sound(*world);
}

TEST(Restart, AloneAMemberGoesOnWhereItWas) {
  auto world = running(punctual(1));
  for (int life = 0; life < 10; ++life) {
    commit(*world, {1});
    world->crash({1});
    world->restart({1});
    EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5)))
        << world->describe();
  }
  EXPECT_EQ(world->executed({1}), 10U);
  expect_sound(*world);
}

}  // namespace
}  // namespace rabia::consensus::testing
