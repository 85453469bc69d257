// What goes wrong in a world, when and to whom: drawn by the seed as the plan says. Everything that
// it breaks mends itself after a while, or in heal(), but for damage that a replica cannot survive
// (section 8 of the protocol): of that it causes no more than the cluster must stand.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/random.h"
#include "sim/world/host.h"
#include "sim/world/member_changes.h"
#include "sim/world/plan.h"

namespace rabia::sim {

// One thread.
class Trouble {
 public:
  struct World {
    io::testing::ManualExecutor& executor;
    io::testing::MemoryNetwork& network;
    std::vector<std::unique_ptr<Host>>& hosts;
    Trace& trace;
    Tally& tally;
    // Starts the host's process, if it is down and may start.
    std::function<void(std::size_t)> start;
    MemberChanges& members;
  };
  Trouble(World& world, const Plan& plan);

  // From now on, until heal().
  void begin();
  // Nothing more goes wrong; what can be mended is. Processes that are down are started by the
  // caller, who asks lost() which cannot be.
  void heal();

  // The host's replica may have forgotten what it promised, and has not come back from that yet.
  [[nodiscard]] bool lost(std::size_t host);
  [[nodiscard]] std::size_t lost();
  // Its state was made another one.
  [[nodiscard]] bool corrupted(std::size_t host) const { return corrupted_.contains(host); }
  // From now on it is one of those that a cluster must stand to lose.
  void lose(std::size_t host);
  // A member began anew before all were founded: others may have left the vector that was founded
  // for one with its new nonce, and must then refuse as well (section 8, "First start").
  [[nodiscard]] bool lost_while_founding() const { return lost_while_founding_; }
  // All members have been members of a founded cluster.
  [[nodiscard]] bool all_founded() const;
  // These are connected to each other and to nobody else, until mend_network().
  void cut_off_all_but(const std::vector<Host*>& hosts);
  void mend_network();
  // Its disk was made to fail.
  [[nodiscard]] bool disk_fails(std::size_t host) const { return failing_.contains(host); }
  // The process of a host ended by itself: it comes back later.
  void start_later(std::size_t host);

 private:
  void plan_next(const FaultPlan& fault);
  void strike(Count fault);
  bool strike_process(Count fault, std::size_t target);
  bool strike_network(Count fault, std::size_t target);
  bool strike_disk(Count fault, std::size_t target);

  [[nodiscard]] bool forgets(Ending how) const;
  [[nodiscard]] Ending a_sudden_end();
  bool end(std::size_t host, Ending how);
  bool cut_power_while_down(std::size_t host);
  bool end_all(Ending how);
  bool pause(std::size_t host);
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> between(
      const std::set<std::size_t>& side) const;
  void cut_later_mended(std::vector<std::pair<std::size_t, std::size_t>> directions);
  bool fill(std::size_t target);
  bool damage(Count fault, std::size_t target);
  bool corrupt(std::size_t target);
  bool may_lose(std::size_t host);
  void later(base::Duration after, std::function<void()> action);
  [[nodiscard]] base::Duration a_while();
  [[nodiscard]] std::size_t members() const { return world_.hosts.size(); }
  [[nodiscard]] std::set<std::size_t> some_hosts(std::size_t count);
  void draw_links();
  void draw_link(std::size_t from, std::size_t to);

  World& world_;
  const Plan& plan_;
  base::Random random_;
  std::uint64_t heals_ = 0;
  std::set<std::size_t> lost_;                            // Some may have come back: lost() says.
  std::map<std::size_t, std::uint64_t> stopped_cleanly_;  // By host: the life that was.
  std::map<std::pair<std::size_t, std::size_t>, int> cuts_;  // How many strikes cut it now.
  std::set<std::size_t> failing_;
  std::set<std::size_t> corrupted_;
  std::set<std::size_t> filled_;  // Disks of which something else has taken much.
  bool lost_while_founding_ = false;
};

}  // namespace rabia::sim
