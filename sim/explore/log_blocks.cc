#include "sim/explore/log_blocks.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace rabia::sim::explore {

using Kind = LogInput::Kind;

namespace {

LogEvents joined(LogEvents all, const LogEvents& more) {
  all.created_again |= more.created_again | (all.created & more.created);
  all.created |= more.created;
  all.skipped |= more.skipped;
  all.decided_zero |= more.decided_zero;
  all.decided_one |= more.decided_one;
  all.acknowledged |= more.acknowledged;
  all.read_done |= more.read_done;
  return all;
}

bool is_new(const LogBlock& block, const LogBlocks& found) {
  return std::none_of(found.blocks.begin(), found.blocks.end(), [&](const LogBlock& each) {
    return each.next == block.next && each.leaf == block.leaf &&
           each.low_answer == block.low_answer &&
           each.events.decided_zero == block.events.decided_zero &&
           each.events.decided_one == block.events.decided_one &&
           each.events.read_done == block.events.read_done;
  });
}

}  // namespace

const LogBlocks& LogBlockBook::of(LogMembers::Id id, const LogOffer& offer) {
  std::uint64_t word = id;
  for (const bool may : {offer.may_propose, offer.may_read, offer.may_pass_time, offer.may_crash}) {
    word = word << 1 | (may ? 1U : 0U);
  }
  const Question question{word, offer.said[0], offer.said[1], offer.said[2]};
  const auto [place, is_new] = known_.try_emplace(question);
  if (is_new) place->second = find(id, offer);
  return place->second;
}

LogBlocks LogBlockBook::find(LogMembers::Id id, const LogOffer& offer) {
  LogBlocks found;
  std::vector<LogBlock> unseen(1);  // Ways to all states that it can be in with nobody seeing it.
  unseen.front().next = id;
  for (std::size_t i = 0; i < unseen.size(); ++i) {
    const LogBlock begun = unseen[i];
    extend(id, begun, offer, unseen, found);
  }
  return found;
}

void LogBlockBook::extend(LogMembers::Id start, const LogBlock& begun, const LogOffer& offer,
                          std::vector<LogBlock>& unseen, LogBlocks& found) {
  for (const LogInput input : inputs_at(begun.next, offer)) {
    const LogMembers::Step step = members_.given(begun.next, input);
    if (step.events.beyond) continue;
    const bool ends = step.seen || !whole_;
    LogBlock block{begun.inputs, step.next, joined(begun.events, step.events), step.low_answer,
                   !ends};
    block.inputs.push_back(input);
    if (ends) {
      if (is_new(block, found) && (block.low_answer || !can_wait(start, block))) {
        found.blocks.push_back(std::move(block));
      }
      continue;
    }
    found.decides_zero |= step.events.decided_zero;
    found.decides_one |= step.events.decided_one;
    const bool moved = members_.facts(step.next).position != members_.facts(begun.next).position;
    const bool for_rules = moved || step.events.read_done || step.low_answer;
    if (for_rules && is_new(block, found)) found.blocks.push_back(block);
    const bool known = std::any_of(unseen.begin(), unseen.end(),
                                   [&](const LogBlock& each) { return each.next == block.next; });
    if (!known) unseen.push_back(std::move(block));
  }
}

std::vector<LogInput> LogBlockBook::inputs_at(LogMembers::Id id, const LogOffer& offer) const {
  std::vector<LogInput> inputs;
  for (std::uint8_t from = 0; from < log_members; ++from) {
    for (LogMembers::Messages said = offer.said[from]; said != 0; said &= said - 1) {
      inputs.push_back({Kind::deliver, from, static_cast<std::uint8_t>(std::countr_zero(said))});
    }
  }
  inputs.push_back({Kind::sync});
  if (offer.may_pass_time) inputs.push_back({Kind::pass_time});
  if (offer.may_propose) inputs.push_back({Kind::propose});
  if (offer.may_read) inputs.push_back({Kind::read});
  const std::size_t pending = offer.may_crash ? members_.facts(id).pending + 1 : 0;
  for (std::uint8_t kept = 0; kept < pending; ++kept) inputs.push_back({Kind::crash, 0, kept});
  std::erase_if(inputs, [&](LogInput input) { return !members_.possible(id, input); });
  return inputs;
}

bool LogBlockBook::can_wait(LogMembers::Id start, const LogBlock& block) {
  for (std::size_t i = 0; i + 1 < block.inputs.size(); ++i) {
    if (can_wait(start, block, i)) return true;
  }
  return false;
}

bool LogBlockBook::can_wait(LogMembers::Id start, const LogBlock& block, std::size_t which) {
  LogMembers::Id at = start;
  for (std::size_t i = 0; i < block.inputs.size(); ++i) {
    const bool last = i + 1 == block.inputs.size();
    if (i == which) continue;
    if (!members_.possible(at, block.inputs[i])) return false;
    const LogMembers::Step step = members_.given(at, block.inputs[i]);
    if (step.events.beyond || step.seen != last) return false;
    if (last && step.events.acknowledged != block.events.acknowledged) return false;
    at = step.next;
  }
  // A crash forgets what was taken in; else it is taken in now, and nobody sees that.
  if (block.inputs.back().kind == Kind::crash) return at == block.next;
  if (!members_.possible(at, block.inputs[which])) return false;
  const LogMembers::Step step = members_.given(at, block.inputs[which]);
  return !step.seen && !step.events.beyond && step.next == block.next;
}

}  // namespace rabia::sim::explore
