#include "sim/explore/log_members.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "consensus/codec.h"

namespace rabia::sim::explore {

using consensus::Record;
using consensus::Round;
namespace message = consensus::message;

namespace {

// One word for one question; nothing is lost.
std::uint64_t packed(std::uint64_t who, LogInput input) {
  return ((who << 8 | static_cast<std::uint64_t>(input.kind)) << 8 | input.from) << 8 | input.which;
}

// What changes more than its member: how often it may still happen, or what the read must see.
bool counts(LogInput::Kind kind) {
  return kind == LogInput::Kind::propose || kind == LogInput::Kind::read ||
         kind == LogInput::Kind::pass_time;
}

ReplicaId number_of(std::size_t member) {
  return {static_cast<std::uint16_t>(member + 1)};
}

}  // namespace

// ---- members

LogMembers::Id LogMembers::start(std::size_t member) {
  const std::size_t birth = born({number_of(member), 0, {}, bound_.beats});
  const LogNode node(births_[birth]);
  return member_of(local_of(birth, {}, node), number(member, node.sent()));
}

bool LogMembers::possible(Id id, LogInput input) const {
  const Facts& facts = members_[id].facts;
  switch (input.kind) {
    case LogInput::Kind::sync:
      return facts.pending > 0;
    case LogInput::Kind::pass_time:
      return facts.passes == 0;
    case LogInput::Kind::crash:
      return input.which <= facts.pending;
    default:
      return true;
  }
}

const LogMembers::Step& LogMembers::given(Id id, LogInput input) {
  const std::uint64_t question = packed(id, input);
  if (const auto known = steps_.find(question); known != steps_.end()) return known->second;
  if (input.kind == LogInput::Kind::crash) {
    return steps_.emplace(question, crash(id, input.which)).first->second;
  }
  const std::size_t local = members_[id].local;
  const Messages said = members_[id].facts.said;
  const auto [place, is_new] = local_steps_.try_emplace(packed(local, input));
  if (is_new) place->second = run(local, input);
  const LocalStep& found = place->second;
  Step step;
  step.events = found.events;
  step.seen = (found.says & ~said) != 0 || found.events.acknowledged != 0 || counts(input.kind);
  step.low_answer = answers_too_low(self_of(locals_[local]), said, found.says);
  step.next = found.events.beyond ? id : member_of(found.next, said | found.says);
  return steps_.emplace(question, step).first->second;
}

LogMembers::Step LogMembers::crash(Id id, std::size_t kept) {
  const Local& local = locals_[members_[id].local];
  LogNode node(births_[local.birth]);
  relive(node, local);
  const std::size_t self = self_of(local);
  const std::size_t birth =
      born({number_of(self), births_[local.birth].life + 1, node.disk(kept), bound_.beats});
  const LogNode reborn(births_[birth]);
  ++node_runs_;
  const Messages says = number(self, reborn.sent());
  Step step;
  step.events = reborn.events();
  step.next = member_of(local_of(birth, {}, reborn), members_[id].facts.said | says);
  step.seen = true;
  return step;
}

LogMembers::Id LogMembers::member_of(std::size_t local, Messages said) {
  const auto [place, is_new] =
      member_ids_.try_emplace({local, said}, static_cast<Id>(members_.size()));
  if (is_new) {
    RABIA_CHECK(members_.size() < 1U << id_bits);
    members_.push_back({local, locals_[local].facts});
    members_.back().facts.said = said;
  }
  return place->second;
}

// Section 13, 9.
bool LogMembers::answers_too_low(std::size_t member, Messages said, Messages says) const {
  Round state_one_end;
  const auto each = [&](Messages messages, auto visit) {
    for (; messages != 0; messages &= messages - 1) {
      visit(messages_[member][static_cast<std::size_t>(std::countr_zero(messages))].message);
    }
  };
  each(said, [&](const consensus::Message& one) {
    const auto* state = std::get_if<message::State>(&one);
    if (state != nullptr && state->value == consensus::Bit::one) {
      state_one_end = std::max(state_one_end, state->rounds.end);
    }
  });
  bool low = false;
  each(says, [&](const consensus::Message& one) {
    const auto* answer = std::get_if<message::Answer>(&one);
    low = low || (answer != nullptr && answer->end < state_one_end);
  });
  return low;
}

// ---- locals

// A Node cannot be copied: its life is lived again.
void LogMembers::relive(LogNode& node, const Local& local) const {
  for (const LogInput input : local.inputs) give(node, input);
  node.forget();
}

void LogMembers::give(LogNode& node, LogInput input) const {
  switch (input.kind) {
    case LogInput::Kind::deliver:
      return node.deliver(number_of(input.from), message(input.from, input.which));
    case LogInput::Kind::sync:
      return node.sync();
    case LogInput::Kind::propose:
      return node.propose();
    case LogInput::Kind::read:
      return node.read();
    case LogInput::Kind::pass_time:
      return node.pass_time();
    case LogInput::Kind::crash:
      RABIA_CHECK(false);  // It ends a life: crash().
  }
}

LogMembers::LocalStep LogMembers::run(std::size_t local, LogInput input) {
  const std::size_t birth = locals_[local].birth;
  LogNode node(births_[birth]);
  relive(node, locals_[local]);
  give(node, input);
  ++node_runs_;
  LocalStep step;
  step.says = number(self_of(locals_[local]), node.sent());
  step.events = node.events();
  std::vector<LogInput> inputs = locals_[local].inputs;
  inputs.push_back(input);
  step.next = step.events.beyond ? local : local_of(birth, std::move(inputs), node);
  return step;
}

std::size_t LogMembers::local_of(std::size_t birth, std::vector<LogInput> inputs,
                                 const LogNode& node) {
  const unsigned life = births_[birth].life;
  const auto [place, is_new] =
      local_ids_.try_emplace(node.identity(life < bound_.crashes), locals_.size());
  if (is_new) {
    Facts facts;
    facts.pending = node.pending();
    facts.life = life;
    facts.passes = node.passes();
    facts.executed = node.executed();
    facts.position = node.position();
    facts.frontier_end = node.frontier_end();
    locals_.push_back({birth, std::move(inputs), facts});
  }
  return place->second;
}

std::size_t LogMembers::born(LogBirth birth) {
  std::string key = std::to_string(birth.self.value) + ' ' + std::to_string(birth.life) + ' ';
  for (const Record& each : birth.log) consensus::encode(each, key);
  const auto [place, is_new] = birth_ids_.try_emplace(std::move(key), births_.size());
  if (is_new) births_.push_back(std::move(birth));
  return place->second;
}

// ---- messages

LogMembers::Messages LogMembers::number(std::size_t member, const std::vector<LogMessage>& sent) {
  Messages all = 0;
  for (const LogMessage& each : sent) {
    std::string key;
    consensus::encode(each.message, key);
    key += static_cast<char>(each.to ? each.to->value : 0);
    std::vector<LogMessage>& known = messages_[member];
    const auto [place, is_new] = message_ids_[member].try_emplace(std::move(key), known.size());
    all |= Messages{1} << place->second;
    if (!is_new) continue;
    RABIA_CHECK(known.size() < 64);
    known.push_back(each);
    for (std::size_t to = 0; to < log_members; ++to) {
      if (to == member || (each.to && *each.to != number_of(to))) continue;
      reaching_[member][to] |= Messages{1} << place->second;
    }
  }
  return all;
}

}  // namespace rabia::sim::explore
