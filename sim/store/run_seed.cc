#include "sim/store/run_seed.h"

#include <memory>

#include "sim/store/store_users.h"

namespace rabia::sim {

RunResult run_seed(const RunOptions& options) {
  const auto make_users = [](const Users::World& world, const Plan& plan) {
    return std::make_unique<StoreUsers>(world, plan);
  };
  return run_world(draw_plan(options.seed, *options.scenario),
                   {.steps_max = options.steps_max, .trace = options.trace}, make_users);
}

}  // namespace rabia::sim
