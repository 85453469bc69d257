// Message delays from request to reply, in virtual time: what lanes bring beside the protocol as
// published. Lanes' own: consensus/world_test.cc. The client sits at its proxy.
#include <gtest/gtest.h>

#include <memory>

#include "consensus/published/testing/world.h"
#include "consensus/testing/world.h"

namespace rabia::consensus::published::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration d = milliseconds(1);

std::unique_ptr<World> running(std::size_t members) {
  WorldOptions options;
  options.members = members;
  options.link = {d, d};
  auto world = std::make_unique<World>(options);
  EXPECT_TRUE(world->run_until([&] { return world->settled(); }, seconds(5))) << world->describe();
  world->run_for(milliseconds(250));
  return world;
}

base::Duration commit(World& world, ReplicaId proxy) {
  const base::Instant begin = world.now();
  const std::uint64_t before = world.acknowledged(proxy);
  world.submit(proxy, "x" + std::to_string(before));
  EXPECT_TRUE(world.run_until([&] { return world.acknowledged(proxy) > before; }, seconds(5)))
      << world.describe();
  return world.now() - begin;
}

base::Duration commit_in_lanes(std::size_t members) {
  consensus::testing::WorldOptions options;
  options.members = members;
  options.node.mode = Mode::memory;
  options.link = {d, d};
  consensus::testing::World world(options);
  EXPECT_TRUE(world.run_until([&] { return world.settled(); }, seconds(5)));
  world.run_for(milliseconds(350));
  const base::Instant begin = world.now();
  world.submit({1}, "x");
  EXPECT_TRUE(world.run_until([&] { return world.acknowledged({1}) > 0; }, seconds(5)));
  return world.now() - begin;
}

// Given idle members and one request, then it takes one delay to forward it, and one each for
// proposals, states and votes: the paper's 3 and the forwarding. With three members n − f = 2, so
// the proxy's own proposal travels with the request, and one delay is hidden. Lanes take 2.
TEST(PublishedDelay, OneRequestTakesThreeDelaysAndTheForwarding) {
  EXPECT_EQ(commit(*running(3), {1}), 3 * d);
  EXPECT_EQ(commit(*running(5), {1}), 4 * d);
  EXPECT_EQ(commit(*running(7), {2}), 4 * d);
  for (const std::size_t members : {3U, 5U, 7U}) {
    EXPECT_EQ(commit_in_lanes(members), 2 * d) << members << " members";
  }
}

TEST(PublishedDelay, AloneARequestTakesNone) {
  EXPECT_EQ(commit(*running(1), {1}), base::Duration{});
}

// Given many requests that everybody holds, then each slot takes three delays: proposals, states,
// votes; and one follows the other.
TEST(PublishedDelay, ASlotTakesThreeDelays) {
  for (const std::size_t members : {3U, 5U}) {
    auto world = running(members);
    constexpr std::uint64_t requests = 12;
    const base::Instant begin = world->now();
    for (std::uint64_t i = 0; i < requests; ++i) world->submit({1}, "x");
    ASSERT_TRUE(world->run_until([&] { return world->acknowledged({1}) == requests; }, seconds(5)));
    const base::Duration first = members == 3 ? 3 * d : 4 * d;
    EXPECT_EQ(world->now() - begin, first + (requests - 1) * 3 * d) << members << " members";
    EXPECT_EQ(world->counters().decided_zero_by_votes, 0U);
    EXPECT_EQ(world->counters().decided_in_later_phases, 0U);
  }
}

// Given a read, then it takes what a request takes: it is one.
TEST(PublishedDelay, AReadTakesWhatARequestTakes) {
  auto world = running(3);
  const base::Instant begin = world->now();
  world->read({2});
  ASSERT_TRUE(world->run_until([&] { return world->reads_done({2}) == 1; }, seconds(5)));
  EXPECT_EQ(world->now() - begin, 3 * d);
}

// Requests at every member, each so long after its last one on average.
void ask_at_random(World& world, base::Random& random, ReplicaId member, base::Duration pause) {
  const auto after =
      static_cast<std::int64_t>(random.below(2 * static_cast<std::uint64_t>(pause.count())));
  world.at(world.now() + base::Duration(after), [&world, &random, member, pause] {
    if (world.now() > base::Instant(seconds(5))) return;
    world.submit(member, "x");
    ask_at_random(world, random, member, pause);
  });
}

// Given all members taking writes, so that requests cross on their way, then slots end empty;
// everything is executed all the same. The shares are what a run prints: they are high where
// requests meet an empty queue, and low where slots are so busy that all hold what is next.
TEST(PublishedDelay, SlotsEndEmptyWhenRequestsCross) {
  for (const std::size_t members : {3U, 5U}) {
    for (const std::uint64_t busy_percent : {30U, 60U, 90U}) {
      WorldOptions options;
      options.members = members;
      options.link = {d / 2, 3 * d / 2};
      World world(options);
      base::Random random(7);
      ASSERT_TRUE(world.run_until([&] { return world.settled(); }, seconds(1)));
      const base::Duration pause = 3 * d * members * 100 / busy_percent;
      for (const ReplicaId member : world.members()) ask_at_random(world, random, member, pause);
      world.run_for(seconds(5));
      ASSERT_TRUE(world.run_until([&] { return world.settled(); }, seconds(30)))
          << world.describe();
      EXPECT_TRUE(world.violations().empty()) << world.describe();
      const NodeCounters counters = world.counters();
      const auto slots = static_cast<double>(counters.decided_one + counters.decided_zero_by_votes);
      EXPECT_GT(counters.decided_zero_by_votes, 0U);
      std::printf(
          "%zu members, a request every %.1f d: %.1f%% of the slots empty, %.2f phases\n", members,
          300.0 / static_cast<double>(busy_percent),
          100 * static_cast<double>(counters.decided_zero_by_votes) / slots,
          static_cast<double>(counters.phases) / (slots - static_cast<double>(counters.learned)));
    }
  }
}

}  // namespace
}  // namespace rabia::consensus::published::testing
