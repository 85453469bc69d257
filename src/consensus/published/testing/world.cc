#include "consensus/published/testing/world.h"

#include <algorithm>
#include <utility>

#include "consensus/codec.h"

namespace rabia::consensus::published::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

World::World(const WorldOptions& options) : options_(options), random_(options.seed) {
  for (std::size_t i = 1; i <= options.members; ++i) {
    const ReplicaId id{static_cast<std::uint16_t>(i)};
    options_.node.members.push_back(id);
    processes_[id].id = id;
  }
  for (auto& [id, process] : processes_) boot(process);
  for (const ReplicaId a : members()) {
    for (const ReplicaId b : members()) {
      if (a < b) connect(a, b);
    }
  }
}

std::vector<ReplicaId> World::members() const {
  return options_.node.members;
}

std::vector<ReplicaId> World::up() const {
  std::vector<ReplicaId> all;
  for (const auto& [id, process] : processes_) {
    if (process.node) all.push_back(id);
  }
  return all;
}

void World::boot(Process& process) {
  ++process.life;
  Options options;
  options.node = options_.node;
  options.node.cluster_id = "test";
  options.node.self = process.id;
  options.node.mode = Mode::memory;
  options.node.may_found = true;
  options.node.life = {random_.next(), random_.next()};
  options.log_bytes_max = options_.log_bytes_max;
  options.wall = base::WallTime(seconds(1'700'000'000)) +
                 std::chrono::duration_cast<std::chrono::microseconds>(
                     draw({base::Duration{}, options_.clocks_apart}));
  process.node = std::make_unique<Node>(options);
  process.records = 0;
  (void)process.node->start(now_);
  plan_step(process, now_);
}

// ---- time

bool World::run_one(base::Instant until) {
  if (events_.empty() || events_.begin()->first > until) return false;
  const auto first = events_.begin();
  now_ = first->first;
  const std::function<void()> event = std::move(first->second);
  events_.erase(first);
  event();
  return true;
}

void World::run_for(base::Duration span) {
  const base::Instant end = now_ + span;
  while (run_one(end)) {
  }
  now_ = end;
}

bool World::run_until(const std::function<bool()>& condition, base::Duration within) {
  const base::Instant end = now_ + within;
  while (!condition()) {
    if (!run_one(end)) return false;
  }
  return true;
}

base::Duration World::draw(const Delays& delays) {
  const auto span = static_cast<std::uint64_t>((delays.most - delays.least).count());
  return delays.least + base::Duration(span == 0 ? 0 : random_.below(span + 1));
}

// ---- members

void World::plan_step(Process& process, base::Instant when) {
  if (when <= now_) {
    if (process.step_planned) return;
    process.step_planned = true;
  }
  at(std::max(when, now_), [this, id = process.id, life = process.life, planned = when <= now_] {
    Process& target = processes_.at(id);
    if (target.life != life || !target.node) return;
    if (planned) target.step_planned = false;
    step(target);
  });
}

void World::step(Process& process) {
  Node& node = *process.node;
  for (int i = 0; i < 8; ++i) {
    while (!process.to_propose.empty() && node.can_propose()) {
      const Round number =
          node.propose(base::SharedBytes(std::exchange(process.to_propose.front(), {})), now_);
      process.to_propose.erase(process.to_propose.begin());
      if (!invariants_) {
        invariants_ = std::make_unique<Invariants>(Configuration(members()), node.incarnation());
      }
      invariants_->created(process.id, number.value);
    }
    node.tick(now_);
    const bool happened = !node.ready().empty();
    if (happened) obey(process);
    finish_reads(process);
    if (!happened) break;
  }
  const base::Instant wake = node.wake_at();
  if (wake != process.wake_planned) plan_step(process, wake);
  process.wake_planned = wake;
}

void World::obey(Process& process) {
  Node& node = *process.node;
  if (!invariants_ && node.incarnation() != 0) {
    invariants_ = std::make_unique<Invariants>(Configuration(members()), node.incarnation());
  }
  Ready& ready = node.ready();
  process.records += ready.records.size();
  for (const Execution& execution : ready.executions) execute(process, execution);
  for (const Outgoing& outgoing : ready.messages) {
    const auto* published = std::get_if<message::Published>(&outgoing.message);
    if (published != nullptr) invariants_->sent(process.id, published->said);
    if (outgoing.to) {
      transmit(process, *outgoing.to, outgoing.message);
      continue;
    }
    for (const ReplicaId member : outgoing.everyone_of->members()) {
      if (member != process.id) transmit(process, member, outgoing.message);
    }
  }
  ready.clear();
  node.durable(process.records, now_);  // Mode `memory`: at once.
}

void World::execute(Process& process, const Execution& execution) {
  invariants_->executed(process.id, process.log.size(), execution.slot, execution.batch,
                        execution.executed_end);
  process.log.emplace_back(execution.batch.view());
  if (execution.slot.lane != process.id) return;
  ++process.acknowledged;
  seen_end_ = std::max(seen_end_, static_cast<std::uint64_t>(process.log.size()));
}

void World::finish_reads(Process& process) {
  while (!process.reads.empty() && process.reads.begin()->first <= process.node->reads_done()) {
    if (process.log.size() < process.reads.begin()->second) {
      stale_reads_.push_back("a read at member " + std::to_string(process.id.value) + " is stale");
    }
    seen_end_ = std::max(seen_end_, static_cast<std::uint64_t>(process.log.size()));
    process.reads.erase(process.reads.begin());
    ++process.reads_done;
  }
}

void World::submit(ReplicaId member, const std::string& command) {
  Process& process = processes_.at(member);
  if (!process.node) return;
  process.to_propose.push_back(command);
  plan_step(process, now_);
}

void World::read(ReplicaId member) {
  Process& process = processes_.at(member);
  if (!process.node) return;
  process.reads[process.node->read()] = seen_end_;
  plan_step(process, now_);
}

// ---- messages

void World::transmit(const Process& process, ReplicaId to, const Message& message) {
  if (cut_[std::minmax(process.id, to)]) return;
  if (!std::holds_alternative<message::Beat>(message)) ++messages_;
  if (loses_ && loses_(process.id, to, message)) return;
  std::string bytes;
  encode(message, bytes);
  const int copies = random_.chance(faults_.duplicate_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (random_.chance(faults_.loss_percent)) continue;
    base::Duration delay = draw(options_.link);
    if (random_.chance(faults_.slow_percent)) delay += draw({{}, milliseconds(30)});
    at(now_ + delay, [this, from = process.id, to, incarnation = process.node->incarnation(),
                      bytes] { deliver(from, to, incarnation, bytes); });
  }
}

void World::deliver(ReplicaId from, ReplicaId to, Incarnation incarnation,
                    const std::string& bytes) {
  Process& process = processes_.at(to);
  if (!process.node) return;
  base::Decoder in(bytes);
  const Result<Message> message = decode_message(in);
  if (!message.ok()) {
    stale_reads_.push_back("a message that cannot be read: " + message.status().message());
    return;
  }
  process.node->receive(from, incarnation, message.value(), now_);
  plan_step(process, now_);
}

// ---- what goes wrong

void World::connect(ReplicaId a, ReplicaId b) {
  cut_[{a, b}] = false;
  for (const auto& [who, other] : {std::pair(a, b), std::pair(b, a)}) {
    Process& process = processes_.at(who);
    if (!process.node || !processes_.at(other).node) continue;
    process.node->peer_up(other, now_);
    plan_step(process, now_);
  }
}

void World::cut(ReplicaId a, ReplicaId b) {
  bool& between = cut_[std::minmax(a, b)];
  if (std::exchange(between, true)) return;
  for (const auto& [who, other] : {std::pair(a, b), std::pair(b, a)}) {
    if (is_up(who)) node(who).peer_down(other, now_);
  }
}

void World::mend(ReplicaId a, ReplicaId b) {
  if (cut_[std::minmax(a, b)]) connect(std::min(a, b), std::max(a, b));
}

void World::heal() {
  faults_ = {};
  loses_ = nullptr;
  for (const auto& [pair, is_cut] : std::map(cut_)) {
    if (is_cut) connect(pair.first, pair.second);
  }
}

void World::crash(ReplicaId member) {
  Process& process = processes_.at(member);
  if (!process.node) return;
  const NodeCounters& counters = process.node->counters();
  of_the_dead_.decided_zero_by_votes += counters.decided_zero_by_votes;
  process.node.reset();
  process.step_planned = false;
  process.to_propose.clear();
  process.reads.clear();
  for (const ReplicaId other : up()) node(other).peer_down(member, now_);
}

void World::restart(ReplicaId member) {
  Process& process = processes_.at(member);
  boot(process);
  for (const ReplicaId other : up()) {
    if (other != member) connect(std::min(member, other), std::max(member, other));
  }
}

// ---- what can be seen

bool World::settled() const {
  const Node* first = nullptr;
  for (const auto& [id, process] : processes_) {
    if (!process.node) continue;
    const Node& node = *process.node;
    if (!node.open() || !process.to_propose.empty() || !process.reads.empty()) return false;
    if (node.own_undecided() != 0 || node.in_use_end() != node.executed_end()) return false;
    if (first == nullptr) first = &node;
    if (node.executed_end() != first->executed_end()) return false;
  }
  return true;
}

std::vector<std::string> World::violations() const {
  std::vector<std::string> all = stale_reads_;
  if (invariants_) {
    all.insert(all.end(), invariants_->violations().begin(), invariants_->violations().end());
  }
  return all;
}

NodeCounters World::counters() const {
  NodeCounters all = of_the_dead_;
  for (const auto& [id, process] : processes_) {
    if (!process.node) continue;
    const NodeCounters& each = process.node->counters();
    all.proposed += each.proposed;
    all.decided_one += each.decided_one;
    all.decided_zero_by_votes += each.decided_zero_by_votes;
    all.decided_in_later_phases += each.decided_in_later_phases;
    all.learned += each.learned;
    all.coins += each.coins;
    all.barriers += each.barriers;
    all.needs_sent += each.needs_sent;
    all.fetches += each.fetches;
    all.phases += each.phases;
  }
  return all;
}

std::string World::describe() const {
  std::string text = "seed " + std::to_string(options_.seed) + ", " +
                     std::to_string(options_.members) + " members";
  for (const auto& [id, process] : processes_) {
    text += "\n  r" + std::to_string(id.value) + ": ";
    if (!process.node) {
      text += "down";
      continue;
    }
    const Node& node = *process.node;
    text += "slot " + std::to_string(node.executed_end().value) + ", executed " +
            std::to_string(process.log.size()) + ", own undecided " +
            std::to_string(node.own_undecided()) + ", waits " +
            std::to_string(node.queue().waiting().size()) + ", reads " +
            std::to_string(process.reads.size());
    if (!node.open()) text += ", not open " + node.why_refused();
  }
  for (const std::string& each : violations()) text += "\n  " + each;
  return text;
}

}  // namespace rabia::consensus::published::testing
