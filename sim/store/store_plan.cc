#include "sim/store/store_plan.h"

namespace rabia::sim {

namespace {

// What a replica keeps is more than one command can change (sim/store/watched_machine.h).
void draw_watchers(const Plan& world, StorePlan& plan) {
  base::Random random(world.seed * 79 + 6);
  plan.watchers = random.chance(60) ? 1 + random.below(3) : 0;
  plan.changes_bytes = random.chance(50) ? 300 << 10 : 32 << 20;
}

// Policies under which no command of the workload is refused: a judge who must accept refusals sees
// less. A transaction has five keys at most.
void draw_limits(const Plan& world, StorePlan& plan) {
  base::Random random(world.seed * 83 + 8);
  if (!random.chance(40)) return;
  constexpr kv::EvictionPolicy policies[] = {kv::EvictionPolicy::allkeys_lru,
                                             kv::EvictionPolicy::allkeys_lfu,
                                             kv::EvictionPolicy::allkeys_random};
  plan.limits.policy = policies[random.below(std::size(policies))];
  plan.limits.max_entries = 6 + random.below(2 * world.clients.keys);
  plan.limits.samples = 1 + random.below(5);
}

}  // namespace

StorePlan draw_store_plan(const Plan& world) {
  StorePlan plan;
  draw_watchers(world, plan);
  draw_limits(world, plan);
  return plan;
}

}  // namespace rabia::sim
