// What a world demands of its watchers of changes, and of keys that expire, when all has healed.
#include <algorithm>

#include "sim/world/world.h"

namespace rabia::sim {

using std::chrono::seconds;

namespace {

constexpr base::Duration told_within = seconds(30);
// A deadline is two seconds away at most; clocks drift, and one replica after the other may have to
// bring the time.
constexpr base::Duration expires_within = seconds(10);

}  // namespace

// Nobody writes: time goes on all the same, as long as clocks are near each other. One that was far
// ahead may have led the log's clock to where it stands still for hours (section 17).
bool World::wait_for_deadlines() {
  const auto none_is_left = [this] {
    const std::vector<Host*> all = alive();
    return std::all_of(all.begin(), all.end(), [](const Host* host) {
      return host->up() && host->store().keys_with_deadline() == 0;
    });
  };
  const bool all_expired = run_until(none_is_left, expires_within);
  const bool clocks_jump =
      std::any_of(plan_.faults.begin(), plan_.faults.end(),
                  [](const FaultPlan& each) { return each.fault == Count::clock_jump; });
  if (!all_expired && !clocks_jump) {
    watch_.broken("section 17: 10 s after the last write there are keys that are to expire");
  }
  return all_expired;
}

// Each watcher was told everything, and the store of each replica is what all changes make.
std::string World::judge_changes() {
  if (blocked_ || divided()) return {};
  const auto all_told = [this] {
    return std::all_of(watchers_.begin(), watchers_.end(),
                       [](const auto& watcher) { return watcher->knows_everything(); });
  };
  if (!run_until(all_told, told_within)) {
    return "changes: a watcher has not been told of everything 30 s after healing";
  }
  for (auto& watcher : watchers_) watcher->stop();
  for (const Host* host : alive()) {
    if (!host->up() || host->store().revision() < changes_.end()) continue;
    const std::string difference = changes_.compare(host->store());
    if (!difference.empty()) return "changes: the store of " + host->name() + ": " + difference;
  }
  return {};
}

}  // namespace rabia::sim
