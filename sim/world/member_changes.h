// Changes of the members in a world: which hosts belong to the cluster, and what is asked of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "base/random.h"
#include "sim/world/host.h"
#include "sim/world/plan.h"
#include "sim/world/watch.h"

namespace rabia::sim {

// One thread.
class MemberChanges {
 public:
  struct World {
    std::vector<std::unique_ptr<Host>>& hosts;
    ClusterWatch& watch;
    // Starts the process of a host that has never been a member.
    std::function<void(std::size_t)> start;
    // How many hosts may have forgotten what they promised now.
    std::function<std::size_t()> lost;
  };
  MemberChanges(World& world, const Plan& plan);

  // Asks a replica that serves for one change, by chance. False when nothing could be asked.
  bool strike();
  // As the log says; before anything was executed, as founded.
  [[nodiscard]] const consensus::Membership& now() const { return world_.watch.membership(); }
  [[nodiscard]] bool is_member(std::size_t host) const;
  [[nodiscard]] bool is_voter(std::size_t host) const;
  [[nodiscard]] bool is_removed(std::size_t host) const;
  // Somebody is yet to become a voter by itself.
  [[nodiscard]] bool someone_waits() const;
  // Of the smallest cluster that there has been, or may be: so many may forget at once.
  [[nodiscard]] std::size_t failures_allowed() const { return (least_voters_ - 1) / 2; }
  [[nodiscard]] bool any_asked() const { return asked_; }
  // Whom a host without memory is told to ask: who belongs to the cluster now, and itself.
  [[nodiscard]] std::vector<replica::Member> list_for(std::size_t host) const;

 private:
  bool ask(Host& of, replica::MemberChange change);
  bool may_shrink();
  [[nodiscard]] std::vector<std::size_t> spares() const;
  [[nodiscard]] replica::MemberChange introduce(std::size_t spare);

  World& world_;
  const Plan& plan_;
  base::Random random_;
  std::size_t least_voters_;
  bool asked_ = false;
};

}  // namespace rabia::sim
