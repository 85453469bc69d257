// What happens in a step of the log, for people.
#include <algorithm>
#include <bit>
#include <utility>

#include "consensus/testing/print.h"
#include "sim/explore/log_model.h"

namespace rabia::sim::explore {

namespace {

std::string name_of(std::size_t member) {
  return "member " + std::to_string(member + 1);
}

std::string slots_text(SlotMask slots) {
  std::string all;
  for (; slots != 0; slots &= slots - 1) {
    const auto position = static_cast<unsigned>(std::countr_zero(slots));
    all += " (" + std::to_string(position / log_members) + ", " +
           std::to_string(position % log_members + 1) + ")";
  }
  return all;
}

std::string input_text(const LogMembers& members, LogInput input) {
  switch (input.kind) {
    case LogInput::Kind::deliver:
      return " hears of " + name_of(input.from) + ": " +
             consensus::testing::print(members.message(input.from, input.which));
    case LogInput::Kind::sync:
      return ": a record becomes durable";
    case LogInput::Kind::propose:
      return " proposes";
    case LogInput::Kind::read:
      return " asks for a read";
    case LogInput::Kind::pass_time:
      return " runs out of patience";
    case LogInput::Kind::crash:
      break;
  }
  return " crashes, with " + std::to_string(input.which) +
         " of its unfinished records on disk, and starts again";
}

std::string events_text(const LogEvents& events) {
  std::string text;
  if (events.decided_zero != 0) text += "; decides 0:" + slots_text(events.decided_zero);
  if (events.decided_one != 0) text += "; decides 1:" + slots_text(events.decided_one);
  if (events.acknowledged != 0) text += "; acknowledges" + slots_text(events.acknowledged);
  if (events.read_done) text += "; the read looks";
  return text;
}

}  // namespace

std::string LogModel::seen_in(Key key) const {
  const State state = unpack(key);
  std::vector<std::string> all;
  for (std::size_t member = 0; member < log_members; ++member) {
    LogMembers::Messages said = members_.facts(state.members[member]).said;
    for (; said != 0; said &= said - 1) {
      const auto message = static_cast<std::size_t>(std::countr_zero(said));
      all.push_back(name_of(member) + ": " +
                    consensus::testing::print(members_.message(member, message)));
    }
  }
  std::sort(all.begin(), all.end());
  std::string text = "acknowledged:" + slots_text(state.history.acknowledged);
  for (const std::string& each : all) text += "; " + each;
  return text;
}

void LogModel::describe(Key from, const Step& step, std::vector<std::string>& lines) {
  const State before = unpack(from);
  const std::size_t member = step.how >> 32;
  const LogBlock block = blocks(before, member)[step.how & 0xffff'ffff];
  LogMembers::Id id = before.members[member];
  for (const LogInput input : block.inputs) {
    const LogMembers::Step given = members_.given(id, input);
    std::string text = name_of(member) + input_text(members_, input);
    LogMembers::Messages news = members_.facts(given.next).said & ~members_.facts(id).said;
    for (; news != 0; news &= news - 1) {
      const auto message = static_cast<std::size_t>(std::countr_zero(news));
      text += "; says " + consensus::testing::print(members_.message(member, message));
    }
    const SlotMask executed = members_.facts(given.next).executed & ~members_.facts(id).executed;
    text += events_text(given.events);
    if (executed != 0) text += "; executes" + slots_text(executed);
    lines.push_back(std::move(text));
    id = given.next;
  }
}

}  // namespace rabia::sim::explore
