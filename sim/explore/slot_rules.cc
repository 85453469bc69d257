#include "sim/explore/slot_rules.h"

#include <algorithm>
#include <bit>

namespace rabia::sim::explore {

using consensus::first_phase;
using consensus::Phase;
using consensus::Quorums;

namespace {

constexpr std::uint8_t states = said_state_zero | said_state_one;
constexpr std::uint8_t votes = said_vote_zero | said_vote_one | said_vote_question;

std::string member(std::size_t index) {
  return "member " + std::to_string(index + 1);
}

std::string in_phase(Phase phase) {
  return " in phase " + std::to_string(phase);
}

bool has(std::uint8_t bits, std::uint8_t some) {
  return (bits & some) != 0;
}

bool twice(std::uint8_t bits, std::uint8_t of) {
  return std::popcount(static_cast<unsigned>(bits & of)) > 1;
}

// 1 and 3: the slot's one outcome and its one batch.
std::optional<std::string> broken_outcome(std::uint8_t flags) {
  if (has(flags, decided_zero) && has(flags, decided_one)) return "1: decided both 0 and 1";
  if (has(flags, batch_created_again)) return "3: two batches were created";
  if (has(flags, slot_skipped) && has(flags, batch_created)) return "3: a batch, and skipped";
  if (has(flags, decided_one) && !has(flags, batch_created)) {
    return "3: decided 1, and no batch was created";
  }
  return std::nullopt;
}

// 2 and 5: what one member said and has on its disk.
std::optional<std::string> broken_by(const MemberFacts& facts, std::size_t index, Phase phases) {
  for (Phase phase = first_phase; phase <= phases; ++phase) {
    const auto all = static_cast<std::uint8_t>(facts.said.of(phase) | facts.durable.of(phase));
    if (twice(all, states)) return "2: two states of " + member(index) + in_phase(phase);
    if (twice(all, votes)) return "2: two votes of " + member(index) + in_phase(phase);
  }
  if (!facts.said.within(facts.durable)) {
    return "2: " + member(index) + " said what is not durable";
  }
  if (facts.unbacked) return "5: a state 1 without the batch on the disk of " + member(index);
  return std::nullopt;
}

// 4: Q members hold the batch of a slot decided 1 with some state 1.
std::optional<std::string> broken_holders(const SlotView& view, const Quorums& quorums) {
  const auto holds = [&](const MemberFacts& facts) {
    std::uint8_t all = 0;
    for (Phase phase = first_phase; phase <= view.phases; ++phase) all |= facts.durable.of(phase);
    return facts.batch_durable && has(all, said_state_one);
  };
  const auto holders = std::count_if(view.members.begin(), view.members.end(), holds);
  if (!has(view.flags, decided_one) || static_cast<std::size_t>(holders) >= quorums.quorum()) {
    return std::nullopt;
  }
  return "4: decided 1 while only " + std::to_string(holders) + " hold a durable state 1";
}

// 6: what all said of one phase.
std::optional<std::string> broken_votes(const SlotView& view, const Quorums& quorums, Phase phase) {
  std::uint8_t all = 0;
  std::size_t ones = 0;
  for (const MemberFacts& facts : view.members) {
    all |= facts.durable.of(phase);
    if (has(facts.durable.of(phase), said_state_one)) ++ones;
  }
  if (phase == first_phase) {
    if (has(all, said_vote_one)) return "6: a vote 1 in phase 1";
    if (has(all, said_vote_zero) && ones >= quorums.quorum()) {
      return "6: a quorum of states 1 and a vote 0";
    }
  } else if (has(all, said_vote_zero) && has(all, said_vote_one)) {
    return "6: votes 0 and 1" + in_phase(phase);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_rule(const SlotView& view) {
  const Quorums quorums{view.members.size()};
  if (auto broken = broken_outcome(view.flags)) return broken;
  for (std::size_t index = 0; index < view.members.size(); ++index) {
    if (auto broken = broken_by(view.members[index], index, view.phases)) return broken;
  }
  if (auto broken = broken_holders(view, quorums)) return broken;
  for (Phase phase = first_phase; phase <= view.phases; ++phase) {
    if (auto broken = broken_votes(view, quorums, phase)) return broken;
  }
  if (has(view.flags, batch_created | slot_skipped) && !view.members.front().reserved) {
    return "7: the owner used the slot without a durable reservation";
  }
  return std::nullopt;
}

}  // namespace rabia::sim::explore
