#include "consensus/testing/chaos.h"

#include <algorithm>
#include <utility>

namespace rabia::consensus::testing {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Small windows, so that a run of a second goes through many of them.
WorldOptions draw_world(base::Random& random, const ChaosOptions& options) {
  constexpr std::uint64_t windows[] = {8, 16, 32, 128};
  constexpr base::Duration slowest_links[] = {microseconds(200), milliseconds(2), milliseconds(12)};
  constexpr base::Duration slowest_syncs[] = {microseconds(100), milliseconds(4), milliseconds(30)};
  WorldOptions world;
  world.seed = options.seed;
  world.trace = options.trace;
  world.members = 1 + options.seed % 5;
  world.node.mode = random.chance(80) ? Mode::always : Mode::memory;
  world.node.window_rounds = windows[random.below(4)];
  world.node.ahead_rounds = world.node.window_rounds / 4;
  const auto most = static_cast<std::uint32_t>(world.node.window_rounds / 4);
  world.node.lane_watch.interval_max = most;
  world.node.lane_watch.interval_first = std::min<std::uint32_t>(8, most);
  world.node.reply_bytes_max = random.chance(40) ? 2000 : 1U << 20;
  world.node.own_undecided_max = 1 + random.below(16);
  world.node.beyond_window_bytes_max = random.chance(30) ? 1000 : 32U << 20;
  world.link = {microseconds(50), slowest_links[random.below(3)]};
  world.sync = {microseconds(50), slowest_syncs[random.below(3)]};
  world.gather = {{}, random.chance(50) ? base::Duration{} : microseconds(500)};
  return world;
}

Faults draw_faults(base::Random& random, Mode mode) {
  Faults faults;
  faults.loss_percent = random.chance(50) ? random.below(25) : 0;
  faults.duplicate_percent = random.chance(50) ? random.below(30) : 0;
  faults.slow_percent = random.chance(50) ? random.below(8) : 0;
  if (mode != Mode::memory) faults.crash_permille = random.chance(60) ? random.below(12) : 0;
  faults.cut_permille = random.chance(50) ? random.below(12) : 0;
  faults.pause_permille = random.chance(30) ? random.below(8) : 0;
  return faults;
}

Clients draw_clients(base::Random& random) {
  constexpr base::Duration pauses[] = {milliseconds(2), milliseconds(10), milliseconds(60)};
  Clients clients;
  clients.on = true;
  clients.pause = {microseconds(100), pauses[random.below(3)]};
  clients.read_percent = random.below(60);
  return clients;
}

std::uint64_t all_messages(const Tally& tally) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : tally.messages) all += count;
  return all;
}

// Section 13, 12: only Beats are left, top stands still, nothing is written.
std::string check_quiet(World& world) {
  world.run_for(seconds(3));  // Until trust has come back and the Beats have said so.
  const Tally before = world.tally();
  world.run_for(seconds(1));
  const Tally after = world.tally();
  constexpr std::size_t beat = Message(message::Beat{}).index();
  const std::uint64_t beats = after.messages[beat] - before.messages[beat];
  if (all_messages(after) - all_messages(before) != beats) return "not quiet: more than Beats";
  const std::size_t members = world.members().size();
  if (beats > members * (members - 1) * 12) return "not quiet: too many Beats";
  if (after.records != before.records) return "not quiet: it writes";
  return world.settled() ? "" : "no longer settled";
}

std::string run(World& world, base::Random& random, Mode mode) {
  const bool calm_founding = random.chance(60);
  const Faults faults = draw_faults(random, mode);
  if (!calm_founding) world.set_faults(faults);
  const auto founded = [&world] {
    const auto members = world.members();
    return std::all_of(members.begin(), members.end(),
                       [&world](ReplicaId id) { return world.is_up(id) && world.node(id).open(); });
  };
  if (!world.run_until(founded, seconds(2))) {
    world.heal();
    if (!world.run_until(founded, seconds(10))) return "it was not founded";
  }

  world.set_faults(faults);
  world.set_clients(draw_clients(random));
  world.run_for(milliseconds(200 + random.below(600)));
  world.set_clients({});
  std::vector<ReplicaId> dead;
  if (mode != Mode::memory && random.chance(40)) {
    dead = world.members();
    for (std::size_t i = 0; i + 1 < dead.size(); ++i) {
      std::swap(dead[i], dead[i + random.below(dead.size() - i)]);
    }
    dead.resize(Quorums{dead.size()}.failures());
  }
  world.heal(dead);
  // Section 13, 13.
  if (!world.run_until([&world] { return world.settled(); }, seconds(30))) return "no progress";
  std::string noise = check_quiet(world);
  if (!noise.empty() || dead.empty()) return noise;
  world.heal();  // Who was dead catches up.
  if (!world.run_until([&world] { return world.settled(); }, seconds(30))) return "no catching up";
  return check_quiet(world);
}

}  // namespace

ChaosResult run_chaos(const ChaosOptions& options) {
  base::Random random(options.seed * 0x9e3779b97f4a7c15 + 1);
  const WorldOptions drawn = draw_world(random, options);
  World world(drawn);
  std::string failure = run(world, random, drawn.node.mode);
  if (!failure.empty() || !world.invariants().violations().empty()) {
    failure += "\n" + world.describe();
  }
  return {std::move(failure), world.tally()};
}

}  // namespace rabia::consensus::testing
