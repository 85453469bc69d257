#include "sim/explore/slot_model.h"

#include <bit>

namespace rabia::sim::explore {

using consensus::Bit;
using consensus::first_phase;
using consensus::Phase;

namespace {

constexpr unsigned id_bits = SlotMembers::id_bits;
constexpr std::uint64_t id_mask = (std::uint64_t{1} << id_bits) - 1;
constexpr std::size_t ids_in_low = 3;

}  // namespace

SlotModel::SlotModel(const SlotBound& bound) : bound_(bound), members_(bound) {}

Key SlotModel::start() {
  State state;
  for (std::size_t i = 0; i < bound_.members; ++i) state.members[i] = members_.start(i);
  return pack(state);
}

Key SlotModel::pack(const State& state) {
  Key key;
  for (std::size_t i = 0; i < slot_members_max; ++i) {
    std::uint64_t& word = i < ids_in_low ? key.low : key.high;
    word = word << id_bits | state.members[i];
  }
  key.high = key.high << 8 | state.flags;
  return key;
}

SlotModel::State SlotModel::unpack(Key key) {
  State state;
  state.flags = static_cast<std::uint8_t>(key.high & 0xff);
  key.high >>= 8;
  for (std::size_t i = slot_members_max; i-- > 0;) {
    std::uint64_t& word = i < ids_in_low ? key.low : key.high;
    state.members[i] = static_cast<SlotMembers::Id>(word & id_mask);
    word >>= id_bits;
  }
  return state;
}

std::uint64_t SlotModel::pack(How how) {
  return how.member << 16 | static_cast<std::uint64_t>(how.kind) << 8 | how.phase;
}

SlotModel::How SlotModel::unpack_how(std::uint64_t how) {
  return {how >> 16, static_cast<Kind>(how >> 8 & 0xff), static_cast<Phase>(how & 0xff)};
}

Key SlotModel::representative(Key key) const {
  if (!bound_.symmetric || bound_.members < 3) return key;
  State state = unpack(key);
  sort_few(&state.members[1], state.members.data() + bound_.members);
  return pack(state);
}

// ---- what can happen

void SlotModel::steps(Key key, std::vector<Step>& out) {
  const State state = unpack(key);
  for (std::size_t member = 0; member < bound_.members; ++member) {
    const SlotMembers::Id id = state.members[member];
    const bool pending = members_.facts(id).pending;
    if (pending) add(state, {member, Kind::sync, 0}, members_.syncs(id), out);
    if (const SlotMembers::Id crashed = members_.crashed(id); crashed != id) {
      const bool raised = member == 0 && members_.facts(id).reserved;
      add(state, {member, Kind::crash, 0}, {crashed, raised ? lane_from_above : no_flags, false},
          out);
    }
    const SlotMembers::Step asked = members_.asked(id);
    if (asked.next != id) add(state, {member, Kind::asked, 0}, asked, out);
    if (members_.life_matters(id)) {
      const SlotMembers::Step step = members_.proposes(id);
      if (step.next != id) add(state, {member, Kind::propose, 0}, step, out);
    }
    // While a record is on its way a member is not let hear more, but for an owner that may still
    // use the slot: README.md.
    if (!pending || members_.life_matters(id)) add_hearing(state, member, out);
  }
}

void SlotModel::add(const State& from, How how, const SlotMembers::Step& step,
                    std::vector<Step>& out) {
  if (step.beyond) return;
  State to = from;
  to.members[how.member] = step.next;
  if ((from.flags & step.flags & batch_created) != 0) to.flags |= batch_created_again;
  to.flags |= step.flags;
  out.push_back({pack(to), false, pack(how)});
}

void SlotModel::add_hearing(const State& state, std::size_t member, std::vector<Step>& out) {
  for (Phase phase = first_phase; phase <= bound_.phases; ++phase) {
    const Heard heard = audible(state, member, phase);
    if (phase > first_phase && heard.said == 0) continue;  // As hearing nothing of phase 1.
    for (const SlotMembers::Step& step : members_.hearing(state.members[member], heard)) {
      add(state, {member, Kind::hear, phase}, step, out);
    }
  }
}

Heard SlotModel::audible(const State& state, std::size_t member, Phase phase) const {
  Heard heard;
  heard.phase = phase;
  unsigned shift = 0;
  for (std::size_t other = 0; other < bound_.members; ++other) {
    if (other == member) continue;
    heard.said |= std::uint32_t{members_.facts(state.members[other]).said.of(phase)} << shift;
    shift += saying_bits;
  }
  if (bound_.members == 1) return heard;
  heard.flags = state.flags & batch_created;
  if (members_.facts(state.members[member]).batch_durable) heard.flags = 0;  // It has it.
  // Skips and decisions decide by themselves: it is enough to hear them in one phase.
  if (phase == first_phase) {
    heard.flags |= state.flags & (decided_zero | decided_one);
    if (member != 0) heard.flags |= state.flags & (slot_skipped | lane_from_above);
  }
  return heard;
}

// ---- what must hold

std::optional<std::string> SlotModel::broken(Key key) {
  const State state = unpack(key);
  SlotView view;
  view.flags = state.flags;
  view.phases = bound_.phases;
  for (std::size_t i = 0; i < bound_.members; ++i) {
    view.members.push_back(members_.facts(state.members[i]));
  }
  if (auto rule = broken_rule(view)) return rule;
  return stuck(state);
}

std::optional<std::string> SlotModel::stuck(const State& state) {
  const auto quorum = static_cast<int>(consensus::Quorums{bound_.members}.quorum());
  for (MemberMask up = 0; up < 1U << bound_.members; ++up) {
    if (std::popcount(up) != quorum) continue;
    bool moves_on = false;
    for (std::size_t member = 0; member < bound_.members && !moves_on; ++member) {
      moves_on = (up >> member & 1U) != 0 && moves(state, member, up);
    }
    if (moves_on) continue;
    std::string text = "13: nothing that these can do among themselves:";
    for (std::size_t member = 0; member < bound_.members; ++member) {
      if ((up >> member & 1U) != 0) text += " member " + std::to_string(member + 1);
    }
    return text;
  }
  return std::nullopt;
}

bool SlotModel::moves(const State& state, std::size_t member, MemberMask up) {
  const SlotMembers::Id id = state.members[member];
  // An owner in its first life can still propose, or it has skipped the slot and says so when
  // asked.
  if (members_.facts(id).pending || members_.life_matters(id)) return true;
  for (Phase phase = first_phase; phase <= bound_.phases; ++phase) {
    Heard heard;
    heard.phase = phase;
    heard.time_passes = true;
    unsigned shift = 0;
    for (std::size_t other = 0; other < bound_.members; ++other) {
      if (other == member) continue;
      const MemberFacts& facts = members_.facts(state.members[other]);
      if ((up >> other & 1U) != 0) {
        heard.said |= std::uint32_t{facts.durable.of(phase)} << shift;
        if (facts.batch_durable) heard.flags = batch_created;
      }
      shift += saying_bits;
    }
    if (members_.hears(id, heard, Bit::zero) != SlotMembers::Step{id, 0, false}) return true;
  }
  return false;
}

}  // namespace rabia::sim::explore
