// What a world demands when the state of a replica has become another one than the others'.
#include <algorithm>

#include "sim/world/world.h"

namespace rabia::sim {

using std::chrono::seconds;

namespace {

constexpr base::Duration heals_within = seconds(30);
// After something was executed: the slowest interval of claims, and time to mark the directory.
constexpr base::Duration found_within = seconds(10);

}  // namespace

// The state is another one than the others'.
bool World::is_of_divergence(const Status& status) {
  const bool refused =
      status.code() == Code::failed_precondition || status.code() == Code::corrupted;
  return refused && status.message().find("differs from that of") != std::string::npos &&
         status.message().find("--rejoin") != std::string::npos;
}

// It has found itself to be the odd one: rightly, when its state is another one, or when those of
// so many others are, by snapshots of a corrupted one, that no majority agrees with it.
void World::diverged(std::size_t index) {
  diverged_.insert(index);
  ever_diverged_ = true;
  trouble_->lose(index);
  ++tally_[Count::replica_diverged];
  const auto others = std::count_if(hosts_.begin(), hosts_.end(), [index](const auto& host) {
    return host->index() != index && host->ever_flawed();
  });
  const std::size_t agreeing = plan_.members - static_cast<std::size_t>(others);
  if (hosts_[index]->flaw() == 0 && agreeing >= watch_.members.quorums().quorum()) {
    watch_.broken("digests: a healthy state stopped " + hosts_[index]->name());
  }
}

// So many have stopped for their states that those left are no quorum, and cannot bring them back.
bool World::divided() {
  const auto whole = std::count_if(hosts_.begin(), hosts_.end(),
                                   [](const auto& host) { return host->watch().is_whole(); });
  return ever_diverged_ &&
         static_cast<std::size_t>(whole) < members_.now().voters().quorums().quorum();
}

// Of these, so many differ from this one that no majority can agree with it.
bool World::is_odd(const Host& host, const std::vector<Host*>& of) const {
  const auto differ = std::count_if(of.begin(), of.end(), [&host](const Host* other) {
    return other->up() && other->flaw() != host.flaw();
  });
  const std::size_t agreeing = plan_.members - static_cast<std::size_t>(differ);
  return host.up() && agreeing < watch_.members.quorums().quorum();
}

// Each of these that is must find it, and refuse to start again.
std::string World::demand_that_the_odd_stop(const std::vector<Host*>& of) {
  const auto odd = [&](const Host* host) { return is_odd(*host, of); };
  if (std::none_of(of.begin(), of.end(), odd)) return {};
  // States are compared when something is executed; with one who will go on, if there is any.
  const auto healthy = std::find_if(of.begin(), of.end(),
                                    [&](const Host* host) { return host->up() && !odd(host); });
  (void)answered(Users::Question::write_at_odds, healthy != of.end() ? **healthy : *of.front());
  const auto ended = [&](const Host* host) {
    return !odd(host) && (host->up() || dead_.contains(host->index()));
  };
  const auto all_ended = [&] { return std::all_of(of.begin(), of.end(), ended); };
  if (!run_until([&] { return divided() || all_ended(); }, found_within)) {
    const Host* left = *std::find_if_not(of.begin(), of.end(), ended);
    return "digests: the state of " + left->name() + " is another one, and after 10 s it " +
           (left->up() ? "still serves" : "has not been refused yet");
  }
  const bool settled =
      run_until([&] { return divided() || all_settled(of, nullptr); }, heals_within);
  return settled ? "" : "section 13, 13: no progress after a replica that differs has stopped";
}

// False: it does not answer, though nothing excuses it.
bool World::answered_or_ended(Users::Question question, const Host& host) {
  return answered(question, host) || dead_.contains(host.index()) || divided();
}

}  // namespace rabia::sim
