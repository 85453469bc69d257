// Random runs of whole clusters that run the protocol as published: losses, repeats, reordering,
// cuts, and up to f deaths at any moment.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "consensus/published/testing/world.h"

namespace rabia::consensus::published::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t seeds_each = 80;

struct Chaos {
  explicit Chaos(std::uint64_t seed)
      : random(seed * 0x9e3779b97f4a7c15 + 1), world(draw_world(random, seed)) {}

  static WorldOptions draw_world(base::Random& random, std::uint64_t seed) {
    constexpr base::Duration slowest[] = {microseconds(200), milliseconds(2), milliseconds(12)};
    WorldOptions options;
    options.seed = seed;
    options.members = 1 + seed % 5;
    options.link = {microseconds(50), slowest[random.below(3)]};
    options.clocks_apart = random.chance(50) ? base::Duration{} : seconds(3);
    options.node.own_undecided_max = 1 + random.below(16);
    options.node.reply_bytes_max = random.chance(40) ? 200 : 1U << 20;
    return options;
  }

  void later(base::Duration most, const std::function<void()>& event) {
    world.at(world.now() +
                 microseconds(random.below(static_cast<std::uint64_t>(most / microseconds(1)) + 1)),
             [this, event] {
               if (troubled) event();
             });
  }

  // Each member's clients, until the trouble is over. They wait while much waits: slots come one
  // after the other.
  void ask(ReplicaId member, base::Duration pause) {
    later(pause, [this, member, pause] {
      if (random.chance(40)) {
        world.read(member);
      } else if (world.is_up(member) && world.node(member).can_propose()) {
        world.submit(member, std::to_string(++commands));
      }
      ask(member, pause);
    });
  }

  void cut_some() {
    later(milliseconds(60), [this] {
      const auto members = world.members();
      const ReplicaId a = members[random.below(members.size())];
      const ReplicaId b = members[random.below(members.size())];
      if (a != b) {
        world.cut(a, b);
        later(milliseconds(200), [this, a, b] { world.mend(a, b); });
      }
      cut_some();
    });
  }

  void kill_some() {
    auto members = world.members();
    const std::size_t failures = Quorums{members.size()}.failures();
    for (std::size_t i = 0; i < failures; ++i) {
      std::swap(members[i], members[i + random.below(members.size() - i)]);
      const ReplicaId victim = members[i];
      if (random.chance(60)) {
        later(milliseconds(500), [this, victim] {
          world.crash(victim);
          ++crashes;
        });
      }
    }
  }

  std::string run() {
    if (!world.run_until([this] { return world.settled(); }, seconds(5))) return "not founded";
    constexpr base::Duration pauses[] = {milliseconds(1), milliseconds(5), milliseconds(40)};
    const base::Duration pause = pauses[random.below(3)];
    for (const ReplicaId member : world.members()) ask(member, pause);
    if (random.chance(50)) cut_some();
    if (random.chance(60)) kill_some();
    world.set_faults({.loss_percent = random.chance(60) ? random.below(25) : 0,
                      .duplicate_percent = random.chance(50) ? random.below(30) : 0,
                      .slow_percent = random.chance(50) ? random.below(10) : 0});
    world.run_for(milliseconds(200 + random.below(600)));
    troubled = false;
    world.heal();
    if (!world.run_until([this] { return world.settled(); }, seconds(30))) return "no progress";
    world.run_for(seconds(1));
    const std::uint64_t messages = world.messages();
    world.run_for(seconds(1));
    if (world.messages() != messages) return "not quiet";
    for (const ReplicaId member : world.up()) {
      if (world.log(member) != world.log(world.up().front())) return "logs differ";
    }
    return world.violations().empty() ? "" : world.violations().front();
  }

  base::Random random;
  World world;
  bool troubled = true;
  std::uint64_t commands = 0;
  std::uint64_t crashes = 0;
};

class PublishedChaos : public ::testing::TestWithParam<std::uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Seeds, PublishedChaos, ::testing::Range<std::uint64_t>(0, 3));

// Given clusters of 1 to 5 members in which everything goes wrong that may, then the rules hold
// throughout; once the faults end everything that somebody waits for is executed, all logs are
// equal, and then it is quiet. And the runs did meet what is rare.
TEST_P(PublishedChaos, KeepsItsPropertiesAndEndsInQuiet) {
  NodeCounters all;
  std::uint64_t crashes = 0;
  for (std::uint64_t i = 0; i < seeds_each; ++i) {
    Chaos chaos(1 + GetParam() * seeds_each + i);
    const std::string failure = chaos.run();
    ASSERT_EQ(failure, "") << chaos.world.describe();
    const NodeCounters counters = chaos.world.counters();
    all.decided_one += counters.decided_one;
    all.decided_zero_by_votes += counters.decided_zero_by_votes;
    all.decided_in_later_phases += counters.decided_in_later_phases;
    all.learned += counters.learned;
    all.coins += counters.coins;
    all.fetches += counters.fetches;
    all.needs_sent += counters.needs_sent;
    all.barriers += counters.barriers;
    crashes += chaos.crashes;
  }
  EXPECT_GT(all.decided_one, 1000U);
  EXPECT_GT(all.decided_zero_by_votes, 100U);
  EXPECT_GT(all.decided_in_later_phases, 0U);
  EXPECT_GT(all.learned, 0U);
  EXPECT_GT(all.coins, 0U);
  EXPECT_GT(all.fetches, 0U);
  EXPECT_GT(all.needs_sent, 0U);
  EXPECT_GT(all.barriers, 0U);
  EXPECT_GT(crashes, 0U);
}

// Given one seed, then a run is always the same.
TEST(PublishedWorld, EqualSeedsGiveEqualRuns) {
  Chaos first(8);
  Chaos second(8);
  EXPECT_EQ(first.run(), second.run());
  EXPECT_EQ(first.world.messages(), second.world.messages());
  EXPECT_EQ(first.world.log({1}), second.world.log({1}));
}

}  // namespace
}  // namespace rabia::consensus::published::testing
