// The own lane's batches and skips, and giving up on others'. protocol.md, sections 3 and 4.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "consensus/node.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

// ---- the own lane (section 3)

Round Node::propose(base::SharedBytes batch, base::Instant now) {
  now_ = now;
  const std::optional<Round> round = round_to_propose();
  RABIA_CHECK(round.has_value());
  skip_own({own_lane_.next(), *round});  // Rounds jumped over are skipped.
  own_lane_.use_up_to(*round + 1);
  raise_in_use(*round + 1);
  ++own_undecided_;
  own_undecided_bytes_ += batch.size();
  ++counters_.proposed;
  const SlotId id{*round, options_.self};
  Slot* slot = window_.find(id);
  slot->agreement.hold(batch);
  slot->covered = true;
  touch(id, *slot);
  // Mode `memory`: the Batch stands for a State 1, and the frontier counts what was said.
  if (options_.mode == Mode::memory) state_one_end_ = std::max(state_one_end_, *round + 1);
  // At once, in parallel with the own write: a batch waits for no record but the reservation.
  send_everyone(*round, message::Batch{*round, options_.mode == Mode::memory, std::move(batch)});
  return *round;
}

bool Node::can_propose() const {
  return open() && own_undecided_ < options_.own_undecided_max &&
         own_undecided_bytes_ < options_.own_undecided_bytes_max && !disk_is_behind() &&
         round_to_propose().has_value();
}

std::optional<Round> Node::round_to_propose() const {
  const std::optional<Round> round = next_free_round();
  return round && own_lane_.usable().contains(*round) ? round : std::nullopt;
}

// The first round of the window that the own lane has not used, not below top, and one that nobody
// has given up on. It may lie above the reservation.
std::optional<Round> Node::next_free_round() const {
  const std::uint64_t interval = own_lane_seen_by_voters().interval;
  const Round lowest =
      std::max({own_lane_.next(), window_.executed_end(), window_.in_use_end() - 1, avoid_below_});
  Round round{(lowest.value + interval - 1) / interval * interval};
  for (; round < window_.end(); round = round + interval) {
    const Slot* slot = window_.find({round, options_.self});
    if (slot == nullptr) continue;  // Not a member in this round.
    const WeakMvc& agreement = slot->agreement;
    const bool decided = agreement.decision() && !mutated(Mutant::propose_in_a_decided_slot);
    if (!decided && agreement.own_state_unset() &&
        agreement.tally(first_phase).states_zero.empty()) {
      return round;
    }
  }
  return std::nullopt;
}

// The greatest K and wait of the own lane in the Beats of connected voters that take part. Others
// (a learner, one that comes back) wait since they are behind; rounds passed over would leave them
// further behind.
Node::OwnLaneSeen Node::own_lane_seen_by_voters() const {
  OwnLaneSeen seen;
  const Configuration& voters = configurations_.at(window_.executed_end());
  for (const auto& [id, peer] : peers_) {
    const bool takes_part = voters.contains(id) && peer.beat.executed_end >= peer.beat.floor;
    if (!peer.up || !takes_part) continue;
    for (const message::LaneReport& report : peer.beat.lanes) {
      if (report.lane != options_.self) continue;
      seen.interval = std::max(seen.interval, report.interval);
      seen.waited = std::max(seen.waited, report.waited);
    }
  }
  seen.interval = std::min(seen.interval, options_.lane_watch.interval_max);
  return seen;
}

// An owner that created no batch in this step skips its lane through top.
void Node::skip_own_rounds() {
  if (!open()) return;
  Round end = window_.in_use_end();
  if (end == Round{}) return;
  if (own_undecided_ == 0) end = end + skip_ahead_rounds_;
  RoundRange rounds{own_lane_.next(), end};
  if (!mutated(Mutant::skip_without_reservation)) rounds = rounds.clipped(own_lane_.usable());
  skip_own(rounds.clipped(window_.range()));
}

void Node::skip_own(RoundRange rounds) {
  if (rounds.empty()) return;
  if (mutated(Mutant::skip_of_a_used_round)) rounds.first = rounds.first - 1;
  own_lane_.use_up_to(rounds.end);
  send_ranges(message::Skip{rounds});
  for (Round round = rounds.first; round < rounds.end; ++round) {
    const SlotId id{round, options_.self};
    Slot* slot = window_.find(id);
    if (slot != nullptr && !slot->agreement.decision()) decide(id, *slot, Bit::zero, Why::skip);
  }
}

void Node::renew_reservation() {
  if (stage_ != Stage::running) return;
  own_lane_.use_up_to(window_.executed_end());  // Others have decided what was not used of it.
  const Round aim = next_free_round().value_or(Round{});
  if (const auto end = own_lane_.reservation_due(window_.executed_end(), aim)) {
    own_lane_.reservation_written(*end);
    write(record::Reserve{*end}, record::Reserve{*end});
  }
}

// ---- lateness and trust of the other lanes (section 4)

// The owner's batch or skip of these rounds has come: one sample, of its worst round.
void Node::note_coverage(Lane lane, RoundRange rounds) {
  const auto watched = lanes_.find(lane);
  if (watched == lanes_.end()) return;
  if (rounds.first < window_.executed_end() || window_.contains(rounds.first)) {
    const std::optional<base::Instant> since = window_.in_use_since(rounds.first);
    watched->second.watch.heard(since ? now_ - *since : base::Duration::zero());
  }
  const RoundRange inside = rounds.clipped(window_.range());
  for (Round round = inside.first; round < inside.end; ++round) {
    Slot* slot = window_.find({round, lane});
    if (slot == nullptr || slot->covered) continue;
    slot->covered = true;
    if (watched->second.watch.open(round) && !slot->zero_input) watched->second.watch.in_time();
  }
}

void Node::watch_lanes() {
  for (auto& [lane, state] : lanes_) {
    Peer& peer = peers_.at(lane);
    const bool absent = !peer.up && now_ - started_at_ >= options_.absent_after;
    if (absent && state.watch.is_connected()) state.watch.connected(false, now_);
    const std::uint32_t before = state.watch.own_interval();
    state.watch.tick(now_);
    if (state.watch.own_interval() != before) beat_changed_ = true;
  }
}

// ---- forfeits (section 4)

void Node::forfeit() {
  if (stage_ != Stage::running) return;
  // Patience is counted only in ticks that really ran: after a pause it starts anew. What a busy
  // machine's scheduler does is no pause, or patience might never end.
  const base::Duration pause = std::max(least_patience() / 2, options_.pause_least);
  if (now_ - last_tick_ > pause) patience_since_ = now_;
  const RoundRange rounds = window_.in_use();
  for (Round round = rounds.first; round < rounds.end; ++round) forfeit_round(round);
  input_zeros_ahead();
}

void Node::forfeit_round(Round round) {
  const Configuration& configuration = configurations_.at(round);
  const auto since = window_.in_use_since(round);
  for (std::size_t index = 0; index < configuration.size(); ++index) {
    const SlotId id{round, configuration.members()[index]};
    Slot& slot = window_.at(round, index);
    if (should_forfeit(id, slot, std::max(*since, patience_since_))) {
      slot.zero_input = true;
      touch(id, slot);
      if (mutated(Mutant::lane_from_decides) && id.lane != options_.self &&
          round < lanes_.at(id.lane).lane_from) {
        decide(id, slot, Bit::zero, Why::skip);
      }
    }
  }
}

// (a) to (d) of section 4, for a slot in use.
bool Node::should_forfeit(SlotId id, const Slot& slot, base::Instant since) {
  const WeakMvc& agreement = slot.agreement;
  if (slot.zero_input || agreement.decision() || agreement.holds_batch() ||
      !agreement.own_state_unset()) {
    return false;
  }
  if (id.lane == options_.self) return id.round < own_lane_.lane_from();  // Only under (b).
  OtherLane& lane = lanes_.at(id.lane);
  if (id.round < lane.lane_from) return true;  // (b)
  const std::size_t zeros = agreement.tally(first_phase).states_zero.size();
  if (zeros >= configurations_.at(id.round).quorums().one_correct()) return true;  // (c)
  if (!is_open(id.lane, id.round)) return true;                                    // (d)
  if (now_ - since < lane.watch.patience(slowest_exchange())) return false;
  lane.watch.waited(now_);  // (a)
  beat_changed_ = true;
  ++counters_.forfeits;
  ++lane.forfeits;
  return true;
}

std::vector<LaneSeen> Node::lanes_seen() const {
  std::vector<LaneSeen> seen;
  for (const auto& [id, lane] : lanes_) {
    seen.push_back({.lane = id,
                    .waits = lane.watch.waits(),
                    .forfeits = lane.forfeits,
                    .zeros_ahead = lane.zeros_ahead,
                    .interval = lane.watch.own_interval(),
                    .recent_wait = lane.watch.recent_wait(),
                    .patience = lane.watch.patience(slowest_exchange())});
  }
  return seen;
}

// This replica waits for the lane there. Not below the floor of its owner, who takes no part there.
bool Node::is_open(Lane lane, Round round) const {
  return lanes_.at(lane).watch.open(round) && round >= peers_.at(lane).beat.floor;
}

// (d) ahead of need, so that a distrusted lane's slots are decided before anyone waits for them.
void Node::input_zeros_ahead() {
  const Round in_use_end = window_.in_use_end();
  if (in_use_end == Round{}) return;  // Nothing has ever happened: nothing will wait.
  for (auto& [id, lane] : lanes_) {
    const bool all_open = lane.watch.trusted() && in_use_end >= peers_.at(id).beat.floor;
    if (all_open || in_use_end + options_.ahead_rounds / 2 <= lane.ahead_end) continue;
    const Round end = std::min(in_use_end + options_.ahead_rounds, window_.end());
    if (end <= lane.ahead_end) continue;  // The window ends there.
    for (Round round = std::max(lane.ahead_end, in_use_end); round < end; ++round) {
      Slot* slot = window_.find({round, id});
      if (slot == nullptr || is_open(id, round) || slot->zero_input || slot->covered ||
          slot->agreement.decision() || slot->agreement.holds_batch()) {
        continue;
      }
      slot->zero_input = true;
      ++counters_.zeros_ahead;
      ++lane.zeros_ahead;
      touch({round, id}, *slot);
    }
    lane.ahead_end = end;
    beat_changed_ = true;
  }
}

// Rounds below a lane's laneFrom are in use, and those until the last change of the members is in
// force; but for the far half of the window (section 1).
void Node::raise_by_lane_from() {
  const Round most = window_.executed_end() + options_.window_rounds / 2;
  Round end = std::min(own_lane_.lane_from(), most);
  if (configurations_.latest_from() > Round{}) {
    end = std::max(end, std::min(configurations_.latest_from() + 1, most));
  }
  for (const auto& [id, lane] : lanes_) end = std::max(end, std::min(lane.lane_from, most));
  raise_in_use(end);
}

}  // namespace rabia::consensus
