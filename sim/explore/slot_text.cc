// What happens in a step of one slot, for people.
#include <bit>
#include <climits>
#include <utility>

#include "consensus/testing/print.h"
#include "sim/explore/slot_model.h"

namespace rabia::sim::explore {

using consensus::Bit;
using consensus::Phase;

namespace {

std::string name_of(std::size_t member) {
  return "member " + std::to_string(member + 1);
}

void list(std::string& all, const std::string& one) {
  all += (all.empty() ? "" : ", ") + one;
}

std::string saying_text(std::uint8_t saying, Phase phase) {
  constexpr const char* words[saying_bits] = {"state 0", "state 1", "vote 0", "vote 1", "vote ?"};
  std::string all;
  for (unsigned bit = 0; bit < saying_bits; ++bit) {
    if ((saying >> bit & 1U) != 0) list(all, words[bit]);
  }
  return all.empty() ? all : all + " of phase " + std::to_string(phase);
}

std::string flags_text(std::uint8_t flags, bool heard) {
  std::string all;
  if ((flags & batch_created) != 0) list(all, heard ? "the batch" : "creates the batch");
  if ((flags & slot_skipped) != 0) list(all, heard ? "the skip" : "skips the slot");
  if ((flags & lane_from_above) != 0) list(all, "the owner's laneFrom");
  if ((flags & decided_zero) != 0) list(all, heard ? "that 0 is decided" : "decides 0");
  if ((flags & decided_one) != 0) list(all, heard ? "that 1 is decided" : "decides 1");
  return all;
}

}  // namespace

void SlotModel::describe(Key from, const Step& step, std::vector<std::string>& lines) {
  const State before = unpack(from);
  const State after = unpack(step.to);
  const How how = unpack_how(step.how);
  const SlotMembers::Id next = after.members[how.member];
  std::string text = name_of(how.member);
  switch (how.kind) {
    case Kind::sync:
      text += ": a record becomes durable";
      break;
    case Kind::crash:
      text += " crashes and starts again";
      break;
    case Kind::asked:
      text += " is asked for what it has to say";
      break;
    case Kind::propose:
      text += " proposes";
      break;
    case Kind::hear:
      text += hearing_text(before, how, next, after.flags);
      break;
  }
  const auto happened = after.flags & ~before.flags & ~lane_from_above;
  const std::string happens = flags_text(static_cast<std::uint8_t>(happened), false);
  if (!happens.empty()) text += "; " + happens;
  for (Phase phase = 1; phase <= bound_.phases; ++phase) {
    const auto old = members_.facts(before.members[how.member]).said.of(phase);
    const std::string says =
        saying_text(members_.facts(next).said.of(phase) & static_cast<std::uint8_t>(~old), phase);
    if (!says.empty()) text += "; says " + says;
  }
  for (const consensus::Record& record : members_.written(next)) {
    text += "; not yet durable: " + consensus::testing::print(record);
  }
  lines.push_back(std::move(text));
}

// The least that it can have heard for this to happen.
std::string SlotModel::hearing_text(const State& state, How how, SlotMembers::Id next,
                                    std::uint8_t flags) {
  const Heard all = audible(state, how.member, how.phase);
  Heard least;
  int least_size = INT_MAX;
  const auto weigh = [&](const Heard& part) {
    const int size =
        std::popcount(part.said) + std::popcount(unsigned{part.flags}) + (part.time_passes ? 1 : 0);
    if (size >= least_size) return;
    for (const Bit coin : {Bit::zero, Bit::one}) {
      const SlotMembers::Step step = members_.hears(state.members[how.member], part, coin);
      if (step.next != next || (step.flags | state.flags) != flags) continue;
      least = part;
      least_size = size;
    }
  };
  for (const bool time_passes : {false, true}) {
    for_each_part(all, [&](Heard part) {
      part.time_passes = time_passes;
      weigh(part);
    });
  }
  return heard_text(how.member, least);
}

std::string SlotModel::heard_text(std::size_t member, const Heard& heard) const {
  std::string hears = flags_text(heard.flags, true);
  unsigned shift = 0;
  for (std::size_t other = 0; other < bound_.members; ++other) {
    if (other == member) continue;
    const std::string saying =
        saying_text(static_cast<std::uint8_t>(heard.said >> shift & 31U), heard.phase);
    if (!saying.empty()) list(hears, saying + " of " + name_of(other));
    shift += saying_bits;
  }
  std::string text = hears.empty() ? " goes on" : " hears " + hears;
  return heard.time_passes ? text + "; time passes" : text;
}

}  // namespace rabia::sim::explore
