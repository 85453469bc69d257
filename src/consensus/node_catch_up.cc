// What a replica lacks, and what it gives to one that lacks it. protocol.md, section 7.
#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "consensus/node.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

namespace {

// Roughly what a message costs in a frame, without its batch.
constexpr std::uint64_t message_bytes = 32;

}  // namespace

// ---- answering

void Node::on(ReplicaId from, const message::Need& need) {
  raise_in_use(need.in_use_end);
  std::vector<SlotId> wanted_executed;
  std::vector<SlotId> wanted_here;
  for (const SlotId slot : need.wanted) {
    (slot.round < window_.executed_end() ? wanted_executed : wanted_here).push_back(slot);
  }
  if (need.executed_end < window_.executed_end()) {
    const RoundRange executed{need.executed_end, window_.executed_end()};
    ready_.history.push_back({from, executed, std::move(wanted_executed)});
    return;
  }
  if (!wanted_executed.empty()) {
    ready_.history.push_back(
        {from, {need.executed_end, need.executed_end}, std::move(wanted_executed)});
  }
  std::sort(wanted_here.begin(), wanted_here.end());
  reply_to_need(from, need.executed_end, wanted_here);
}

// In log order from the asker's L: decisions with their batches, and of undecided slots what this
// replica itself has said. `wanted` is sorted.
void Node::reply_to_need(ReplicaId to, Round from, const std::vector<SlotId>& wanted) {
  const Round end = window_.range().end;
  std::uint64_t bytes = 0;
  Round round = std::max(from, window_.executed_end());
  for (; round < end && bytes < options_.reply_bytes_max; ++round) {
    const Configuration& configuration = configurations_.at(round);
    for (std::size_t index = 0; index < configuration.size(); ++index) {
      const SlotId id{round, configuration.members()[index]};
      const bool batch_wanted = std::binary_search(wanted.begin(), wanted.end(), id);
      bytes += reply_with_slot(to, id, window_.at(round, index), batch_wanted);
    }
  }
  send(to, message::NeedEnd{round, round < end});
}

std::uint64_t Node::reply_with_slot(ReplicaId to, SlotId id, const Slot& slot, bool batch_wanted) {
  const WeakMvc& agreement = slot.agreement;
  std::uint64_t bytes = 0;
  if (agreement.holds_batch() && (batch_wanted || agreement.decision() == Bit::one)) {
    send(to, message::BatchCopy{id, agreement.batch()});
    bytes += agreement.batch().size() + message_bytes;
  }
  if (agreement.decision()) {
    answer_decided(to, id, *agreement.decision());
    return bytes + message_bytes;
  }
  reply_with_own(to, id, slot);
  return bytes + message_bytes;
}

// The own states and votes of an undecided slot that are durable. None below the floor: there this
// replica takes no part, whatever it remembers.
void Node::reply_with_own(ReplicaId to, SlotId id, const Slot& slot) {
  const auto self = configurations_.at(id.round).index_of(options_.self);
  if (!self || id.round < floor()) return;
  const RoundRange round{id.round, id.round + 1};
  for (Phase phase = first_phase; phase <= slot.agreement.phases(); ++phase) {
    const PhaseTally& tally = slot.agreement.tally(phase);
    const bool early = mutated(Mutant::need_answered_before_durable);
    if (tally.states().contains(*self) || (early && tally.own_state)) {
      send(to, message::State{id.lane, round, phase, *tally.own_state});
    }
    if (tally.votes().contains(*self) || (early && tally.own_vote)) {
      send(to, message::CastVote{id.lane, round, phase, *tally.own_vote});
    }
  }
}

// ---- asking

void Node::on(ReplicaId from, const message::NeedEnd& end) {
  if (end.more) peers_.at(from).more = true;
}

void Node::ask_for_what_is_missing() {
  const Round executed_end = window_.executed_end();
  // At once when a reply was cut short, if it brought this replica on: else the timer asks.
  for (auto& [id, peer] : peers_) {
    if (peer.more && peer.up && executed_end > peer.needed_from) send_need(id, {});
  }
  if (executed_end > need_stood_at_ || executed_end >= window_.in_use_end()) {
    need_stood_at_ = executed_end;
    need_after_ =
        std::clamp(4 * least_patience(), options_.need_after_least, options_.need_after_most);
    need_at_ = now_ + need_after_;
    if (dropped_beyond_window_ && executed_end < window_.in_use_end()) {
      dropped_beyond_window_ = false;
      need_at_ = now_;  // What was dropped can be taken now.
    }
  }
  if (executed_end < window_.in_use_end() && now_ >= need_at_) {
    for (const auto& [id, peer] : peers_) {
      if (peer.up) send_need(id, {});
    }
    need_after_ = std::min(2 * need_after_, options_.need_after_most);
    need_at_ = now_ + need_after_;
  }
  fetch_missing_batches();
}

void Node::send_need(ReplicaId to, std::vector<SlotId> wanted) {
  ++counters_.needs_sent;
  Peer& peer = peers_.at(to);
  peer.needed_from = window_.executed_end();
  peer.more = false;
  send(to, message::Need{window_.executed_end(), window_.in_use_end(), std::move(wanted)});
}

// Section 2.3: a batch that is known to exist and has not come is asked of one holder at a time.
void Node::fetch_missing_batches() {
  const RoundRange rounds = window_.in_use();
  std::map<ReplicaId, std::vector<SlotId>> wanted;
  for (Round round = rounds.first; round < rounds.end; ++round) {
    const Configuration& configuration = configurations_.at(round);
    for (std::size_t index = 0; index < configuration.size(); ++index) {
      Slot& slot = window_.at(round, index);
      const WeakMvc& agreement = slot.agreement;
      if (agreement.holds_batch() || agreement.decision() == Bit::zero ||
          !agreement.batch_exists()) {
        continue;
      }
      const SlotId id{round, configuration.members()[index]};
      const auto owner = peers_.find(id.lane);
      if (slot.fetch_after == base::Instant{}) {  // It often arrives right behind.
        const bool owner_up = owner != peers_.end() && owner->second.up;
        const base::Duration wait = std::max(least_patience() / 2, slowest_exchange() / 2);
        slot.fetch_after = owner_up ? now_ + wait : now_;
      }
      if (now_ < slot.fetch_after) continue;
      const auto holder = holder_to_ask(id, slot);
      if (!holder || wanted[*holder].size() == options_.fetch_slots_max) continue;
      wanted[*holder].push_back(id);
      ++slot.fetches;
      ++counters_.fetches;
      slot.fetch_after = now_ + std::max(options_.need_after_least, slowest_exchange());
    }
  }
  for (auto& [holder, slots] : wanted) send_need(holder, std::move(slots));
}

// Takes the known holders in turn; of a decided slot whose holders are not known, anyone.
std::optional<ReplicaId> Node::holder_to_ask(SlotId id, const Slot& slot) const {
  const Configuration& configuration = configurations_.at(id.round);
  const MemberSet holders = slot.agreement.holders();
  std::vector<ReplicaId> known;
  std::vector<ReplicaId> others;
  for (std::size_t index = 0; index < configuration.size(); ++index) {
    const ReplicaId member = configuration.members()[index];
    const auto peer = peers_.find(member);
    if (peer == peers_.end() || !peer->second.up) continue;
    (holders.contains(index) || member == id.lane ? known : others).push_back(member);
  }
  const std::vector<ReplicaId>& from = known.empty() ? others : known;
  if (from.empty()) return std::nullopt;
  return from[slot.fetches % from.size()];
}

}  // namespace rabia::consensus
