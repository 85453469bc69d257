// Time and members.
#include "consensus/testing/world.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace rabia::consensus::testing {

namespace {

std::vector<ReplicaId> first_members(std::size_t count) {
  std::vector<ReplicaId> members;
  for (std::size_t i = 1; i <= count; ++i) members.push_back({static_cast<std::uint16_t>(i)});
  return members;
}

}  // namespace

void Tally::add(const NodeCounters& counters) {
  nodes.proposed += counters.proposed;
  nodes.decided_one += counters.decided_one;
  nodes.decided_zero_by_states += counters.decided_zero_by_states;
  nodes.decided_zero_by_skip += counters.decided_zero_by_skip;
  nodes.decided_zero_by_votes += counters.decided_zero_by_votes;
  nodes.decided_in_later_phases += counters.decided_in_later_phases;
  nodes.learned += counters.learned;
  nodes.coins += counters.coins;
  nodes.forfeits += counters.forfeits;
  nodes.zeros_ahead += counters.zeros_ahead;
  nodes.barriers += counters.barriers;
  nodes.needs_sent += counters.needs_sent;
  nodes.fetches += counters.fetches;
  nodes.beyond_window_dropped += counters.beyond_window_dropped;
}

void Tally::add(const Tally& other) {
  add(other.nodes);
  steps += other.steps;
  crashes += other.crashes;
  restarts_with_undecided += other.restarts_with_undecided;
  history_requests += other.history_requests;
  from_earlier_lives += other.from_earlier_lives;
  beyond_window += other.beyond_window;
  proposed_again += other.proposed_again;
  acknowledged += other.acknowledged;
  reads += other.reads;
  records += other.records;
  for (std::size_t i = 0; i < messages.size(); ++i) messages[i] += other.messages[i];
}

World::World(WorldOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      invariants_(Configuration(first_members(options_.members)), options_.node.mode,
                  options_.node.window_rounds) {
  for (const ReplicaId id : first_members(options_.members)) processes_[id].id = id;
  for (auto& [id, process] : processes_) boot(process);
}

// ---- time

void World::at(base::Instant when, Event event) {
  events_.emplace(when, std::move(event));
}

void World::at_life(const Process& process, base::Instant when,
                    std::function<void(Process&)> event) {
  at(when, [this, id = process.id, life = process.life, event = std::move(event)] {
    Process& target = processes_.at(id);
    if (target.life == life && target.node != nullptr) event(target);
  });
}

void World::at_unless_healed(base::Instant when, Event event) {
  at(when, [this, heals = heals_, event = std::move(event)] {
    if (heals_ == heals) event();
  });
}

bool World::run_one(base::Instant until) {
  if (events_.empty() || events_.begin()->first > until) return false;
  now_ = events_.begin()->first;
  const Event event = std::move(events_.begin()->second);
  events_.erase(events_.begin());
  event();
  return true;
}

void World::run_for(base::Duration span) {
  const base::Instant until = now_ + span;
  while (run_one(until)) {
  }
  now_ = until;
}

bool World::run_until(const std::function<bool()>& condition, base::Duration within) {
  const base::Instant until = now_ + within;
  while (!condition()) {
    if (!run_one(until)) return false;
  }
  return true;
}

base::Duration World::draw(const Delays& delays) {
  const auto span = static_cast<std::uint64_t>((delays.most - delays.least).count());
  const base::Duration drawn =
      delays.least + base::Duration(static_cast<std::int64_t>(random_.below(span + 1)));
  return random_.chance(faults_.slow_percent) ? 10 * drawn : drawn;
}

// ---- members

void World::boot(Process& process) {
  NodeOptions options = options_.node;
  options.cluster_id = "world";
  options.self = process.id;
  options.members = first_members(options_.members);
  options.boot_id = "machine-" + std::to_string(process.id.value);
  options.may_found = process.id == options.members.front();
  options.life = {random_.next(), random_.next()};
  ++process.life;
  process.node = std::make_unique<Node>(std::move(options));
  process.slots = {};
  process.executed = 0;
  Node& node = *process.node;
  for (RecordNumber number = 1; number <= process.disk.written(); ++number) {
    const Record record = process.disk.read(number);
    process.slots.add(record);
    const Status restored = node.restore(record, number);
    RABIA_CHECK(restored.ok());
    for (const Execution& execution : node.ready().executions) execute(process, execution);
    node.ready().executions.clear();
  }
  note_undecided(process);
  RABIA_CHECK(node.start(now_).ok());
  process.client_at = now_ + draw(clients_.pause);
  give(process, [](Node&) {});
  refresh_links(process.id);
}

void World::note_undecided(const Process& process) {
  const Window& window = process.node->window();
  for (Round round = window.range().first; round < window.end(); ++round) {
    for (std::size_t index = 0; index < processes_.size(); ++index) {
      const WeakMvc& agreement = window.at(round, index).agreement;
      if (!agreement.own_state_unset() && !agreement.decision()) {
        ++tally_.restarts_with_undecided;
        return;
      }
    }
  }
}

void World::crash(ReplicaId member) {
  Process& process = processes_.at(member);
  if (process.node != nullptr) end_life(process);
}

void World::end_life(Process& process) {
  RABIA_CHECK(options_.node.mode != Mode::memory);  // What it promised is on no disk here.
  ++tally_.crashes;
  tally_.add(process.node->counters());
  const RecordNumber durable_before = process.disk.durable();
  process.disk.crash(random_);
  for (RecordNumber number = durable_before + 1; number <= process.disk.durable(); ++number) {
    invariants_.durable(process.id, process.disk.read(number));
  }
  Process fresh;
  fresh.id = process.id;
  fresh.life = process.life;
  fresh.disk = std::move(process.disk);
  process = std::move(fresh);
  refresh_links(process.id);
}

void World::restart(ReplicaId member) {
  Process& process = processes_.at(member);
  if (process.node == nullptr) boot(process);
}

void World::give(Process& process, std::function<void(Node&)> input) {
  process.inbox.push_back(std::move(input));
  if (process.step_planned) return;
  process.step_planned = true;
  at_life(process, now_ + draw(options_.gather), [this](Process& target) { step(target); });
}

void World::resume(ReplicaId member) {
  Process& process = processes_.at(member);
  if (!std::exchange(process.paused, false) || process.node == nullptr) return;
  if (process.step_planned) at_life(process, now_, [this](Process& target) { step(target); });
}

// One step as a replica does it: all input that waits, a tick, the Ready.
void World::step(Process& process) {
  if (process.paused) return;  // It stays planned.
  ++tally_.steps;
  process.step_planned = false;
  for (const auto& input : std::exchange(process.inbox, {})) input(*process.node);
  take_client_turn(process);
  process.node->tick(now_);
  if (carry_out(process) == Outcome::crashed) return;
  plan_wake(process);
  maybe_break_something(process);
}

void World::plan_wake(Process& process) {
  const base::Instant wake = process.node->wake_at();
  RABIA_CHECK(wake > now_);  // Or the replica would spin.
  if (process.wake_planned > now_ && process.wake_planned <= wake) return;
  process.wake_planned = wake;
  at_life(process, wake, [this](Process& target) { give(target, [](Node&) {}); });
}

// ---- clients

void World::set_clients(const Clients& clients) {
  clients_ = clients;
  for (auto& [id, process] : processes_) process.client_at = now_ + draw(clients.pause);
}

void World::submit(ReplicaId member, std::string command) {
  Process& process = processes_.at(member);
  process.to_propose.emplace_back(std::move(command));
  give(process, [](Node&) {});
}

void World::read(ReplicaId member) {
  Process& process = processes_.at(member);
  ++process.reads_wanted;
  give(process, [](Node&) {});
}

void World::take_client_turn(Process& process) {
  if (clients_.on && now_ >= process.client_at) {
    process.client_at = now_ + draw(clients_.pause);
    const bool reads = random_.chance(clients_.read_percent);
    if (reads) ++process.reads_wanted;
    if (!reads && process.to_propose.size() < 8) {
      process.to_propose.emplace_back(std::to_string(process.id.value) + ":" +
                                      std::to_string(++commands_));
    }
    at_life(process, process.client_at, [this](Process& p) { give(p, [](Node&) {}); });
  }
  for (; process.reads_wanted > 0; --process.reads_wanted) {
    process.reads[process.node->read()] = invariants_.read_asked();
  }
  propose_waiting(process);
}

void World::propose_waiting(Process& process) {
  while (!process.to_propose.empty() && process.node->can_propose()) {
    const base::SharedBytes batch = process.to_propose.front();
    process.to_propose.pop_front();
    const Round round = process.node->propose(batch, now_);
    process.under_way[round] = batch;
    invariants_.created({round, process.id}, base::hash64(batch.view()));
  }
}

// ---- what can be seen

bool World::settled() const {
  std::optional<Round> together;
  for (const auto& [id, process] : processes_) {
    if (process.node == nullptr) continue;
    const Node& node = *process.node;
    if (!together) together = node.executed_end();
    if (!node.open() || node.executed_end() != *together || node.in_use_end() != *together ||
        !process.to_propose.empty() || !process.under_way.empty() ||
        !process.to_acknowledge.empty() || !process.reads.empty() || process.reads_wanted > 0) {
      return false;
    }
  }
  return true;
}

Tally World::tally() const {
  Tally all = tally_;
  for (const auto& [id, process] : processes_) {
    if (process.node != nullptr) all.add(process.node->counters());
  }
  return all;
}

std::vector<ReplicaId> World::members() const {
  return first_members(options_.members);
}

std::string World::describe() const {
  std::string text = "seed " + std::to_string(options_.seed) + ", " +
                     std::to_string(options_.members) + " members";
  for (const std::string& violation : invariants_.violations()) text += "\n  " + violation;
  for (const auto& [id, process] : processes_) {
    text += "\n  member " + std::to_string(id.value) + ", life " + std::to_string(process.life);
    if (process.node == nullptr) {
      text += ": down";
      continue;
    }
    const Node& node = *process.node;
    const OwnLane& lane = node.own_lane();
    text += ": stage " + std::to_string(static_cast<int>(node.stage())) + ", L " +
            std::to_string(node.executed_end().value) + ", top + 1 " +
            std::to_string(node.in_use_end().value) + ", laneFrom " +
            std::to_string(lane.lane_from().value) + ", next " + std::to_string(lane.next().value) +
            ", H " + std::to_string(lane.reserved_durable().value) + ", to propose " +
            std::to_string(process.to_propose.size()) + ", under way " +
            std::to_string(process.under_way.size()) + ", reads " +
            std::to_string(process.reads.size());
  }
  return text;
}

}  // namespace rabia::consensus::testing
