#include "sim/world/plan.h"

#include <algorithm>
#include <string>

namespace rabia::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

template <typename T, std::size_t n>
T one_of(base::Random& random, const T (&choices)[n]) {
  return choices[random.below(n)];
}

std::vector<Count> all_faults() {
  std::vector<Count> faults;
  for (const CountRow& row : count_rows()) {
    if (row.kind == CountKind::fault) faults.push_back(row.count);
  }
  return faults;
}

bool is_frame_fault(Count fault) {
  return fault == Count::frame_lost || fault == Count::frame_repeated ||
         fault == Count::frame_late || fault == Count::frame_of_old;
}

// Small windows and small bounds, so that a run of a second goes through many of them.
replica::Tuning draw_tuning(base::Random& random) {
  constexpr std::uint64_t windows[] = {8, 16, 32, 64, 128, 1024};
  replica::Tuning tuning;
  tuning.window_rounds = one_of(random, windows);
  if (random.chance(40)) tuning.reply_bytes_max = 2000;
  if (random.chance(40)) tuning.history_reply_bytes = 1000;
  // A peer further behind could not catch up in mode `memory`: enough for any run.
  tuning.memory_history_bytes = 64ULL << 20;
  if (random.chance(50)) tuning.own_undecided_max = 1 + random.below(16);
  if (random.chance(30)) tuning.own_undecided_bytes_max = 4000;
  if (random.chance(30)) tuning.beyond_window_bytes_max = 1000;
  if (random.chance(20)) tuning.unsynced_bytes_max = 4000;
  if (random.chance(30)) tuning.batch_bytes_max = 200 + random.below(2000);
  if (random.chance(30)) tuning.cut_at_once_bytes = random.below(200);
  if (random.chance(15)) {
    tuning.frame_bytes_max = 256 << 10;
    tuning.peer_queue_bytes = 300 << 10;
  }
  return tuning;
}

// Many in a run, or none.
void draw_snapshots(base::Random& random, Plan& plan) {
  constexpr std::uint64_t log_bytes[] = {500, 4000, 30'000, 1ULL << 40};
  constexpr base::Duration every[] = {milliseconds(50), milliseconds(700), seconds(1000)};
  plan.snapshot_log_bytes = one_of(random, log_bytes);
  plan.snapshot_every = one_of(random, every);
  plan.snapshot_zstd_level = static_cast<int>(random.below(4));
  plan.tuning.snapshot_piece_bytes = 1 + random.below(3000);
  plan.tuning.snapshot_part_bytes = 1 + random.below(3000);
  plan.tuning.snapshot_bytes_per_second = 100'000 + random.below(100'000'000);
}

// From claims that are mostly too old to be compared, to all of a run.
void draw_digests(base::Random& random, Plan& plan) {
  constexpr std::size_t positions[] = {2, 16, 4096};
  constexpr base::Duration every[] = {milliseconds(10), milliseconds(100), seconds(1)};
  plan.tuning.digest_positions = one_of(random, positions);
  plan.tuning.digest_every = one_of(random, every);
}

std::vector<MachinePlan> draw_machines(base::Random& random, std::size_t members) {
  constexpr base::Duration slowest_syncs[] = {microseconds(100), milliseconds(1), milliseconds(4),
                                              milliseconds(20)};
  const base::Duration slowest = one_of(random, slowest_syncs);
  const bool drifting = random.chance(50);
  const bool busy = random.chance(50);
  std::vector<MachinePlan> machines(members);
  for (MachinePlan& machine : machines) {
    machine.clocks.ahead = milliseconds(random.below(1'000'000));
    machine.clocks.wall_ahead = seconds(static_cast<int>(random.below(20)) - 10);
    if (drifting) {
      const std::uint64_t most = random.chance(30) ? 200'000 : 1000;
      machine.clocks.drift_ppm = static_cast<std::int64_t>(random.below(2 * most) - most);
    }
    machine.job_takes = {microseconds(20), microseconds(20) + slowest};
    if (busy) machine.turn_takes = microseconds(random.below(500));
  }
  return machines;
}

ClientsPlan draw_clients(base::Random& random) {
  constexpr base::Duration slowest_thoughts[] = {milliseconds(1), milliseconds(10),
                                                 milliseconds(40)};
  ClientsPlan clients;
  clients.clients = 1 + random.below(7);
  clients.think = {microseconds(10), one_of(random, slowest_thoughts)};
  constexpr base::Duration patiences[] = {milliseconds(200), seconds(1), seconds(8)};
  clients.patience = one_of(random, patiences);
  clients.pipeline_percent = random.chance(50) ? random.below(50) : 0;
  clients.keys = 1 + random.below(8);
  clients.read_percent = 20 + random.below(60);
  clients.many_keys_percent = random.chance(40) ? random.below(30) : 0;
  clients.clear_permille = random.chance(15) ? 1 + random.below(20) : 0;
  clients.large_percent = random.chance(30) ? random.below(20) : 0;
  return clients;
}

// Every kind is on or off, and how often it comes is drawn: swarms of few faults find what a little
// of everything hides (Groce and others, "Swarm Testing", ISSTA 2012).
void draw_faults(base::Random& random, const Scenario& scenario, Plan& plan) {
  const bool alone = scenario.faults.size() < 8;  // Somebody wants to see just these.
  const std::uint64_t on_percent = alone ? 100 : 10 + random.below(35);
  for (const Count fault : scenario.faults) {
    const bool on = random.chance(on_percent);
    const auto every = milliseconds(20 + random.below(random.chance(50) ? 100 : 800));
    if (on && !is_frame_fault(fault)) plan.faults.push_back({fault, every});
    const std::uint64_t percent = 1 + random.below(random.chance(50) ? 5 : 30);
    if (on && fault == Count::frame_lost) plan.frames.lost = percent;
    if (on && fault == Count::frame_repeated) plan.frames.repeated = std::min(2 * percent, 50UL);
    if (on && fault == Count::frame_late) plan.frames.late = percent;
    if (on && fault == Count::frame_of_old) plan.frames.of_old = percent;
  }
  // Who is the odd one is judged by the founders' number (world_digests.cc).
  const auto planned = [&](Count fault) {
    return std::any_of(plan.faults.begin(), plan.faults.end(),
                       [fault](const FaultPlan& one) { return one.fault == fault; });
  };
  if (planned(Count::state_corrupted)) {
    std::erase_if(plan.faults,
                  [](const FaultPlan& one) { return one.fault == Count::member_change; });
  }
  constexpr base::Duration latest[] = {milliseconds(2), milliseconds(20), milliseconds(300)};
  plan.frames.late_by_most = one_of(random, latest);
}

// Not in all runs: they leave less room for all else.
void draw_transactions(Plan& plan) {
  base::Random random(plan.seed * 67 + 2);  // So that nothing else changes by it.
  if (random.chance(50)) plan.clients.transaction_percent = 1 + random.below(40);
  if (random.chance(40)) plan.clients.locking_percent = 1 + random.below(60);
}

void draw_names_and_expiry(Plan& plan) {
  base::Random random(plan.seed * 73 + 4);  // So that nothing else changes by it.
  if (random.chance(50)) plan.clients.once_percent = 1 + random.below(80);
  if (random.chance(50)) plan.clients.expiring_percent = 1 + random.below(40);
  plan.clients.expires_in_ms_max = random.chance(50) ? 100 : 2000;
}

// Of two in three seeds in which disks fill up: in the others they do so unseen.
void draw_disk_reserve(Plan& plan) {
  constexpr base::Duration look_every[] = {milliseconds(10), milliseconds(50), milliseconds(250)};
  const bool fills = std::any_of(plan.faults.begin(), plan.faults.end(), [](const FaultPlan& each) {
    return each.fault == Count::disk_full;
  });
  base::Random random(plan.seed * 61 + 7);  // So that nothing else changes by it.
  if (!fills || random.chance(33)) return;
  plan.segment_bytes = 4 << 10;  // A log that grows is to meet its end soon.
  plan.disk_reserve_bytes = disk_reserve_parts * log_needs_bytes(plan);
  plan.tuning.look_at_disk_every = one_of(random, look_every);
}

}  // namespace

// What may be written between the look that finds a disk full and the end of the writing: segments,
// batches and snapshots, and, since every slot of a window may move at once, the records of each.
std::uint64_t log_needs_bytes(const Plan& plan) {
  constexpr std::uint64_t slot_bytes = 256;  // A State, a Vote and a Decided.
  const std::uint64_t slots = plan.tuning.window_rounds * plan.hosts;
  const std::uint64_t batches = plan.clients.large_percent > 0 ? 256 << 10 : 8 << 10;
  return 2 * plan.segment_bytes + batches + slots * slot_bytes;
}

const std::vector<Scenario>& scenarios() {
  using C = Count;
  static const std::vector<Scenario> all = {
      {"all", "a swarm: every seed draws its own mix of all faults", all_faults()},
      {"none", "nothing goes wrong (the control)", {}},
      {"crash",
       "processes are killed, also inside a step and while they start",
       {C::kill, C::kill_mid_step, C::kill_many, C::kill_in_start, C::clean_stop}},
      {"power",
       "machines lose power, one or all",
       {C::power_cut, C::power_cut_all, C::kill_mid_step, C::kill_in_start, C::clean_stop}},
      {"pause", "processes stand still, and go on", {C::pause, C::pause_many}},
      {"partition",
       "the network is cut in every shape",
       {C::isolate, C::split, C::bridge, C::ring, C::one_way_cut, C::flap, C::break_connections}},
      {"frames",
       "frames are lost, repeated, overtaken, or those of earlier connections; slow links",
       {C::frame_lost, C::frame_repeated, C::frame_late, C::frame_of_old, C::slow_link}},
      {"members",
       "the members change, while processes are killed and the network is cut",
       {C::member_change, C::kill, C::kill_mid_step, C::power_cut, C::isolate, C::split, C::pause}},
      {"clock", "clocks jump and drift", {C::clock_jump, C::pause}},
      {"founding",
       "members die, forget and are cut off while they found their cluster",
       {C::kill, C::kill_in_start, C::power_cut, C::directory_lost, C::isolate, C::one_way_cut,
        C::frame_of_old},
       true},
      {"disk",
       "disks fail, fill up and stall, bits flip, files are cut, directories vanish",
       {C::write_error, C::sync_error, C::disk_full, C::disk_stall, C::bit_flip, C::truncation,
        C::directory_lost}},
      {"corruption",
       "states silently become others",
       {C::state_corrupted, C::kill, C::clean_stop, C::isolate, C::split}},
      {"full", "disks fill up, and have room again", {C::disk_full}},
      {"published",
       "the protocol as published: a minority is killed for ever, the network is cut, frames are "
       "lost",
       {C::kill, C::kill_many, C::pause, C::pause_many, C::isolate, C::split, C::bridge, C::ring,
        C::one_way_cut, C::flap, C::break_connections, C::slow_link, C::frame_lost,
        C::frame_repeated, C::frame_late, C::frame_of_old, C::clock_jump},
       false,
       Protocol::published},
  };
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  const auto found = std::find_if(scenarios().begin(), scenarios().end(),
                                  [name](const Scenario& one) { return one.name == name; });
  return found != scenarios().end() ? &*found : nullptr;
}

Plan draw_plan(std::uint64_t seed, const Scenario& scenario) {
  constexpr std::size_t sizes[] = {3, 3, 3, 3, 3, 3, 5, 5, 4, 4, 6, 7, 2, 1};
  constexpr Durability durabilities[] = {Durability::always, Durability::always, Durability::always,
                                         Durability::always, Durability::always, Durability::os,
                                         Durability::memory};
  constexpr std::uint64_t segments[] = {4 << 10, 16 << 10, 64 << 10, 256 << 10};
  constexpr base::Duration fastest_links[] = {microseconds(20), microseconds(100), milliseconds(2)};
  constexpr base::Duration jitters[] = {{}, microseconds(100), milliseconds(3), milliseconds(15)};
  base::Random random(seed * 0x9e3779b97f4a7c15 + 1);
  Plan plan;
  plan.seed = seed;
  plan.members = one_of(random, sizes);
  plan.durability = one_of(random, durabilities);
  plan.protocol = scenario.protocol;
  if (plan.protocol == Protocol::published) plan.durability = Durability::memory;
  plan.tuning = draw_tuning(random);
  plan.segment_bytes = one_of(random, segments);
  plan.unavailable_after = milliseconds(50 + random.below(600));
  plan.answer_within = milliseconds(500 + random.below(5000));
  const bool changes = std::find(scenario.faults.begin(), scenario.faults.end(),
                                 Count::member_change) != scenario.faults.end();
  plan.hosts = plan.members + (changes ? random.below(4) : 0);
  plan.machines = draw_machines(random, plan.hosts);
  const base::Duration fastest = one_of(random, fastest_links);
  plan.link = {fastest, fastest * static_cast<int>(1 + random.below(4))};
  plan.jitter = one_of(random, jitters);
  if (random.chance(20)) plan.piece_bytes_max = 1 + random.below(900);
  if (random.chance(20)) plan.buffer_bytes = 2000 + random.below(60'000);
  plan.waiting_bytes_max = random.chance(20) ? 500 + random.below(5000) : 256 << 20;
  plan.quorum_first = random.chance(50);
  plan.clients = draw_clients(random);
  plan.calm_founding = random.chance(70) && !scenario.from_the_start;
  plan.trouble_for = milliseconds(300 + random.below(random.chance(20) ? 6000 : 2000));
  plan.down = {milliseconds(1), milliseconds(random.chance(50) ? 50 : 700)};
  draw_faults(random, scenario, plan);
  // What a member said in an earlier life can move others from the vector that is being founded
  // (section 8): nothing unsafe, but they are left out then; with many such they never agree.
  if (!plan.calm_founding) {
    const bool some = scenario.from_the_start && random.chance(50);
    plan.frames.of_old = std::min<std::uint64_t>(plan.frames.of_old, some ? 1 : 0);
  }
  draw_snapshots(random, plan);
  draw_digests(random, plan);
  draw_disk_reserve(plan);
  draw_transactions(plan);
  draw_names_and_expiry(plan);
  return plan;
}

std::string describe(const Plan& plan) {
  constexpr const char* durabilities[] = {"always", "os", "memory"};
  std::string text = "seed " + std::to_string(plan.seed) + ": " + std::to_string(plan.members) +
                     " members, durability " +
                     durabilities[static_cast<std::size_t>(plan.durability)] +
                     (plan.protocol == Protocol::published ? ", as published" : "") + ", window " +
                     std::to_string(plan.tuning.window_rounds) + ", " +
                     std::to_string(plan.clients.clients) + " clients; faults:";
  for (const CountRow& row : count_rows()) {
    const bool planned = std::any_of(plan.faults.begin(), plan.faults.end(),
                                     [&](const FaultPlan& one) { return one.fault == row.count; });
    if (planned) text += " " + std::string(row.name) + ",";
  }
  text += " frames lost " + std::to_string(plan.frames.lost) + "%, repeated " +
          std::to_string(plan.frames.repeated) + "%, late " + std::to_string(plan.frames.late) +
          "%, of old " + std::to_string(plan.frames.of_old) + "%";
  return text;
}

}  // namespace rabia::sim
