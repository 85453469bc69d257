// What clients submit: gathered, cut into batches or put behind a barrier, answered or failed.
// protocol.md, section 3 (pace, order of a connection, re-proposal) and section 6 (reads).
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "replica/core.h"

namespace rabia::replica {

using base::Mutant;
using base::mutated;

// ---- submission

// A client's items lie in one group at a time, so they are answered in order, whatever happens.
bool Core::accepts(ClientId id) const {
  const bool any_group = mutated(Mutant::connection_in_two_batches);
  if (!clients_.all_in(id, *open_) && !any_group) return false;
  if (!full()) return true;
  clients_.block(id);
  return false;
}

bool Core::full() const {
  return open_->commands.size() >= options_.tuning.batch_bytes_max ||
         waiting_bytes_ + open_->bytes() >= options_.waiting_bytes_max;
}

Group& Core::open_group_for(ClientId id) {
  if (open_->empty()) open_->since = environment_.executor.now();
  clients_.submitted(id, *open_);
  schedule();
  return *open_;
}

void Core::submit_write(ClientId id, std::uint64_t token, std::string_view command) {
  open_group_for(id).add_write(id, token, command);
}

void Core::submit_read(ClientId id, std::uint64_t token, std::string_view operation) {
  open_group_for(id).add_read(id, token, operation);
}

void Core::change_members(const MemberChange& change, std::function<void(Status)> done) {
  if (options_.protocol == Protocol::published) {
    return done({Code::failed_precondition,
                 "the members never change in the protocol as published: found a cluster with the "
                 "protocol 'lanes' for that"});
  }
  if (stopped_) return done({Code::unavailable, "the replica has stopped"});
  if (!available()) return done({Code::unavailable, why_not_serving()});
  members_->change(change, std::move(done));
}

// A batch that changes the members stands in line with those that are proposed again.
void Core::submit_change(base::SharedBytes batch, std::function<void(Status)> done) {
  auto group = std::make_unique<Group>();
  group->batch = std::move(batch);
  group->since = environment_.executor.now();
  group->members_changed = std::move(done);
  waiting_bytes_ += group->bytes();
  repropose_.push_back(std::move(group));
  schedule();
}

// ---- cutting

// Reads ride on the batch of the writes that wait with them; alone, they share one barrier.
void Core::cut() {
  while (!repropose_.empty() && node_->can_propose()) {
    std::unique_ptr<Group> group = std::move(repropose_.front());
    repropose_.pop_front();
    waiting_bytes_ -= group->bytes();
    ++reproposed_;
    propose(std::move(group));
  }
  propose_tick();
  if (open_->empty()) return;
  if (open_->writes == 0) {
    if (!barrier_ && available()) start_barrier();
  } else if (repropose_.empty() && pace_allows() && node_->can_propose()) {
    propose(take_open());
  }
}

std::unique_ptr<Group> Core::take_open() {
  std::unique_ptr<Group> group = std::move(open_);
  open_ = std::make_unique<Group>();
  return group;
}

// Section 3, "Pace": at once when no own batch is under way or much waits; else some time apart, so
// that batches grow with the load.
bool Core::pace_allows() const {
  return proposed_.empty() || open_->commands.size() >= options_.tuning.cut_at_once_bytes ||
         now_ >= pace_allows_at();
}

base::Instant Core::pace_allows_at() const {
  return last_cut_ + commit_time_ / 4;
}

void Core::propose(std::unique_ptr<Group> group) {
  stamp(*group);
  if (group->number == 0 && !group->items.empty()) times_.queue.record(now_ - group->since);
  group->proposed_at = last_cut_ = now_;
  waiting_bytes_ += group->bytes();
  if (group->number == 0) group->number = ++groups_;
  const consensus::Round round = node_->propose(group->batch, now_);
  if (environment_.probe != nullptr) environment_.probe->proposed(round, group->number);
  proposed_.emplace(round, std::move(group));
  unblock();
}

void Core::start_barrier() {
  barrier_ = take_open();
  barrier_->barrier_token = node_->read();
  if (environment_.probe != nullptr) environment_.probe->read_began(barrier_->barrier_token);
  waiting_bytes_ += barrier_->bytes();
  unblock();
}

// ---- outcomes

void Core::own_decision(const consensus::OwnDecision& decision) {
  const auto own = proposed_.find(decision.round);
  if (own == proposed_.end()) return;
  Group& group = *own->second;
  if (decision.value == consensus::Bit::one) {
    const base::Duration took = now_ - group.proposed_at;
    commit_time_ += (took - commit_time_) / 8;
    group.decided_at = now_;
    times_.replicate.record(took);
    if (mutated(Mutant::reply_before_execution) && !reply_bytes_.empty() &&
        decision.round >= node_->executed_end()) {
      waiting_bytes_ -= group.bytes();
      for (const Item& item : std::exchange(group.items, {})) {
        Client* const client = clients_.answering(item.client);
        if (client == nullptr) continue;
        // With the reply that the last command had: mostly the same.
        if (item.is_write) client->on_executed(item.token, reply_bytes_);
        if (!item.is_write) client->on_readable(item.token, group.read_of(item));
      }
      waiting_bytes_ += group.bytes();
    }
    return;
  }
  // Decided 0: the same batch may be proposed again, unless its clients were told that its outcome
  // is not known.
  if (group.empty()) {
    waiting_bytes_ -= group.bytes();
  } else {
    repropose_.push_back(std::move(own->second));
    again_ = true;
  }
  proposed_.erase(own);
}

void Core::reads_done(std::uint64_t token) {
  const bool early = mutated(Mutant::answers_before_replay_ends) && !serving_;
  if (!barrier_ || (token < barrier_->barrier_token && !early)) return;
  const std::unique_ptr<Group> group = std::move(barrier_);
  if (environment_.probe != nullptr) environment_.probe->read_done(group->barrier_token, position_);
  waiting_bytes_ -= group->bytes();
  times_.read_barrier.record(now_ - group->since);
  for (const Item& item : group->items) {
    if (Client* const client = clients_.answering(item.client)) {
      client->on_readable(item.token, group->read_of(item));
    }
  }
  if (mutated(Mutant::barrier_serves_later_reads) && !open_->empty() && open_->writes == 0) {
    start_barrier();
    reads_done(barrier_->barrier_token);
  }
  again_ = again_ || !open_->empty();  // Reads that wait for the next barrier.
}

// ---- failures

void Core::fail(Group& group, Failure failure) {
  if (const auto done = std::exchange(group.members_changed, nullptr)) {
    done(failure == Failure::not_executed
             ? Status(Code::unavailable, "nothing was changed: no quorum answered in time")
             : Status(
                   Code::unknown_outcome,
                   "no quorum answered in time: look at the list of members before trying again"));
  }
  const std::vector<Item> items = std::exchange(group.items, {});
  for (const Item& item : items) {
    // A read changes nothing, so it is never unknown what it did.
    const Failure told = item.is_write ? failure : Failure::not_executed;
    if (Client* const client = clients_.answering(item.client)) client->on_failed(item.token, told);
  }
}

bool Core::available() const {
  return node_->open() && node_->has_quorum() && node_->is_voter() && !stepped_back();
}

// Section 3: without a quorum, what is not in a batch is refused, and what is in one is answered
// "outcome unknown" after a bounded time.
void Core::fail_what_cannot_wait() {
  if (available()) {
    unavailable_since_.reset();
  } else if (!unavailable_since_) {
    unavailable_since_ = now_;
  }
  const bool refuse = stepped_back() || (unavailable_since_ &&
                                         now_ - *unavailable_since_ >= options_.unavailable_after);
  const base::Instant oldest = now_ - options_.answer_within;
  const auto too_long = [&](const Group& group) { return refuse || group.since <= oldest; };

  if (barrier_ && too_long(*barrier_)) {
    waiting_bytes_ -= barrier_->bytes();
    fail(*barrier_, Failure::not_executed);
    barrier_.reset();
  }
  for (auto& [round, group] : proposed_) {
    if (group->empty() || group->since > oldest) continue;
    waiting_bytes_ -= group->bytes();
    fail(*group, Failure::outcome_unknown);
    waiting_bytes_ += group->bytes();
  }
  while (!repropose_.empty() && too_long(*repropose_.front())) {
    waiting_bytes_ -= repropose_.front()->bytes();
    fail(*repropose_.front(), Failure::not_executed);
    repropose_.pop_front();
  }
  if (!open_->empty() && too_long(*open_)) {
    const std::unique_ptr<Group> refused = take_open();
    fail(*refused, Failure::not_executed);
    unblock();
  }
}

// ---- telling clients

void Core::unblock() {
  if (!full()) clients_.unblock();
}

void Core::notify_accepting() {
  unblock();
  clients_.notify_accepting();
}

}  // namespace rabia::replica
