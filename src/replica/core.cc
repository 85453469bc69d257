// Steps: inputs in, Ready carried out.
#include "replica/core.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "io/log.h"
#include "replica/commands_ahead.h"
#include "storage/record.h"

namespace rabia::replica {

Core::Core(const Environment& environment, ReplicaOptions options,
           std::shared_ptr<const storage::DataDirectory> directory, StateMachine& machine,
           Callbacks callbacks)
    : environment_(environment),
      options_(std::move(options)),
      machine_(machine),
      callbacks_(std::move(callbacks)),
      directory_(std::move(directory)),
      history_(options_.durability == Durability::memory, options_.tuning.memory_history_bytes),
      clock_(options_.clock_ahead_max),
      open_(std::make_unique<Group>()),
      digests_(options_.tuning.digest_positions) {
  digests_.begin({position_, machine_.digest()});
}

// ---- inputs

void Core::receive(ReplicaId from, std::string_view frame) {
  if (stopped_) return;
  base::Decoder in(frame);
  const auto incarnation = in.fixed<std::uint64_t>();
  const base::Instant now = environment_.executor.now();
  while (in.ok() && in.remaining() > 0) {
    Result<consensus::Message> message = consensus::decode_message(in);
    if (!message.ok()) {
      io::log(io::Level::warning, "replica", "rest of a frame dropped",
              {{"peer", from}, {"reason", message.status().message()}});
      break;
    }
    if (environment_.probe != nullptr) environment_.probe->received(from, message.value());
    judge_stamp(from, message.value());
    node_->receive(from, incarnation, message.value(), now);
  }
  schedule();
}

void Core::on_durable(storage::Lsn lsn) {
  if (stopped_) return;
  ++commits_;
  durable_lsn_ = lsn;
  if (environment_.probe != nullptr) environment_.probe->durable(lsn);
  const base::Instant now = environment_.executor.now();
  note_written(lsn, now);
  node_->durable(lsn, now);
  schedule();
}

// One step at the end of the turn, however many inputs came in it.
void Core::schedule() {
  if (in_step_) {
    again_ = true;
    return;
  }
  if (scheduled_) return;
  scheduled_ = true;
  environment_.executor.post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    scheduled_ = false;
    step();
  });
}

// In another turn, also when a step is under way: for work that is done in pieces.
void Core::step_later() {
  environment_.executor.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) schedule();
  });
}

void Core::on_timer() {
  timer_at_.reset();
  step();
}

// ---- the step

void Core::step() {
  if (stopped_) return refuse_after_stop();
  in_step_ = true;
  const base::Instant began = environment_.executor.now();
  // A turn does not last for ever: what is left after some rounds goes on in the next one.
  bool more = true;
  for (int rounds = 0; more && rounds < 8 && !stopped_; ++rounds) {
    again_ = false;
    const bool happened = step_once();
    more = happened || again_;
  }
  if (!stopped_) {
    outbox_->flush();
    flush_lazy_records();
    set_timer();
  }
  in_step_ = false;
  if (more) schedule();
  clients_.end_step();
  times_.step.record(environment_.executor.now() - began);
}

// Returns whether anything happened, so that it should be tried again.
bool Core::step_once() {
  now_ = environment_.executor.now();
  fail_what_cannot_wait();
  cut();
  node_->tick(now_);
  consensus::Ready& ready = node_->ready();
  const bool happened = !ready.empty();
  compare_digests(ready.digest_claims);
  if (stopped_) return false;
  // In the order that Ready asks for. None of this gives the node an input.
  append_records();
  for (const consensus::OwnDecision& decision : ready.own_decisions) own_decision(decision);
  for (const consensus::Execution& execution : ready.executions) {
    execute(execution);
    if (stopped_) return false;
  }
  reads_done(node_->reads_done());
  for (consensus::Outgoing& outgoing : ready.messages) {
    say_what_is_supported(outgoing.message);
    send(outgoing);
  }
  for (const consensus::HistoryRequest& request : ready.history) reply_from_history(request);
  for (const consensus::SnapshotTalk& talk : ready.snapshot_talk) talk_about_snapshots(talk);
  const bool waits = ready.waits;
  const bool wrote = !ready.records.empty();
  ready.clear();
  if (wrote) {
    if (waits) last_commit_ = now_;
    wal_->commit(waits);  // Mode `memory`: tells the node of durable records before it returns.
  }
  notice_stage();
  if (!stopped_) claim_digest();
  if (snapshots_ && !stopped_) tick_snapshots();
  if (!stopped_) members_->tick(now_, available());
  if (!stopped_) notify_accepting();
  return happened;
}

void Core::send(const consensus::Outgoing& outgoing) {
  if (environment_.probe != nullptr) environment_.probe->sent(outgoing);
  outbox_->add(node_->incarnation(), options_.self, outgoing);
}

void Core::append_records() {
  storage::Lsn last = 0;
  for (const consensus::Record& record : node_->ready().records) {
    record_bytes_.clear();
    consensus::encode(record, record_bytes_);
    const storage::Wal::Appended appended = wal_->append(record_bytes_);
    last = appended.lsn;
    log_since_snapshot_ += record_bytes_.size() + storage::record_bytes(0);
    if (disk_room_) disk_room_->wrote(record_bytes_.size() + storage::record_bytes(0));
    if (environment_.probe != nullptr) environment_.probe->appended(appended.lsn, record);
    // Section 10: on stable storage before anything is said, in mode `os` too.
    if (std::holds_alternative<consensus::record::Boot>(record) ||
        std::holds_alternative<consensus::record::Founding>(record)) {
      wal_->require_sync();
    }
    note_place(record, appended.lsn, appended.location);
    if (base::mutated(base::Mutant::log_cut_before_its_snapshot) &&
        std::holds_alternative<consensus::record::Checkpoint>(record)) {
      wal_->remove_segments_before(appended.location.segment);
    }
  }
  if (last != 0 && node_->ready().waits) writes_.push_back({last, now_});
}

void Core::note_written(storage::Lsn up_to, base::Instant now) {
  for (; !writes_.empty() && writes_.front().last <= up_to; writes_.pop_front()) {
    times_.log_write.record(now - writes_.front().at);
  }
}

// ---- execution

void Core::execute(const consensus::Execution& execution) {
  if (lanes_ != nullptr) {
    history_.executed(execution.slot, execution.batch, execution.executed_end);
  }
  const auto own =
      execution.slot.lane == options_.self ? proposed_.find(execution.slot.round) : proposed_.end();
  if (own == proposed_.end()) {
    apply_batch(execution, nullptr);
    return;
  }
  const std::unique_ptr<Group> group = std::move(own->second);
  proposed_.erase(own);
  waiting_bytes_ -= group->bytes();
  apply_batch(execution, group.get());
  const base::Instant now = environment_.executor.now();
  if (group->decided_at != base::Instant{}) times_.execute.record(now - group->decided_at);
  if (!group->items.empty()) times_.commit.record(now - group->since);
}

// Applies the commands, and answers the clients of `group` each at its place: a read between two
// writes of one pipeline sees the first and not the second.
void Core::apply_batch(const consensus::Execution& execution, Group* group) {
  if (const auto stamp = stamp_of(execution.batch.view())) {
    clock_.executed(*stamp, environment_.executor.now());
  }
  const LogTime time = base::mutated(base::Mutant::expiry_by_the_local_clock)
                           ? log_time_of(environment_.executor.wall_now())
                           : clock_.time();
  ApplyContext context{position_, execution.slot.lane, time};
  if (environment_.probe != nullptr) {
    environment_.probe->executed(execution, position_, group != nullptr && !group->empty());
  }
  ++position_.value;
  if (execution.membership) members_changed(*execution.membership, group);
  machine_.begin_batch(context);
  CommandsAhead commands(execution.batch.view(), machine_);
  std::string_view command;
  if (group != nullptr) {
    for (const Item& item : group->items) {
      if (item.is_write) {
        RABIA_CHECK(commands.next(command));
        ++commands_executed_;
        const bool waited_for = clients_.contains(item.client);
        reply_bytes_.clear();
        machine_.apply(context, command, waited_for ? &reply_bytes_ : nullptr);
        ++context.index;
        if (Client* const client = clients_.answering(item.client)) {
          client->on_executed(item.token, reply_bytes_);
        }
      } else if (Client* const client = clients_.answering(item.client)) {
        client->on_readable(item.token, group->read_of(item));
      }
    }
  }
  while (commands.next(command)) {
    ++commands_executed_;
    machine_.apply(context, command, nullptr);
    ++context.index;
  }
  note_digest();
}

// It was executed: this is so on every replica, or changes nothing on any.
void Core::members_changed(const Status& status, Group* group) {
  if (status.ok()) {
    members_->log_change();
    members_->follow();
  }
  if (group == nullptr) return;
  if (const auto done = std::exchange(group->members_changed, nullptr)) done(status);
}

// ---- the life of the replica

void Core::notice_stage() {
  using Stage = consensus::Node::Stage;
  if (node_->stage() == Stage::must_rejoin) {
    stop_because({Code::failed_precondition, node_->why_refused()});
    return;
  }
  if (node_->stage() == Stage::founding && now_ - opened_at_ >= std::chrono::seconds(3) &&
      !told_of_founding_) {
    told_of_founding_ = true;
    io::log(io::Level::warning, "replica", "not founded yet",
            {{"reason", status().not_serving_because}});
  }
  if (node_->stage() == Stage::rejoining && !rejoining_) {
    rejoining_ = true;
    io::log(io::Level::warning, "replica", "without its memory: takes everything from the others",
            {{"replica", options_.self}});
  }
  if (node_->stage() == Stage::running || rejoining_) {
    transport_->set_incarnation(node_->incarnation());
  }
  notice_rejoin();
  notice_serving();
}

namespace {

// What a replica had before its rejoin is of no use any more.
void forget_set_aside(Jobs& jobs, io::FileSystem& files, const std::string& path) {
  jobs.run([&files, path] { return storage::DataDirectory::forget_set_aside(files, path); },
           [](const Status& status) {
             if (status.ok()) return;
             io::log(io::Level::warning, "replica",
                     "what was put aside for the rejoin is still there",
                     {{"reason", status.message()}});
           });
}

bool anything_set_aside(io::FileSystem& files, const std::string& path) {
  const auto names = files.list(path);
  return names.ok() &&
         std::any_of(names.value().begin(), names.value().end(),
                     [](const std::string& name) { return name.ends_with(".before-rejoin"); });
}

}  // namespace

void Core::notice_rejoin() {
  if (node_->stage() != consensus::Node::Stage::running || !rejoining_) return;
  rejoining_ = false;
  io::log(io::Level::info, "replica", "back without its memory",
          {{"replica", options_.self}, {"takes_part_from_round", node_->floor().value}});
  if (snapshot_jobs_) {
    forget_set_aside(*snapshot_jobs_, environment_.files, options_.data_directory);
  }
}

// It serves when a first linearizable read has come through: everything acknowledged before it
// started is executed here.
void Core::notice_serving() {
  if (serving_ || !available()) return;
  if (serving_token_ == 0) {
    serving_token_ = node_->read();
    again_ = true;
  } else if (node_->reads_done() >= serving_token_) {
    serving_ = true;
    io::log(io::Level::info, "replica", "serving",
            {{"replica", options_.self},
             {"incarnation", node_->incarnation()},
             {"round", node_->executed_end().value},
             {"batches", position_.value}});
    // An earlier life may have come back from a rejoin, and ended before it had removed this.
    if (snapshot_jobs_ && anything_set_aside(environment_.files, options_.data_directory)) {
      forget_set_aside(*snapshot_jobs_, environment_.files, options_.data_directory);
    }
    if (callbacks_.serving) callbacks_.serving();
  }
}

void Core::stop_because(Status status) {
  if (stopped_) return;
  io::log(io::Level::error, "replica", "stopping", {{"reason", status.message()}});
  halt();
  if (callbacks_.stopped) callbacks_.stopped(std::move(status));
}

// Takes no more part, and answers everyone who waits.
void Core::halt() {
  stopped_ = true;
  disk_room_.reset();
  if (snapshot_jobs_) snapshot_jobs_->stop();  // It has until it is waited for.
  fetch_.reset();
  giver_.reset();
  taker_.reset();
  snapshot_jobs_.reset();  // Waits for the job under way.
  const Result<SnapshotInfo> stops(Code::unavailable, "the replica is stopping");
  snapshot_requests_.end(stops);
  if (members_) members_->stop(stops.status());
  snapshot_requests_.answer_waiting(stops);
  timer_->disarm();
  // What is in a batch may have been sent: nobody can say what becomes of it.
  for (auto& [round, group] : proposed_) fail(*group, Failure::outcome_unknown);
  for (auto& group : repropose_) fail(*group, Failure::not_executed);
  if (barrier_) fail(*barrier_, Failure::not_executed);
  fail(*open_, Failure::not_executed);
  clients_.end_step();
}

// What is submitted until the process ends.
void Core::refuse_after_stop() {
  const std::unique_ptr<Group> refused = take_open();
  fail(*refused, Failure::not_executed);
  notify_accepting();
  clients_.end_step();
}

Status Core::close() {
  RABIA_CHECK(!in_step_);
  if (stopped_) return {Code::failed_precondition, "the replica had stopped already"};
  halt();
  members_->link_by(nullptr);
  transport_.reset();
  record_bytes_.clear();
  consensus::encode(consensus::Record(consensus::record::CleanStop{}), record_bytes_);
  wal_->append(record_bytes_);
  return wal_->close();
}

// ---- timers

void Core::set_timer() {
  base::Instant when = node_->wake_at();
  if (fetch_ && fetch_->wake_at()) when = std::min(when, *fetch_->wake_at());
  if (claims_digest()) when = std::min(when, claim_at_);
  if (open_->writes > 0 && node_->can_propose()) when = std::min(when, pace_allows_at());
  if (const auto tick = tick_at()) when = std::min(when, *tick);
  if (timer_at_ && *timer_at_ <= when) return;
  timer_at_ = when;
  timer_->arm(when);
}

// Decisions are recorded without haste, but not never.
void Core::flush_lazy_records() {
  if (now_ - last_commit_ < std::chrono::milliseconds(100)) return;
  last_commit_ = now_;
  wal_->flush_lazy();
}

// ---- status

std::size_t Core::peers_holding_everything() const {
  const auto& configuration = node_->configurations().at(node_->executed_end());
  const std::size_t least = configuration.quorums().quorum() - 1;
  std::size_t caught_up = 0;
  for (const ReplicaId member : configuration.members()) {
    if (member == options_.self || !transport_ || !transport_->up(member)) continue;
    if (node_->peer_executed_end(member) >= node_->executed_end()) ++caught_up;
  }
  return std::max(least, caught_up);
}

// A member that was removed while it was away hears of it from those who refuse it.
std::string Core::why_no_quorum() const {
  std::string why = "no quorum of the members is connected";
  if (!transport_) return why;
  for (const transport::Transport::PeerStats& peer : transport_->stats()) {
    if (peer.refused_because.empty()) continue;
    why +=
        "; member " + std::to_string(peer.id.value) + " refuses this one: " + peer.refused_because;
  }
  return why;
}

std::string Core::why_not_serving() const {
  using Stage = consensus::Node::Stage;
  if (stopped_) return "it is stopping";
  if (members_->removed()) return "this replica was removed from the cluster";
  if (node_->stage() == Stage::founding) {
    if (options_.rejoin) return "no member of the cluster has been heard yet";
    return "the cluster is not founded: all members must have been seen, and at least one of them "
           "started with --bootstrap";
  }
  if (stepped_back()) return why_stepped_back;
  if (node_->stage() == Stage::rejoining) return "it has lost its memory and comes back";
  if (!node_->has_quorum()) return why_no_quorum();
  if (!node_->is_voter()) return "this replica is a learner, not yet a voter";
  if (!node_->open()) return "joining the cluster";
  return serving_ ? "" : "catching up";
}

void Core::status_of_lanes(ReplicaStatus& status) const {
  if (lanes_ == nullptr) return;
  for (const consensus::LaneSeen& seen : lanes_->lanes_seen()) {
    const auto peer = std::ranges::find(status.peers, seen.lane, &PeerStatus::id);
    if (peer == status.peers.end()) continue;
    peer->waits = seen.waits;
    peer->forfeits = seen.forfeits;
    peer->zeros_ahead = seen.zeros_ahead;
    peer->trust_interval = seen.interval;
    peer->recent_wait = seen.recent_wait;
    peer->patience = seen.patience;
  }
}

ReplicaStatus Core::status() const {
  ReplicaStatus status;
  status.serving = serving_ && available() && !stopped_;
  status.not_serving_because = why_not_serving();
  const consensus::NodeCounters& counters = node_->counters();
  status.executed_round = node_->executed_end().value;
  status.top_round = node_->in_use_end().value;
  status.position = position_;
  status.incarnation = node_->incarnation();
  status.batches_proposed = counters.proposed;
  status.batches_reproposed = reproposed_;
  status.commands_executed = commands_executed_;
  status.barriers = counters.barriers;
  status.log_time = clock_.time();
  status.batches_refused = counters.refused;
  status.own_clock_is_wrong = own_clock_is_wrong();
  status.forfeits = counters.forfeits;
  status.protocol = options_.protocol;
  status.slots_empty = counters.decided_zero_by_states + counters.decided_zero_by_votes;
  status.slots_decided = counters.decided_one + status.slots_empty;
  if (const std::uint64_t voted = status.slots_decided - counters.learned;
      lanes_ == nullptr && voted > 0) {
    status.phases_per_slot = static_cast<double>(counters.phases) / static_cast<double>(voted);
  }
  status.log_commits = commits_;
  status.slots_skipped = counters.decided_zero_by_skip;
  status.slots_decided_late = counters.decided_in_later_phases;
  status.slots_learned = counters.learned;
  status.coins = counters.coins;
  status.zeros_ahead = counters.zeros_ahead;
  status.needs_sent = counters.needs_sent;
  status.fetches = counters.fetches;
  status.waiting_bytes = waiting_bytes_ + open_->bytes();
  status.waiting_bytes_max = options_.waiting_bytes_max;
  status.history_entries = history_.size();
  status_of_snapshots(status);
  members_->describe(status);
  status_of_lanes(status);
  status_of_digests(status);
  return status;
}

}  // namespace rabia::replica
