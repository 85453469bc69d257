#include "sim/world/world.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "io/log.h"

namespace rabia::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Section 13, 13, and what is promised after healing.
constexpr base::Duration heals_within = seconds(30);
constexpr base::Duration told_within = seconds(30);
// A deadline is two seconds away at most; clocks drift, and one replica after the other may have to
// bring the time.
constexpr base::Duration rests_within = seconds(10);

// The slot whose turn it is at this replica, and what is known of it here.
std::string waits_for(const consensus::Node& node) {
  const consensus::Round round = node.executed_end();
  if (round >= node.in_use_end()) return "";
  const std::size_t index = node.window().cursor();
  const consensus::WeakMvc& slot = node.window().at(round, index).agreement;
  const ReplicaId lane = node.configurations().at(round).members()[index];
  std::string text = "\n      waits for slot (" + std::to_string(round.value) + ", " +
                     std::to_string(lane.value) +
                     "): " + (slot.decision() ? "decided, " : "undecided, ") +
                     (slot.holds_batch() ? "batch held" : "no batch");
  const auto count = [](const char* what, consensus::MemberSet set) {
    return std::string(", ") + what + " " + std::to_string(set.size());
  };
  for (consensus::Phase phase = 1; phase <= slot.phases(); ++phase) {
    const consensus::PhaseTally& tally = slot.tally(phase);
    text += "; phase " + std::to_string(phase) + count("states 0", tally.states_zero) +
            count("states 1", tally.states_one) + count("votes 0", tally.votes_zero) +
            count("votes 1", tally.votes_one) + count("votes ?", tally.votes_question);
  }
  return text;
}

bool is_of_disk(const Status& status) {
  return status.code() == Code::io_error || status.code() == Code::exhausted;
}

consensus::Configuration members_of(const Plan& plan) {
  std::vector<ReplicaId> members;
  for (std::size_t i = 1; i <= plan.members; ++i)
    members.push_back({static_cast<std::uint16_t>(i)});
  return consensus::Configuration(std::move(members));
}

}  // namespace

World::World(const Plan& plan, const WorldOptions& options, const MakeUsers& make_users)
    : options_(options),
      plan_(plan),
      random_(plan.seed * 53 + 5),
      executor_(plan.seed),
      network_(executor_, plan.seed),
      trace_(executor_, options.trace),
      watch_(members_of(plan_), plan_.durability, plan_.tuning.window_rounds, trace_, tally_),
      host_world_{executor_,
                  network_,
                  watch_,
                  [this](const std::string& from, const std::string& to) { return road(from, to); },
                  [this](const Site& site) { return users_->make_service(site); },
                  [this](std::size_t index) { on_ended(index); }},
      members_world_{hosts_, watch_, [this](std::size_t index) { start_new(index); },
                     [this] { return trouble_->lost(); }},
      members_(members_world_, plan_),
      trouble_world_{executor_, network_, hosts_,
                     trace_,    tally_,   [this](std::size_t index) { start(index); },
                     members_} {
  network_.set_delay(std::chrono::microseconds(50));
  network_.set_piece_bytes_max(plan_.piece_bytes_max);
  network_.set_buffer_bytes(plan_.buffer_bytes);
  for (std::size_t a = 0; a < plan_.hosts; ++a) {
    for (std::size_t b = 0; b < plan_.hosts; ++b) {
      roads_.try_emplace({host_name(a), host_name(b)}, plan_.seed * 59 + a * 64 + b, tally_);
    }
  }
  for (std::size_t i = 0; i < plan_.hosts; ++i) {
    hosts_.push_back(std::make_unique<Host>(host_world_, plan_, i));
  }
  trouble_ = std::make_unique<Trouble>(trouble_world_, plan_);
  users_ = make_users({executor_, network_, trace_, tally_, hosts_,
                       [this](std::string what) { watch_.broken(std::move(what)); }},
                      plan_);
  if (trace_.printing()) trace_.print("plan", sim::describe(plan_));
}

FrameRoad* World::road(const std::string& from, const std::string& to) {
  const auto found = roads_.find({from, to});
  return found != roads_.end() ? &found->second : nullptr;
}

void World::set_frame_faults(const FrameFaults& faults) {
  for (auto& [direction, road] : roads_) road.set_faults(faults);
}

// ---- time

bool World::run_until(const std::function<bool()>& condition, base::Duration limit,
                      std::uint64_t steps_max) {
  const base::Instant end = executor_.now() + limit;
  for (std::uint64_t steps = 0; !condition(); ++steps) {
    if (executor_.now() > end || steps >= steps_max || !executor_.step()) return false;
    ++tally_[Count::events];
    if (!watch_.first_violation().empty()) return false;
  }
  return true;
}

// ---- processes

void World::start(std::size_t index) {
  Host& host = *hosts_[index];
  if (host.has_process() || is_out(index)) return;
  const bool fresh = index >= plan_.members && !host.watch().was_founded();
  if (!fresh && !trouble_->lost(index) && !left_out_rightly()) rejoins_.erase(index);
  const bool rejoin = fresh || rejoins_.contains(index);
  const Status status =
      host.start(rejoin, rejoin || plan_.durability == Durability::memory ? members_.list_for(index)
                                                                          : founders_and(index));
  if (trace_.printing()) {
    trace_.print(host.name(), status.ok() ? "starts" : "does not start: " + status.message());
  }
  const bool told_before = diverged_.contains(index);
  if (status.ok()) {
    // A disk that failed may not have taken the mark: then it is found once more.
    diverged_.erase(index);
    if (told_before && !rejoin && plan_.durability != Durability::memory &&
        !trouble_->disk_fails(index)) {
      watch_.broken("digests: " + host.name() + " starts although its state was found to differ");
    }
    return;
  }
  const bool disk_failed =
      is_of_disk(status) && (trouble_->disk_fails(index) || has_no_room_to_start(host));
  if (host.died_in_start() || disk_failed) {
    start_later(index);
  } else if (is_of_divergence(status)) {
    if (!told_before) diverged(index);  // It died between its mark and its end.
    rejoin_or_die(index);
  } else if (refusal_is_right(index, status)) {
    if (status.code() == Code::corrupted) ++tally_[Count::damage_refused];
    rejoin_or_die(index);
  } else {
    watch_.broken("section 12: " + host.name() + " refuses to start: " + status.message());
  }
}

// A host that has never been a member; it waits until it is one.
void World::start_new(std::size_t index) {
  started_.insert(index);
  start(index);
}

// The list with which the cluster was founded.
std::vector<replica::Member> World::founders_and(std::size_t index) const {
  std::vector<replica::Member> list;
  for (std::size_t i = 0; i < plan_.hosts; ++i) {
    if (i < plan_.members || i == index) {
      list.push_back({{static_cast<std::uint16_t>(i + 1)}, {host_name(i), peer_port}});
    }
  }
  return list;
}

// The operator's word brings it back without its memory, unless it was given already.
void World::rejoin_or_die(std::size_t index) {
  if (members_.is_removed(index)) return;
  if (rejoins_.insert(index).second) {
    start_later(index);
  } else {
    dead_.insert(index);
  }
}

void World::start_later(std::size_t index) {
  if (troubled_) {
    trouble_->start_later(index);
  } else {
    executor_.post([this, index] { start(index); });
  }
}

bool World::has_no_room_to_start(Host& host) const {
  return plan_.disk_reserve_bytes > 0 && host.disk().free_bytes("").value() < plan_.segment_bytes;
}

// Its disk was damaged or emptied, or its mode does not survive what happened (section 8).
bool World::refusal_is_right(std::size_t index, const Status& status) {
  const bool forgot = status.code() == Code::failed_precondition;
  if (forgot && members_.is_removed(index)) return true;
  if (left_out_rightly() && forgot) return true;
  return trouble_->lost(index) && (status.code() == Code::corrupted || forgot);
}

void World::on_ended(std::size_t index) {
  Host& host = *hosts_[index];
  const Status& why = host.stopped();
  if (trace_.printing()) trace_.print(host.name(), "has ended " + why.message());
  if (host.left()) {
    ++tally_[Count::member_left];
    if (!members_.is_removed(index)) watch_.broken(host.name() + " leaves, and was not removed");
    return;
  }
  if (!why.ok()) {
    if (is_of_disk(why)) {
      ++tally_[Count::stopped_by_disk];
      const bool in_time = plan_.disk_reserve_bytes > 0 && why.code() == Code::exhausted;
      if (in_time || !trouble_->disk_fails(index)) {
        watch_.broken("a disk that does not fail stopped " + host.name() + ": " + why.message());
      }
    } else if (is_of_divergence(why)) {
      diverged(index);
    } else if (refusal_is_right(index, why)) {
      return rejoin_or_die(index);
    } else {
      watch_.broken(host.name() + " stopped itself: " + why.message());
    }
  }
  start_later(index);
}

std::vector<Host*> World::alive() {
  std::vector<Host*> all;
  for (auto& host : hosts_) {
    if (members_.is_member(host->index()) && !dead_.contains(host->index())) {
      all.push_back(host.get());
    }
  }
  return all;
}

bool World::is_out(std::size_t index) const {
  const bool comes_later = index >= plan_.members && !started_.contains(index);
  return dead_.contains(index) || hosts_[index]->left() || comes_later;
}

// ---- the phases

std::string World::run() {
  for (const auto phase : {&World::found, &World::suffer, &World::recover, &World::read_everything,
                           &World::judge_states, &World::judge_quiet, &World::judge_history}) {
    std::string failure = (this->*phase)();
    if (!watch_.first_violation().empty()) failure = watch_.first_violation();
    if (!failure.empty()) return failure + "\n" + describe();
  }
  return {};
}

std::string World::found() {
  for (std::size_t i = 0; i < plan_.members; ++i) {
    executor_.schedule(executor_.now() + milliseconds(random_.below(100)), [this, i] { start(i); });
  }
  const auto all_serve = [this] {
    const auto founders_end = hosts_.begin() + static_cast<std::ptrdiff_t>(plan_.members);
    return std::all_of(hosts_.begin(), founders_end, [](const auto& host) {
      return host->up() && host->replica().status().serving;
    });
  };
  if (!plan_.calm_founding) {
    troubled_ = true;
    trouble_->begin();
    set_frame_faults(plan_.frames);
    return {};
  }
  return run_until(all_serve, heals_within) ? "" : "section 8: it was not founded";
}

std::string World::suffer() {
  if (plan_.calm_founding) {
    troubled_ = true;
    trouble_->begin();
    set_frame_faults(plan_.frames);
  }
  users_->begin();
  run_until([] { return false; }, plan_.trouble_for, options_.steps_max);
  return {};
}

// A quorum heals, in half of the runs, and then all: everything asked is answered, all are at one
// place of the log with equal stores, and every replica takes writes.
std::string World::recover() {
  troubled_ = false;
  trouble_->heal();
  set_frame_faults({});
  users_->stop_asking();
  for (std::size_t i = 0; i < hosts_.size(); ++i) start(i);
  if (plan_.quorum_first && trouble_->all_founded() && !members_.any_asked()) {
    const std::size_t quorum = members_of(plan_).quorums().quorum();
    std::vector<Host*> first = alive();
    std::erase_if(first, [this](const Host* host) { return trouble_->lost(host->index()); });
    if (first.size() > quorum) {
      first.resize(quorum);
      trouble_->cut_off_all_but(first);
      std::string failure = demand_progress(first);
      if (!failure.empty()) return failure;
      trouble_->mend_network();
    }
  }
  return demand_progress(alive());
}

std::string World::demand_progress(std::vector<Host*> of) {
  const bool settled = run_until([&] { return all_settled(of, nullptr); }, heals_within);
  if (!settled && left_out_rightly() && !may_be_founded()) {
    ++tally_[Count::blocked];
    blocked_ = true;  // Safe, and for an operator to mend.
    return {};
  }
  if (std::string failure = settled ? demand_that_the_odd_stop(of) : ""; !failure.empty()) {
    return failure;
  }
  if (divided()) return {};
  if (!settled) {
    std::string why;
    (void)all_settled(of, &why);
    return "section 13, 13: no progress within 30 s of healing: " + why;
  }
  std::erase_if(of, [this](const Host* host) {
    return dead_.contains(host->index()) || !members_.is_member(host->index());
  });
  for (const Host* host : of) {
    if (host->state_digest() != of.front()->state_digest()) {
      return "section 13, 1: equal logs, and " + host->name() + " and " + of.front()->name() +
             " hold different states";
    }
  }
  for (const Host* host : of) {
    if (!members_.is_voter(host->index())) continue;
    if (!answered_or_ended(Users::Question::write, *host)) {
      return "section 13, 13: a healed cluster takes no write at " + host->name();
    }
  }
  return {};
}

// Refusals of the first moments are taken as a client would take them: it asks again.
bool World::answered(Users::Question question, const Host& host) {
  const base::Instant end = executor_.now() + heals_within;
  const auto asked = [this, &host] { return users_->asked_last(host.index()); };
  users_->prepare_last(question);
  while (executor_.now() < end) {
    users_->ask_last(host.index());
    if (!run_until(asked, end - executor_.now())) return false;
    if (users_->done_last()) return true;
    run_until([] { return false; }, milliseconds(100));
  }
  return false;
}

// While the cluster was founded a member began anew, or messages of earlier lives were heard:
// others may have left the vector that was founded, and must refuse (section 8, "First start").
bool World::left_out_rightly() const {
  return trouble_->lost_while_founding() || (!plan_.calm_founding && plan_.frames.of_old > 0);
}

// Too few take part, or those who are left have not been founded and need who is not there.
bool World::may_be_founded() {
  std::size_t take_part = 0;
  bool exists = !dead_.empty();
  for (Host* host : alive()) {
    const consensus::Engine* node = host->watch().node();
    const bool whole = node != nullptr && node->stage() == consensus::Node::Stage::running;
    if (whole) ++take_part;
    exists = exists || whole || rejoins_.contains(host->index());
  }
  return !exists || take_part >= members_.now().voters().quorums().quorum();
}

// `why` (may be null): what is not settled, for people.
bool World::all_settled(const std::vector<Host*>& hosts, std::string* why) {
  const auto not_yet = [why](const auto& text) {
    if (why != nullptr) *why = text();
    return false;
  };
  if (users_->waiting() > 0) return not_yet([] { return "a client waits for an answer"; });
  if (members_.someone_waits()) return not_yet([] { return "a learner is not yet promoted"; });
  std::optional<std::uint64_t> round;
  for (Host* host : hosts) {
    if (dead_.contains(host->index()) || !members_.is_member(host->index())) continue;
    const auto is = [host](const char* what) { return host->name() + " is " + what; };
    if (!host->up()) return not_yet([&] { return is("down"); });
    if (host->paused()) return not_yet([&] { return is("paused"); });
    const consensus::Engine* node = host->watch().node();
    const std::uint64_t executed = node->executed_end().value;
    if (!round) round = executed;
    if (executed != *round) return not_yet([&] { return is("not at the same L as the others"); });
    if (node->in_use_end().value != *round) return not_yet([&] { return is("not at its top"); });
    if (node->own_undecided() != 0) {
      return not_yet([&] { return is("without the outcome of a batch of its own"); });
    }
    const bool serves = host->replica().status().serving || !members_.is_voter(host->index());
    if (!serves) return not_yet([&] { return is("not serving"); });
  }
  return true;
}

// Every replica is asked for everything.
std::string World::read_everything() {
  if (blocked_ || divided()) return {};
  for (const Host* host : alive()) {
    if (!members_.is_voter(host->index())) continue;
    if (!answered_or_ended(Users::Question::read, *host)) {
      return "section 13, 13: a healed cluster does not answer at " + host->name();
    }
  }
  return {};
}

// Everybody was told everything, and the states are what they should be.
std::string World::judge_states() {
  if (blocked_ || divided()) return {};
  if (!run_until([this] { return users_->not_told_yet().empty(); }, told_within)) {
    return users_->not_told_yet() + " 30 s after healing";
  }
  return users_->judge_states(alive());
}

// Nobody writes: time goes on all the same, as long as clocks are near each other. One that was far
// ahead may have led the log's clock to where it stands still for hours (section 17).
bool World::wait_until_all_rest() {
  const auto all_rest = [this] {
    const std::vector<Host*> all = alive();
    return std::all_of(all.begin(), all.end(),
                       [](Host* host) { return host->up() && host->service().rests(); });
  };
  if (run_until(all_rest, rests_within)) return true;
  const bool clocks_jump =
      std::any_of(plan_.faults.begin(), plan_.faults.end(),
                  [](const FaultPlan& each) { return each.fault == Count::clock_jump; });
  const std::string unrest = clocks_jump ? "" : users_->judge_unrest();
  if (!unrest.empty()) watch_.broken(unrest);
  return false;
}

// Section 13, 12: some time later only Beats are left, and nothing is written. Not in every run:
// idle time takes time.
std::string World::judge_quiet() {
  if (blocked_ || divided() || !random_.chance(20)) return {};
  if (!wait_until_all_rest()) return {};
  // Who was removed before it had caught up asks on until the others cut its links.
  const bool leaving = std::any_of(hosts_.begin(), hosts_.end(), [this](const auto& host) {
    return host->up() && !members_.is_member(host->index());
  });
  run_until([] { return false; }, leaving ? seconds(10) : seconds(4));
  const std::uint64_t others = watch_.others_sent;
  const std::uint64_t records = watch_.records;
  run_until([] { return false; }, seconds(1));
  if (watch_.others_sent != others) return "section 13, 12: idle, and more than Beats is sent";
  if (watch_.records != records) return "section 13, 12: idle, and records are written";
  return {};
}

std::string World::judge_history() {
  return users_->judge_history();
}

const Tally& World::finish() {
  ++tally_[Count::seeds];
  if (divided()) ++tally_[Count::divided];
  tally_[Count::simulated_ms] = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(executor_.now().time_since_epoch()).count());
  for (auto& host : hosts_) {
    host->watch().end_life();
    if (host->ever_flawed() && !trouble_->corrupted(host->index())) {
      ++tally_[Count::corruption_spread];
    }
  }
  return tally_;
}

std::string World::describe() {
  std::string text = "  " + sim::describe(plan_);
  for (auto& host : hosts_) {
    text += "\n  " + host->name() + ": ";
    if (!host->up()) {
      text += dead_.contains(host->index()) ? "down for ever" : "down";
      if (!host->stopped().ok()) text += ": " + host->stopped().message();
      continue;
    }
    const replica::ReplicaStatus status = host->replica().status();
    text += "L " + std::to_string(status.executed_round) + ", top + 1 " +
            std::to_string(status.top_round) + ", batches " +
            std::to_string(status.position.value) +
            (status.serving ? ", serving" : ", not serving: " + status.not_serving_because) +
            (host->paused() ? ", paused" : "");
    if (const consensus::Node* lanes = host->watch().lanes()) text += waits_for(*lanes);
  }
  const std::size_t waiting = users_->waiting();
  if (waiting > 0) text += "\n  " + std::to_string(waiting) + " clients wait";
  return text;
}

namespace {

// The replicas' own log lines belong into the trace, or nowhere.
class LogOfReplicas {
 public:
  explicit LogOfReplicas(std::ostream* trace) {
    while (!io::log_enabled(level_before_)) {
      level_before_ = static_cast<io::Level>(static_cast<int>(level_before_) + 1);
    }
    io::set_log_level(trace != nullptr ? io::Level::info : io::Level::off);
    if (trace == nullptr) return;
    io::set_log_sink([trace](io::Level, std::string_view line) {
      *trace << "            log     " << line << '\n';
    });
  }
  ~LogOfReplicas() {
    io::set_log_sink({});
    io::set_log_level(level_before_);
  }
  LogOfReplicas(const LogOfReplicas&) = delete;
  LogOfReplicas& operator=(const LogOfReplicas&) = delete;

 private:
  io::Level level_before_ = io::Level::debug;
};

}  // namespace

RunResult run_world(const Plan& plan, const WorldOptions& options, const MakeUsers& make_users) {
  const LogOfReplicas log(options.trace);
  World world(plan, options, make_users);
  RunResult result;
  result.violation = world.run();
  result.tally = world.finish();
  result.trace_hash = world.trace_hash();
  return result;
}

}  // namespace rabia::sim
