#include "sim/world/trouble.h"

#include <algorithm>
#include <utility>

namespace rabia::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Trouble::Trouble(World& world, const Plan& plan)
    : world_(world), plan_(plan), random_(plan.seed * 47 + 3) {
  draw_links();
}

// ---- when

void Trouble::begin() {
  for (const FaultPlan& fault : plan_.faults) plan_next(fault);
}

void Trouble::plan_next(const FaultPlan& fault) {
  const auto every = static_cast<std::uint64_t>(fault.every.count());
  later(base::Duration(static_cast<std::int64_t>(random_.below(2 * every))), [this, fault] {
    strike(fault.fault);
    plan_next(fault);
  });
}

void Trouble::later(base::Duration after, std::function<void()> action) {
  world_.executor.schedule(world_.executor.now() + after,
                           [this, heals = heals_, action = std::move(action)] {
                             if (heals == heals_) action();
                           });
}

base::Duration Trouble::a_while() {
  return microseconds(100 + random_.below(random_.chance(30) ? 1'500'000 : 100'000));
}

void Trouble::strike(Count fault) {
  const std::size_t target = random_.below(members());
  const bool struck = fault == Count::member_change
                          ? world_.members.strike()
                          : strike_process(fault, target) || strike_network(fault, target) ||
                                strike_disk(fault, target);
  if (!struck) return;
  ++world_.tally[fault];
  world_.trace.mix(static_cast<std::uint64_t>(fault) + (target << 8));
  if (world_.trace.printing()) {
    world_.trace.print("!", std::string(count_rows()[static_cast<std::size_t>(fault)].name) + " (" +
                                host_name(target) + ")");
  }
}

// ---- processes

bool Trouble::strike_process(Count fault, std::size_t target) {
  Host& host = *world_.hosts[target];
  switch (fault) {
    case Count::kill:
      return end(target, Ending::kill);
    case Count::clean_stop:
      return !host.paused() && end(target, Ending::clean);
    case Count::power_cut:
      return end(target, Ending::power);
    case Count::power_cut_all:
      return end_all(Ending::power);
    case Count::kill_many:
      return end_all(Ending::kill);
    case Count::kill_mid_step:
      if (!host.up() || forgets(Ending::kill)) return false;
      host.die_after_effects(random_.below(40), a_sudden_end());
      return true;
    case Count::kill_in_start:
      if (forgets(Ending::kill) || !end(target, Ending::kill)) return false;
      host.die_in_next_start(random_.below(12), a_sudden_end());
      return true;
    case Count::pause:
      return pause(target);
    case Count::pause_many: {
      bool any = false;
      for (const std::size_t each : some_hosts(1 + random_.below(members()))) {
        any = pause(each) || any;
      }
      return any;
    }
    case Count::clock_jump:
      host.executor().jump_wall(
          seconds(static_cast<std::int64_t>(random_.below(2 * 86'400)) - 86'400) /
          (random_.chance(50) ? 1 : 20'000));
      return true;
    case Count::state_corrupted:
      return corrupt(target);
    default:
      return false;
  }
}

// It answers and votes on, until it is found and must be rebuilt: so it counts as lost at once.
bool Trouble::corrupt(std::size_t target) {
  Host& host = *world_.hosts[target];
  if (!host.up() || host.flaw() != 0 || !all_founded() || !may_lose(target)) return false;
  host.corrupt_state();
  corrupted_.insert(target);
  lose(target);
  return true;
}

// A power cut in mode `os`, and any end in mode `memory`, takes away what was promised.
bool Trouble::forgets(Ending how) const {
  return plan_.durability == Durability::memory ||
         (plan_.durability == Durability::os && how == Ending::power);
}

Ending Trouble::a_sudden_end() {
  return !forgets(Ending::power) && random_.chance(50) ? Ending::power : Ending::kill;
}

bool Trouble::end(std::size_t at, Ending how) {
  Host& host = *world_.hosts[at];
  if (!host.up()) return how == Ending::power && cut_power_while_down(at);
  if (forgets(how)) {
    if (!may_lose(at)) return false;
    lose(at);
    if (plan_.durability == Durability::os && host.watch().was_founded()) {
      host.watch().must_forget();
    }
  }
  const bool closed = host.end(how);
  if (closed) stopped_cleanly_[at] = host.executor().life();
  start_later(at);
  return true;
}

// What was synced stays. In mode `os` that is enough only after a clean stop.
bool Trouble::cut_power_while_down(std::size_t at) {
  Host& host = *world_.hosts[at];
  if (plan_.durability == Durability::memory || lost(at)) return false;
  const auto clean = stopped_cleanly_.find(at);
  const bool cleanly = clean != stopped_cleanly_.end() && clean->second == host.executor().life();
  if (plan_.durability == Durability::os && !cleanly) {
    if (!may_lose(at)) return false;
    lose(at);
    if (host.watch().was_founded()) host.watch().must_forget();
  }
  host.cut_power_while_down();
  return true;
}

bool Trouble::end_all(Ending how) {
  bool any = false;
  const std::size_t count = how == Ending::power ? members() : 1 + random_.below(members());
  for (const std::size_t each : some_hosts(count)) any = end(each, how) || any;
  return any;
}

void Trouble::start_later(std::size_t host) {
  if (plan_.durability == Durability::memory) {
    if (!lost(host)) lose(host);
    world_.hosts[host]->watch().forget_log();
  }
  later(plan_.down.draw(random_), [this, host] { world_.start(host); });
}

bool Trouble::pause(std::size_t at) {
  Host& host = *world_.hosts[at];
  if (!host.up() || host.paused()) return false;
  host.executor().pause();
  later(a_while(), [&host] { host.executor().resume(); });
  return true;
}

std::set<std::size_t> Trouble::some_hosts(std::size_t count) {
  std::set<std::size_t> chosen;
  while (chosen.size() < count) chosen.insert(random_.below(members()));
  return chosen;
}

// ---- the network

void Trouble::draw_links() {
  for (std::size_t a = 0; a < plan_.hosts; ++a) {
    for (std::size_t b = 0; b < plan_.hosts; ++b) {
      if (a != b) draw_link(a, b);
    }
  }
}

void Trouble::draw_link(std::size_t from, std::size_t to) {
  world_.network.set_delay(host_name(from), host_name(to), plan_.link.draw(random_));
  world_.network.set_jitter(host_name(from), host_name(to), plan_.jitter);
}

bool Trouble::strike_network(Count fault, std::size_t target) {
  if (members() < 2) return false;
  const std::size_t other = (target + 1 + random_.below(members() - 1)) % members();
  std::vector<std::pair<std::size_t, std::size_t>> cut;
  // How far member `a` is from the target, around the circle of all.
  const auto place = [&](std::size_t a) { return (a + members() - target) % members(); };
  switch (fault) {
    case Count::isolate:
      cut = between({target});
      break;
    case Count::split:
      cut = between(some_hosts(1 + random_.below(members() - 1)));
      break;
    case Count::bridge:  // Two halves that only the target hears both of.
      for (std::size_t a = 0; a < members(); ++a) {
        for (std::size_t b = 0; b < members(); ++b) {
          const bool near_a = 2 * place(a) < members();
          if (a != target && b != target && near_a != (2 * place(b) < members())) {
            cut.emplace_back(a, b);
          }
        }
      }
      break;
    case Count::ring:  // Each hears its neighbours only.
      for (std::size_t a = 0; a < members(); ++a) {
        for (std::size_t b = 0; b < members(); ++b) {
          const std::size_t apart = (a + members() - b) % members();
          if (apart > 1 && apart + 1 < members()) cut.emplace_back(a, b);
        }
      }
      break;
    case Count::one_way_cut:
      cut = {{target, other}};
      break;
    case Count::flap:
      for (int i = 0; i < 6; ++i) {
        later(milliseconds(30 * i), [this, target, other] {
          world_.network.break_connections(host_name(target), host_name(other));
        });
      }
      return true;
    case Count::slow_link:
      world_.network.set_delay(host_name(target), host_name(other),
                               milliseconds(5 + random_.below(200)));
      later(a_while(), [this, target, other] { draw_link(target, other); });
      return true;
    case Count::break_connections:  // Between two replicas, or a client and its replica.
      world_.network.break_connections(
          host_name(target), random_.chance(50)
                                 ? host_name(other)
                                 : "c" + std::to_string(1 + random_.below(plan_.clients.clients)));
      return true;
    default:
      return false;
  }
  if (cut.empty()) return false;  // Too few for this shape.
  cut_later_mended(std::move(cut));
  return true;
}

std::vector<std::pair<std::size_t, std::size_t>> Trouble::between(
    const std::set<std::size_t>& side) const {
  std::vector<std::pair<std::size_t, std::size_t>> directions;
  for (std::size_t a = 0; a < members(); ++a) {
    for (std::size_t b = 0; b < members(); ++b) {
      if (side.contains(a) != side.contains(b)) directions.emplace_back(a, b);
    }
  }
  return directions;
}

// Each strike mends what it has cut, and only that.
void Trouble::cut_later_mended(std::vector<std::pair<std::size_t, std::size_t>> directions) {
  for (const auto& [from, to] : directions) {
    if (++cuts_[{from, to}] == 1) world_.network.cut(host_name(from), host_name(to));
  }
  later(a_while(), [this, directions = std::move(directions)] {
    for (const auto& [from, to] : directions) {
      if (--cuts_[{from, to}] == 0) world_.network.heal(host_name(from), host_name(to));
    }
  });
}

void Trouble::cut_off_all_but(const std::vector<Host*>& hosts) {
  std::set<std::size_t> side;
  for (const Host* host : hosts) side.insert(host->index());
  for (const auto& [from, to] : between(side)) {
    world_.network.cut(host_name(from), host_name(to));
  }
}

void Trouble::mend_network() {
  cuts_.clear();
  for (std::size_t a = 0; a < members(); ++a) {
    for (std::size_t b = 0; b < members(); ++b) {
      if (a != b) world_.network.heal(host_name(a), host_name(b));
    }
  }
  draw_links();
}

// ---- disks

bool Trouble::strike_disk(Count fault, std::size_t target) {
  if (plan_.durability == Durability::memory) return false;
  Host& host = *world_.hosts[target];
  io::testing::MemoryFileSystem& disk = host.disk();
  switch (fault) {
    case Count::write_error:
      disk.fail_write(1 + random_.below(4));
      failing_.insert(target);
      return true;
    case Count::sync_error:
      disk.fail_sync(1 + random_.below(4));
      failing_.insert(target);
      return true;
    case Count::disk_full:
      if (plan_.disk_reserve_bytes > 0) return fill(target);
      disk.set_capacity(disk.used_bytes() + random_.below(4096));
      failing_.insert(target);
      later(a_while(), [&disk] { disk.set_capacity(UINT64_MAX); });
      return true;
    case Count::disk_stall:
      host.stall_disk_until(world_.executor.now() + 2 * a_while());
      return true;
    case Count::bit_flip:
    case Count::truncation:
    case Count::directory_lost:
      return damage(fault, target);
    default:
      return false;
  }
}

// Something else on the machine takes room, until it is low or critical. It gives it back after a
// while, or not before the end.
bool Trouble::fill(std::size_t target) {
  if (!filled_.insert(target).second) return false;
  io::testing::MemoryFileSystem& disk = world_.hosts[target]->disk();
  const std::uint64_t least = log_needs_bytes(plan_);
  const std::uint64_t critical = plan_.disk_reserve_bytes / 4;
  const std::uint64_t left = random_.chance(50)
                                 ? least + random_.below(critical - least)
                                 : critical + random_.below(plan_.disk_reserve_bytes - critical);
  disk.set_capacity(disk.used_bytes() + left);
  if (random_.chance(50)) return true;
  later(a_while(), [this, target, &disk] {
    filled_.erase(target);
    disk.set_capacity(UINT64_MAX);
  });
  return true;
}

// Of a machine that is down. What it promised is gone, or cannot be told from what is.
bool Trouble::damage(Count fault, std::size_t target) {
  Host& host = *world_.hosts[target];
  if (!host.up() || !may_lose(target)) return false;
  // A cluster cannot be founded without one of its members; only who begins anew can be.
  if (fault != Count::directory_lost && !all_founded()) return false;
  host.end(Ending::kill);
  const Host::StoredFile file = host.some_file(random_);
  if (fault == Count::directory_lost) {
    host.empty_disk();
    host.watch().forget_log();
    lose(target);
  } else if (file.bytes > 0) {
    if (fault == Count::bit_flip) {
      host.disk().flip_bit(file.path, random_.below(8 * file.told_bytes));
    } else {
      host.disk().cut(file.path, random_.below(file.bytes));
    }
    lose(target);
  }
  start_later(target);
  return true;
}

// The cluster must stand f of these (section 8, "Limit").
bool Trouble::may_lose(std::size_t host) {
  return lost() - (lost(host) ? 1 : 0) < world_.members.failures_allowed();
}

std::size_t Trouble::lost() {
  std::size_t count = 0;
  for (std::size_t each = 0; each < members(); ++each) {
    if (lost(each)) ++count;
  }
  return count;
}

bool Trouble::lost(std::size_t host) {
  if (!lost_.contains(host)) return false;
  const Host& it = *world_.hosts[host];
  if (it.has_process() && it.watch().is_whole() && it.flaw() == 0) lost_.erase(host);
  return lost_.contains(host);
}

void Trouble::lose(std::size_t host) {
  lost_.insert(host);
  if (!all_founded()) lost_while_founding_ = true;
}

bool Trouble::all_founded() const {
  const auto founders_end = world_.hosts.begin() + static_cast<std::ptrdiff_t>(plan_.members);
  return std::all_of(world_.hosts.begin(), founders_end,
                     [](const auto& each) { return each->watch().was_founded(); });
}

// ---- the end of it

void Trouble::heal() {
  ++heals_;
  filled_.clear();
  mend_network();
  for (auto& host : world_.hosts) {
    host->disk().set_capacity(UINT64_MAX);
    host->disk().fail_write(0);
    host->disk().fail_sync(0);
    host->stall_disk_until({});
    host->die_after_effects(UINT64_MAX, Ending::kill);
    host->die_in_next_start(UINT64_MAX, Ending::kill);
    host->executor().resume();
  }
}

}  // namespace rabia::sim
