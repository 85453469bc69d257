#include "sim/explore/slot_members.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace rabia::sim::explore {

using consensus::Bit;
using consensus::Phase;
using consensus::Record;
namespace record = consensus::record;

namespace {

constexpr std::uint32_t saying_mask = (1U << saying_bits) - 1;

// One word for one question; nothing is lost.
std::uint64_t packed(SlotMembers::Id id, const Heard& heard, Bit coin) {
  std::uint64_t word = heard.said;
  word = word << 6 | heard.flags;
  word = word << 4 | heard.phase;
  word = word << 1 | (heard.time_passes ? 1U : 0U);
  word = word << 1 | static_cast<std::uint64_t>(coin);
  return word << SlotMembers::id_bits | id;
}

MemberFacts facts_of(const std::vector<Record>& log) {
  MemberFacts facts;
  for (const Record& each : log) {
    if (const auto* state = std::get_if<record::State>(&each)) {
      facts.durable.add(state->phase, saying_of(state->value));
      facts.batch_durable = facts.batch_durable || state->batch;
      if (state->value == Bit::one && !facts.batch_durable) facts.unbacked = true;
    } else if (const auto* vote = std::get_if<record::CastVote>(&each)) {
      facts.durable.add(vote->phase, saying_of(vote->value));
    } else if (std::holds_alternative<record::Reserve>(each)) {
      facts.reserved = true;
    }
  }
  return facts;
}

bool speaks_beyond(const std::vector<Record>& records, Phase last) {
  return std::any_of(records.begin(), records.end(), [last](const Record& each) {
    const auto* state = std::get_if<record::State>(&each);
    return state != nullptr && state->phase > last;
  });
}

}  // namespace

SlotMembers::SlotMembers(const SlotBound& bound) : bound_(bound), cluster_(bound.members) {
  RABIA_CHECK(bound.members >= 1 && bound.members <= slot_members_max);
  RABIA_CHECK(bound.phases >= 1 && bound.phases < slot_phases_max);
}

SlotMembers::Id SlotMembers::start(std::size_t member) {
  const std::size_t kind = bound_.symmetric ? std::min<std::size_t>(member, 1) : member;
  SlotLife life;
  SlotNode node(cluster_, number_of(kind), life);
  while (!bound_.split_writes && node.has_pending()) {
    node.apply(Sync{});
    life.inputs.emplace_back(Sync{});
  }
  return intern(kind, std::move(life), node, {});
}

ReplicaId SlotMembers::number_of(std::size_t kind) const {
  return cluster_.members[kind];
}

// Members of one kind are alike: what they said is heard in one order. The owner's comes first.
std::uint32_t SlotMembers::sorted(std::size_t kind, std::uint32_t said) const {
  if (!bound_.symmetric) return said;
  const std::size_t others = bound_.members - 1;
  std::array<std::uint32_t, slot_members_max> sayings{};
  for (std::size_t i = 0; i < others; ++i) sayings[i] = said >> (saying_bits * i) & saying_mask;
  sort_few(&sayings[kind == 0 ? 0 : 1], sayings.data() + others);
  said = 0;
  for (std::size_t i = 0; i < others; ++i) said |= sayings[i] << (saying_bits * i);
  return said;
}

// ---- hearing

const std::vector<SlotMembers::Step>& SlotMembers::hearing(Id id, Heard heard) {
  heard.said = sorted(members_[id].kind, heard.said);
  const auto [place, is_new] = hearing_.try_emplace(packed(id, heard, Bit::zero));
  std::vector<Step>& steps = place->second;
  if (!is_new) return steps;
  for_each_part(heard, [&](Heard part) {
    for (const bool time_passes : {false, true}) {
      part.time_passes = time_passes;
      for (const Bit coin : {Bit::zero, Bit::one}) {
        const Step step = hears(id, part, coin);
        if (std::find(steps.begin(), steps.end(), step) == steps.end()) steps.push_back(step);
      }
    }
  });
  std::erase_if(steps, [&](const Step& step) {
    return step.next == id && (step.flags & ~heard.flags) == 0 && !step.beyond;
  });
  return steps;
}

SlotMembers::Step SlotMembers::hears(Id id, Heard heard, Bit coin) {
  heard.said = sorted(members_[id].kind, heard.said);
  const std::uint64_t question = packed(id, heard, coin);
  if (const auto known = heard_.find(question); known != heard_.end()) return known->second;
  const Step step = run(id, heard, coin);
  heard_.emplace(question, step);
  return step;
}

// ---- the other steps

SlotMembers::Step SlotMembers::asked(Id id) {
  return once(id, &Member::asked, Asked{});
}

SlotMembers::Step SlotMembers::proposes(Id id) {
  return once(id, &Member::proposes, Propose{});
}

SlotMembers::Step SlotMembers::syncs(Id id) {
  return once(id, &Member::syncs, Sync{});
}

SlotMembers::Step SlotMembers::once(Id id, std::optional<Step> Member::*answer,
                                    const SlotInput& input) {
  if (!(members_[id].*answer)) {
    const Step step = run(id, input, Bit::zero);  // It may move members_.
    members_[id].*answer = step;
  }
  return *(members_[id].*answer);
}

SlotMembers::Id SlotMembers::crashed(Id id) {
  if (!members_[id].crashed) {
    const Member& member = members_[id];
    SlotLife life{member.log, Bit::zero, {}};
    const SlotNode node(cluster_, number_of(member.kind), life);
    const Id crashed = intern(member.kind, std::move(life), node, member.facts.said);
    members_[id].crashed = crashed;
  }
  return *members_[id].crashed;
}

std::vector<Record> SlotMembers::written(Id id) const {
  const Member& member = members_[id];
  return SlotNode(cluster_, number_of(member.kind), member.life).pending();
}

SlotMembers::Step SlotMembers::run(Id id, const SlotInput& input, Bit coin) {
  const std::size_t kind = members_[id].kind;
  const Said said = members_[id].facts.said;
  SlotLife life = members_[id].life;
  if (life.inputs.empty()) life.coin = coin;  // Else it was chosen when the life began.
  SlotNode node(cluster_, number_of(kind), life);
  ++node_runs_;
  node.forget();
  node.apply(input);
  life.inputs.push_back(input);
  Step step;
  step.beyond = speaks_beyond(node.pending(), bound_.phases);
  while (!bound_.split_writes && node.has_pending()) {
    node.apply(Sync{});
    life.inputs.emplace_back(Sync{});
  }
  step.flags = node.flags();
  step.next = step.beyond ? id : intern(kind, std::move(life), node, said);
  return step;
}

// What was heard is forgotten with the last record that becomes durable (README.md).
SlotMembers::Id SlotMembers::intern(std::size_t kind, SlotLife life, const SlotNode& node,
                                    Said said_before) {
  Said said = said_before;
  said.add(node.said());
  std::string key = node.identity() + '|' + std::to_string(said.bits()) + '|';
  key += static_cast<char>('0' + kind);
  const auto [place, is_new] = ids_.try_emplace(std::move(key), static_cast<Id>(members_.size()));
  if (!is_new) return place->second;
  RABIA_CHECK(members_.size() < 1U << id_bits);
  if (!node.has_pending() && !node.life_matters()) life = {node.log(), Bit::zero, {}};
  Member member{
      kind, std::move(life), node.log(), node.life_matters(), facts_of(node.log()), {}, {}, {}, {}};
  member.facts.said = said;
  member.facts.pending = node.has_pending();
  members_.push_back(std::move(member));
  return place->second;
}

}  // namespace rabia::sim::explore
