// What a seed draws for the store and its users, beside the plan of its world.
#pragma once

#include <cstdint>

#include "kv/limits.h"
#include "sim/world/plan.h"

namespace rabia::sim {

struct StorePlan {
  kv::Limits limits;                // That replicas are started with.
  std::size_t watchers = 0;         // Of changes.
  std::uint64_t changes_bytes = 0;  // That a replica keeps of them.
};

// Everything follows from the plan of the world.
[[nodiscard]] StorePlan draw_store_plan(const Plan& plan);

}  // namespace rabia::sim
