// One run of a whole cluster in a world that its seed decides: founding, trouble, healing, and the
// judgement of what its users saw. Everything that ships runs in it but the programs themselves.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/world/host.h"
#include "sim/world/member_changes.h"
#include "sim/world/plan.h"
#include "sim/world/tally.h"
#include "sim/world/trace.h"
#include "sim/world/trouble.h"
#include "sim/world/users.h"
#include "sim/world/watch.h"

namespace rabia::sim {

struct WorldOptions {
  std::uint64_t steps_max = UINT64_MAX;  // Events of the time of trouble; then it ends early.
  std::ostream* trace = nullptr;
};

struct RunResult {
  std::string violation;  // Empty when all was well.
  Tally tally;
  std::uint64_t trace_hash = 0;
};

// Everything follows from the plan and its users.
[[nodiscard]] RunResult run_world(const Plan& plan, const WorldOptions& options,
                                  const MakeUsers& make_users);

// One thread.
class World {
 public:
  World(const Plan& plan, const WorldOptions& options, const MakeUsers& make_users);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // What was broken, or empty. Once.
  std::string run();
  // The counts of the whole run. The last call.
  [[nodiscard]] const Tally& finish();
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.hash(); }

 private:
  std::string found();
  std::string suffer();
  std::string recover();
  std::string read_everything();
  std::string judge_states();
  std::string judge_quiet();
  std::string judge_history();

  // False when a rule was broken, or the condition did not come true in time.
  bool run_until(const std::function<bool()>& condition, base::Duration limit,
                 std::uint64_t steps_max = UINT64_MAX);
  void start(std::size_t index);
  void start_new(std::size_t index);
  [[nodiscard]] std::vector<replica::Member> founders_and(std::size_t index) const;
  void on_ended(std::size_t index);
  void rejoin_or_die(std::size_t index);
  void start_later(std::size_t index);
  [[nodiscard]] bool has_no_room_to_start(Host& host) const;
  [[nodiscard]] bool refusal_is_right(std::size_t index, const Status& status);
  // Hosts that belong to the cluster, and are not out of it for ever.
  [[nodiscard]] std::vector<Host*> alive();
  [[nodiscard]] bool is_out(std::size_t index) const;
  std::string demand_progress(std::vector<Host*> of);
  bool wait_until_all_rest();
  bool answered(Users::Question question, const Host& host);
  [[nodiscard]] bool all_settled(const std::vector<Host*>& hosts, std::string* why);
  [[nodiscard]] bool left_out_rightly() const;
  [[nodiscard]] bool may_be_founded();
  [[nodiscard]] std::string describe();
  FrameRoad* road(const std::string& from, const std::string& to);
  void set_frame_faults(const FrameFaults& faults);

  // world_digests.cc
  [[nodiscard]] static bool is_of_divergence(const Status& status);
  void diverged(std::size_t index);
  [[nodiscard]] bool divided();
  [[nodiscard]] bool is_odd(const Host& host, const std::vector<Host*>& of) const;
  std::string demand_that_the_odd_stop(const std::vector<Host*>& of);
  bool answered_or_ended(Users::Question question, const Host& host);

  WorldOptions options_;
  Plan plan_;
  base::Random random_;
  Tally tally_;
  io::testing::ManualExecutor executor_;
  io::testing::MemoryNetwork network_;
  Trace trace_;
  ClusterWatch watch_;
  std::map<std::pair<std::string, std::string>, FrameRoad> roads_;
  Host::World host_world_;
  std::unique_ptr<Users> users_;  // It outlives the hosts.
  std::vector<std::unique_ptr<Host>> hosts_;
  MemberChanges::World members_world_;
  MemberChanges members_;
  Trouble::World trouble_world_;
  std::unique_ptr<Trouble> trouble_;
  std::set<std::size_t> started_;   // Once at least: they belong to the cluster, or wait to.
  std::set<std::size_t> rejoins_;   // They are started with the word to come back without memory.
  std::set<std::size_t> dead_;      // They refuse to start all the same, rightly.
  std::set<std::size_t> diverged_;  // They were found to differ from the others.
  bool ever_diverged_ = false;
  bool troubled_ = false;  // Things may still go wrong.
  bool blocked_ = false;   // Too few may take part for ever.
};

}  // namespace rabia::sim
