// Algorithms 1 to 3 among whole members, without chance: each test names the step that it is about.
#include "consensus/published/node.h"

#include <gtest/gtest.h>

#include <memory>

#include "consensus/published/testing/world.h"

namespace rabia::consensus::published::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Stage = Engine::Stage;

constexpr ReplicaId r1{1};
constexpr ReplicaId r2{2};
constexpr ReplicaId r3{3};
constexpr ReplicaId r4{4};
constexpr ReplicaId r5{5};

std::unique_ptr<World> running(std::size_t members, std::uint64_t log_bytes_max = 64U << 20) {
  WorldOptions options;
  options.members = members;
  options.log_bytes_max = log_bytes_max;
  auto world = std::make_unique<World>(options);
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5))) << world->describe();
  return world;
}

void expect_settles(World& world) {
  EXPECT_TRUE(world.run_until([&] { return world.settled(); }, seconds(20))) << world.describe();
  EXPECT_TRUE(world.violations().empty()) << world.describe();
  for (const ReplicaId member : world.up()) {
    EXPECT_EQ(world.log(member), world.log(world.up().front())) << world.describe();
  }
}

template <typename Kind>
bool is(const Message& message) {
  const auto* published = std::get_if<message::Published>(&message);
  return published != nullptr && std::holds_alternative<Kind>(published->said);
}

// ---- the properties

// Agreement and validity: all execute what was proposed, each once, in one order.
TEST(PublishedNode, AllExecuteTheSameLog) {
  for (const std::size_t members : {1U, 2U, 3U, 4U, 5U}) {
    auto world = running(members);
    for (int i = 0; i < 20; ++i) {
      for (const ReplicaId member : world->members()) {
        world->submit(member, std::to_string(member.value) + "." + std::to_string(i));
      }
    }
    expect_settles(*world);
    EXPECT_EQ(world->log(r1).size(), 20 * members);
  }
}

// Termination: with f of the members dead everything is decided (all waits are for n − f).
TEST(PublishedNode, GoesOnWithFMembersDead) {
  for (const std::size_t members : {3U, 4U, 5U}) {
    auto world = running(members);
    const std::size_t failures = Quorums{members}.failures();
    for (std::size_t i = 0; i < failures; ++i) {
      world->crash({static_cast<std::uint16_t>(members - i)});
    }
    for (int i = 0; i < 10; ++i) world->submit(r1, "x" + std::to_string(i));
    expect_settles(*world);
    EXPECT_EQ(world->log(r1).size(), 10U);
  }
}

// … and with f + 1 dead nothing is.
TEST(PublishedNode, StandsStillWithoutAQuorum) {
  auto world = running(3);
  world->crash(r2);
  world->crash(r3);
  EXPECT_FALSE(world->node(r1).has_quorum());
  world->submit(r1, "x");
  world->run_for(seconds(3));
  EXPECT_EQ(world->acknowledged(r1), 0U);
}

// Alg. 1: ⊥ leaves the proposal in the queue. Given members that each know only their own request,
// so that all three proposals differ, then the slot ends empty, and the next ones take them.
TEST(PublishedNode, ProposalsThatDifferEndInAnEmptySlotAndAreProposedAgain) {
  auto world = running(3);
  world->lose([](ReplicaId, ReplicaId, const Message& message) { return is<Request>(message); });
  for (const ReplicaId member : world->members()) world->submit(member, "x");
  world->run_for(milliseconds(4));
  EXPECT_EQ(world->node(r1).counters().decided_zero_by_votes, 1U);
  EXPECT_TRUE(world->log(r1).empty());
  world->lose(nullptr);
  expect_settles(*world);
  EXPECT_EQ(world->log(r2).size(), 3U);
}

// Alg. 1: who proposed another request than the one that was decided keeps its own in the queue.
TEST(PublishedNode, ARequestThatLostASlotIsProposedInTheNext) {
  auto world = running(3);
  // r3 does not hear of the older request, and the others do not hear of its own.
  world->lose([](ReplicaId from, ReplicaId to, const Message& message) {
    return is<Request>(message) && (from == r3 || to == r3);
  });
  world->submit(r1, "older");
  world->submit(r3, "younger");
  world->run_for(milliseconds(6));
  EXPECT_EQ(world->log(r1), std::vector<std::string>{"older"});
  world->lose(nullptr);
  expect_settles(*world);
  EXPECT_EQ(world->log(r3).size(), 2U);
}

// Alg. 1: nothing that is in the log is proposed. Given requests that come twice and late, then
// each is executed once.
TEST(PublishedNode, ARequestThatComesTwiceIsExecutedOnce) {
  auto world = running(3);
  world->set_faults({.duplicate_percent = 100, .slow_percent = 50});
  for (int i = 0; i < 30; ++i) world->submit(r1, "x" + std::to_string(i));
  expect_settles(*world);
  EXPECT_EQ(world->log(r2).size(), 30U);
}

// FindReturnValue: given a member that decides 1 and does not hold the request, then it fetches it.
TEST(PublishedNode, FetchesWhatWasDecidedAndIsNotHeld) {
  auto world = running(3);
  world->submit(r3, "own");  // So that r3 takes part with another proposal.
  world->lose([](ReplicaId from, ReplicaId to, const Message& message) {
    return is<Request>(message) && (from == r3 || (from == r1 && to == r3));
  });
  world->submit(r1, "x");
  world->run_for(milliseconds(30));
  EXPECT_EQ(world->log(r3), world->log(r1));
  EXPECT_GE(world->log(r3).size(), 1U);
  EXPECT_GT(world->node(r3).counters().fetches, 0U);
  world->lose(nullptr);
  expect_settles(*world);
}

// FindReturnValue, when the majority of proposals will never be heard: given that only r1 heard
// r5's proposal before r5 died, and r1 dies too, then the others know the request by r1's state 1.
TEST(PublishedNode, KnowsTheValueWhenItsProposersDieInTheMidst) {
  auto world = running(5);
  // r1, r4 and r5 propose m; r2 and r3 their own. r5's proposal reaches r1 alone.
  world->lose([](ReplicaId from, ReplicaId to, const Message& message) {
    if (is<Request>(message)) return from == r1 ? to != r4 && to != r5 : true;
    return from == r5 && to != r1;
  });
  world->submit(r1, "m");
  world->run_for(milliseconds(1));
  world->submit(r2, "two");
  world->submit(r3, "three");
  world->run_for(milliseconds(2));
  world->crash(r5);
  world->run_for(milliseconds(1));
  world->crash(r1);
  world->lose(nullptr);
  expect_settles(*world);
  EXPECT_GE(world->log(r2).size(), 2U);
}

// ---- links that lose (in place of the paper's reliable ones)

TEST(PublishedNode, AsksAgainForWhateverIsLost) {
  // Each kind in turn is lost for a while.
  const World::Loses kinds[] = {
      [](ReplicaId, ReplicaId, const Message& message) { return is<Request>(message); },
      [](ReplicaId, ReplicaId, const Message& message) { return is<Proposal>(message); },
      [](ReplicaId, ReplicaId, const Message& message) { return is<State>(message); },
      [](ReplicaId, ReplicaId, const Message& message) { return is<CastVote>(message); },
      [](ReplicaId, ReplicaId to, const Message&) { return to == r2; },
  };
  for (const World::Loses& loses : kinds) {
    auto world = running(3);
    world->lose(loses);
    for (int i = 0; i < 5; ++i) world->submit(r1, "x" + std::to_string(i));
    world->run_for(milliseconds(50));
    world->lose(nullptr);
    expect_settles(*world);
    EXPECT_EQ(world->log(r2).size(), 5U);
  }
}

// Given requests after times of rest, and nothing lost, then nobody asks for anything.
TEST(PublishedNode, AsksForNothingWhenNothingIsLost) {
  auto world = running(3);
  for (int i = 0; i < 50; ++i) {
    world->run_for(milliseconds(300 + 7 * i));
    world->submit(r1, "x");
    world->run_for(milliseconds(10));
  }
  EXPECT_EQ(world->log(r2).size(), 50U);
  EXPECT_EQ(world->counters().needs_sent, 0U);
  EXPECT_EQ(world->counters().fetches, 0U);
}

// Given one who is in the second phase before this replica returns from the first, when it returns,
// then it says what was decided: the other would wait there for states that never come.
TEST(PublishedNode, WhoIsInALaterPhaseIsTold) {
  auto world = running(3);
  const Seq seq = world->node(r1).executed_end();
  world->submit(r1, "x");
  world->run_for(milliseconds(2));
  ASSERT_EQ(world->node(r1).executed_end(), seq);
  world->node(r1).receive(r3, world->node(r1).incarnation(),
                          message::Published{State{seq, 2, Bit::one, std::nullopt}}, world->now());
  std::size_t told = 0;
  world->lose([&](ReplicaId from, ReplicaId to, const Message& message) {
    if (from == r1 && is<Decided>(message)) {
      EXPECT_EQ(to, r3);
      ++told;
    }
    return false;
  });
  expect_settles(*world);
  EXPECT_EQ(told, 1U);
}

// Given a slot that stands still since a vote was lost, when requests keep coming, then it is asked
// for all the same.
TEST(PublishedNode, RequestsDoNotEndTheSilenceOfASlot) {
  auto world = running(3);
  world->crash(r3);
  bool loses = true;
  world->lose([&](ReplicaId from, ReplicaId, const Message& message) {
    return loses && from == r2 && is<CastVote>(message);
  });
  for (int i = 0; i < 10; ++i) {
    world->submit(r1, "x");
    world->submit(r2, "x");
    world->run_for(milliseconds(10));
    loses = false;
  }
  EXPECT_GT(world->acknowledged(r1), 5U);
}

// Given a member that was cut off while the others went on, when it is back, then it catches up
// from what they keep for it; and when all have it, they discard it (section 3.4).
TEST(PublishedNode, WhoWasAwayCatchesUp) {
  auto world = running(3);
  world->cut(r3, r1);
  world->cut(r3, r2);
  for (int i = 0; i < 1500; ++i) world->submit(r1, "x" + std::to_string(i));
  ASSERT_TRUE(world->run_until([&] { return world->acknowledged(r1) == 1500; }, seconds(20)));
  EXPECT_EQ(distance(world->node(r1).log().begin(), world->node(r1).log().end()), 1500U);
  world->mend(r3, r1);
  world->mend(r3, r2);
  expect_settles(*world);
  EXPECT_EQ(world->log(r3).size(), 1500U);
  world->run_for(milliseconds(300));
  EXPECT_EQ(world->node(r1).log().begin(), world->node(r1).log().end());
}

// Given one that catches up while what it is told comes in pieces, each of which is a step, then it
// asks for more when it has it all, and is told little twice.
TEST(PublishedNode, WhoCatchesUpInPiecesIsToldLittleTwice) {
  WorldOptions options;
  options.link = {milliseconds(1), milliseconds(2)};
  World world(options);
  ASSERT_TRUE(world.run_until([&] { return world.settled(); }, seconds(5)));
  world.cut(r3, r1);
  world.cut(r3, r2);
  constexpr std::uint64_t requests = 3000;
  for (std::uint64_t i = 0; i < requests; ++i) world.submit(r1, "x");
  ASSERT_TRUE(world.run_until([&] { return world.acknowledged(r1) == requests; }, seconds(60)));
  std::uint64_t told = 0;
  world.lose([&](ReplicaId, ReplicaId to, const Message& message) {
    if (to == r3 && is<Decided>(message)) ++told;
    return false;
  });
  world.mend(r3, r1);
  world.mend(r3, r2);
  expect_settles(world);
  EXPECT_LT(told, 5 * requests / 2);
}

// Given one that was away for longer than is kept, then it says so and stops, and the one that was
// asked has its caller log it.
TEST(PublishedNode, WhoIsBehindWhatIsKeptStops) {
  auto world = running(3, 2000);
  world->cut(r3, r1);
  world->cut(r3, r2);
  for (int i = 0; i < 200; ++i) world->submit(r1, "x" + std::to_string(i));
  ASSERT_TRUE(world->run_until([&] { return world->acknowledged(r1) == 200; }, seconds(5)));
  world->mend(r3, r1);
  EXPECT_TRUE(
      world->run_until([&] { return world->node(r3).stage() == Stage::must_rejoin; }, seconds(1)));
  EXPECT_NE(world->node(r3).why_refused().find("no way back"), std::string::npos);
}

// ---- no way back

// Given a member that was restarted, then it is refused: it never speaks with lost memory.
TEST(PublishedNode, ARestartedMemberStaysAway) {
  auto world = running(3);
  for (int i = 0; i < 5; ++i) world->submit(r3, "x" + std::to_string(i));
  expect_settles(*world);
  world->crash(r3);
  bool spoke = false;
  world->lose([&](ReplicaId from, ReplicaId, const Message& message) {
    spoke = spoke || (from == r3 && !std::holds_alternative<message::Beat>(message));
    return false;
  });
  world->restart(r3);
  EXPECT_TRUE(
      world->run_until([&] { return world->node(r3).stage() == Stage::must_rejoin; }, seconds(1)));
  EXPECT_NE(world->node(r3).why_refused().find("takes nobody back"), std::string::npos);
  world->submit(r1, "more");
  EXPECT_TRUE(world->run_until([&] { return world->acknowledged(r1) == 1; }, seconds(1)));
  EXPECT_FALSE(spoke);
}

// Given options that this protocol cannot serve, then it does not start.
TEST(PublishedNode, RefusesDurabilityAndRejoin) {
  for (const bool rejoin : {false, true}) {
    Options options;
    options.node.cluster_id = "test";
    options.node.self = r1;
    options.node.members = {r1};
    options.node.mode = rejoin ? Mode::memory : Mode::always;
    options.node.rejoin = rejoin;
    Node node(options);
    EXPECT_EQ(node.start({}).code(), Code::failed_precondition);
  }
}

// ---- reads, quiet

// Given a read that comes while a write is under way elsewhere, then it sees all that was
// acknowledged before it came: it goes through the log.
TEST(PublishedNode, AReadSeesWhatWasAcknowledged) {
  auto world = running(3);
  for (int i = 0; i < 50; ++i) {
    world->submit(r1, "x" + std::to_string(i));
    world->run_for(milliseconds(i % 5));
    world->read(r2);
    world->read(r3);
  }
  expect_settles(*world);
  EXPECT_EQ(world->reads_done(r2), 50U);
  EXPECT_GT(world->counters().barriers, 0U);
}

// Given nobody who asks, then only Beats are sent.
TEST(PublishedNode, IsQuietWithoutClients) {
  auto world = running(3);
  world->submit(r1, "x");
  world->read(r2);
  expect_settles(*world);
  world->run_for(seconds(1));
  const std::uint64_t before = world->messages();
  world->run_for(seconds(2));
  EXPECT_EQ(world->messages(), before);
}

// Given a proposal of a member that is away, when nobody else holds its request, then the others do
// not wait for it: they are quiet, and go on when there is something to do.
TEST(PublishedNode, NobodyWaitsForARequestOfWhoIsAway) {
  auto world = running(3);
  world->lose([](ReplicaId, ReplicaId, const Message& message) { return is<Request>(message); });
  world->submit(r3, "x");
  world->run_for(milliseconds(2));
  EXPECT_GT(world->node(r1).in_use_end(), world->node(r1).executed_end());
  world->cut(r3, r1);
  world->cut(r3, r2);
  world->lose([](ReplicaId from, ReplicaId, const Message&) { return from == r3; });
  world->run_for(seconds(1));
  EXPECT_EQ(world->node(r1).in_use_end(), world->node(r1).executed_end());
  world->submit(r1, "y");
  EXPECT_TRUE(world->run_until([&] { return world->acknowledged(r1) == 1; }, seconds(1)));
  world->heal();
  expect_settles(*world);
  EXPECT_EQ(world->log(r1).size(), 2U);
}

// Given clocks that are an hour apart, then nobody's requests wait for ever.
TEST(PublishedNode, WrongClocksMakeNobodyWait) {
  WorldOptions options;
  options.clocks_apart = std::chrono::hours(1);
  World world(options);
  ASSERT_TRUE(world.run_until([&] { return world.settled(); }, seconds(5)));
  // Three proxies, each with a new request as soon as its last one is done.
  const auto keep_busy = [&] {
    for (const ReplicaId member : world.members()) {
      if (world.node(member).own_undecided() == 0) world.submit(member, "x");
    }
    return false;
  };
  world.run_until(keep_busy, milliseconds(300));
  for (const ReplicaId member : world.members()) EXPECT_GT(world.acknowledged(member), 10U);
  expect_settles(world);
}

}  // namespace
}  // namespace rabia::consensus::published::testing
