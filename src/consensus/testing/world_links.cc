// Connections, and what breaks.
#include <algorithm>
#include <utility>

#include "consensus/testing/world.h"

namespace rabia::consensus::testing {

namespace {

// How long a side takes to notice that a connection came or went.
constexpr Delays notice{std::chrono::microseconds(100), std::chrono::milliseconds(20)};

}  // namespace

World::Link& World::link(ReplicaId a, ReplicaId b) {
  return links_[std::minmax(a, b)];
}

void World::cut(ReplicaId a, ReplicaId b) {
  link(a, b).cut = true;
  refresh_link(a, b);
}

void World::mend(ReplicaId a, ReplicaId b) {
  link(a, b).cut = false;
  refresh_link(a, b);
}

void World::refresh_links(ReplicaId member) {
  for (const auto& [other, process] : processes_) {
    if (other != member) refresh_link(member, other);
  }
}

void World::refresh_link(ReplicaId a, ReplicaId b) {
  Link& between = link(a, b);
  const bool possible = !between.cut && is_up(a) && is_up(b);
  if (possible == (between.connection != 0)) return;
  between.connection = possible ? ++connections_ : 0;
  for (const auto& [who, other] : {std::pair(a, b), std::pair(b, a)}) {
    if (!is_up(who)) continue;
    const base::Instant when = now_ + (faults_.cut_permille > 0 ? draw(notice) : notice.least);
    at_life(processes_.at(who), when,
            [this, other = other](Process& target) { tell_of_link(target.id, other); });
  }
}

// What is so now; a side that slept through a whole reconnection hears of both ends.
void World::tell_of_link(ReplicaId who, ReplicaId other) {
  Process& process = processes_.at(who);
  const std::uint64_t connection = link(who, other).connection;
  std::uint64_t& told = process.told[other];
  if (told == connection) return;
  if (told != 0) give(process, [this, other](Node& node) { node.peer_down(other, now_); });
  told = connection;
  if (told != 0) {
    give(process, [this, other](Node& node) {
      node.round_trip(other, 2 * options_.link.least);
      node.peer_up(other, now_);
    });
  }
}

void World::maybe_break_something(Process& process) {
  if (random_.below(1000) < faults_.pause_permille) {
    process.paused = true;
    at_life(process, now_ + draw(faults_.pause), [this](Process& target) { resume(target.id); });
  }
  if (random_.below(1000) < faults_.cut_permille && processes_.size() > 1) {
    const auto others = members();
    const ReplicaId self = process.id;
    const ReplicaId other = others[random_.below(others.size())];
    if (other != self && !link(self, other).cut) {
      cut(self, other);
      at_unless_healed(now_ + draw(faults_.cut), [this, self, other] { mend(self, other); });
    }
  }
}

void World::heal(const std::vector<ReplicaId>& dead) {
  faults_ = {};
  ++heals_;
  for (auto& [pair, between] : links_) between.cut = false;
  for (auto& [id, process] : processes_) {
    const bool is_dead = std::find(dead.begin(), dead.end(), id) != dead.end();
    resume(id);
    if (is_dead) crash(id);
    if (!is_dead) restart(id);
  }
  for (const auto& [id, process] : processes_) refresh_links(id);
}

}  // namespace rabia::consensus::testing
