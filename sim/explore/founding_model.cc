#include "sim/explore/founding_model.h"

#include <algorithm>

#include "base/codec.h"

namespace rabia::sim::explore {

using consensus::FoundingVector;
using consensus::record::Founding;

FoundingModel::FoundingModel(const FoundingBound& bound)
    : bound_(bound), start_list_([&bound] {
        std::vector<ReplicaId> ids;
        for (std::size_t i = 0; i < bound.members; ++i) ids.push_back(id_of(i));
        return consensus::Configuration(ids);
      }()) {
  vectors_.emplace_back();  // The empty one has a number too.
}

// ---- names for what is equal

FoundingModel::VectorId FoundingModel::intern(const FoundingVector& vector) {
  const auto found = std::find(vectors_.begin(), vectors_.end(), vector);
  if (found == vectors_.end()) vectors_.push_back(vector);
  return static_cast<VectorId>(found == vectors_.end()
                                   ? vectors_.size() - 1
                                   : static_cast<std::size_t>(found - vectors_.begin()));
}

FoundingModel::SayingId FoundingModel::intern(const Saying& saying) {
  const auto found = std::find(sayings_.begin(), sayings_.end(), saying);
  if (found != sayings_.end()) return static_cast<SayingId>(found - sayings_.begin());
  sayings_.push_back(saying);
  return static_cast<SayingId>(sayings_.size() - 1);
}

FoundingModel::MemberId FoundingModel::intern(std::size_t index, const Member& member) {
  const Identity& it = member.identity;
  std::string key;
  base::Encoder words(key);
  words.varint(index);
  words.varint(it.durable);
  words.varint(it.recovered);
  words.varint(it.must_rejoin ? 1 : 0);
  words.varint(it.drawn);
  words.varint(it.incarnation.value_or(0));
  words.varint(it.log.size());
  for (const Founding& record : it.log) {
    words.varint(record.nonce.low);
    words.varint(intern(record.said));
  }
  for (const auto& [from, saying] : it.heard) {
    words.varint(from);
    words.varint(saying);
  }
  const auto [entry, is_new] =
      member_ids_.emplace(std::move(key), static_cast<MemberId>(members_.size()));
  if (is_new) members_.push_back(member);
  return entry->second;
}

Key FoundingModel::intern(const State& state) {
  std::string key;
  base::Encoder words(key);
  for (const MemberId member : state.members) words.varint(member);
  words.varint(state.losses);
  words.varint(state.restarts);
  words.varint(state.said.size());
  for (const SayingId saying : state.said) words.varint(saying);
  for (const auto& [incarnation, holders] : state.holders) {
    std::uint64_t mask = 0;
    for (const std::size_t holder : holders) mask |= std::uint64_t{1} << holder;
    words.varint(incarnation);
    words.varint(mask);
  }
  const auto [entry, is_new] =
      state_ids_.emplace(std::move(key), static_cast<std::uint32_t>(states_.size()));
  if (is_new) states_.push_back(state);
  return {0, entry->second};
}

// ---- lives

// What is not durable is lost; what was heard is forgotten.
FoundingModel::Member FoundingModel::begin_life(std::size_t index, const Identity& before) {
  Member member{{}, {id_of(index), start_list_, true, [this] { return next_nonce_; }}};
  Identity& it = member.identity;
  it.log.assign(before.log.begin(),
                before.log.begin() + static_cast<std::ptrdiff_t>(before.durable));
  it.durable = it.recovered = before.durable;
  it.drawn = before.drawn;
  for (const Founding& record : it.log) member.founding.restore(record);
  next_nonce_ = {index + 1, it.drawn + 1};
  if (auto first = member.founding.begin()) {
    it.log.push_back(*std::move(first));
    ++it.drawn;
  }
  return member;
}

Key FoundingModel::start() {
  State state;
  for (std::size_t i = 0; i < bound_.members; ++i) {
    state.members.push_back(intern(i, begin_life(i, {})));
  }
  state.losses = bound_.losses;
  state.restarts = bound_.restarts;
  return intern(state);
}

// ---- steps

void FoundingModel::steps(Key key, std::vector<Step>& out) {
  const State state = states_[key.low];
  for (std::size_t index = 0; index < bound_.members; ++index) add_steps_of(state, index, out);
}

void FoundingModel::add_steps_of(const State& state, std::size_t index, std::vector<Step>& out) {
  const Member& member = members_[state.members[index]];
  const Identity& it = member.identity;
  if (state.losses > 0 && index + 1 == bound_.members) {
    State next = state;
    --next.losses;
    Identity lost;
    lost.drawn = it.drawn;
    add(next, {Kind::lose, index, 0}, begin_life(index, lost), out);
  }
  if (it.incarnation) return;  // Its Boot is durable: a restart finds it.
  if (state.restarts > 0) {
    State next = state;
    --next.restarts;
    add(next, {Kind::restart, index, 0}, begin_life(index, it), out);
  }
  if (it.must_rejoin) return;
  if (it.durable < it.log.size()) {
    Member synced = member;
    synced.founding.durable(it.log[synced.identity.durable++]);
    State next = state;
    next.said.insert(intern(Saying{id_of(index), *synced.founding.saying()}));
    add(next, {Kind::sync, index, 0}, synced, out);
  }
  if (const auto vector = member.founding.founded()) {
    const VectorId incarnation = intern(*vector);
    Member founder = member;
    founder.identity.incarnation = incarnation;
    State next = state;
    next.holders[incarnation].insert(index);
    add(next, {Kind::found, index, incarnation}, founder, out);
  }
  for (const auto& [incarnation, holders] : state.holders) {
    Member other = member;
    State next = state;
    if (member.founding.may_adopt(vectors_[incarnation])) {
      other.identity.incarnation = incarnation;
      next.holders[incarnation].insert(index);
    } else {
      other.identity.must_rejoin = true;
    }
    add(next, {Kind::meet, index, incarnation}, other, out);
  }
  for (const SayingId saying : state.said) {
    const Saying heard = sayings_[saying];
    if (heard.from == id_of(index)) continue;
    Member hearer = member;
    next_nonce_ = {index + 1, it.drawn + 1};
    auto record = hearer.founding.hear(heard.from, heard.what.nonce, heard.what.said);
    hearer.identity.heard[heard.from.value - 1U] = saying;
    if (record) {
      if (record->nonce == next_nonce_) ++hearer.identity.drawn;
      hearer.identity.log.push_back(*std::move(record));
    }
    add(state, {Kind::hear, index, saying}, hearer, out);
  }
}

void FoundingModel::add(State state, How how, const Member& member, std::vector<Step>& out) {
  ++runs_;
  state.members[how.member] = intern(how.member, member);
  std::uint64_t drawn = 0;
  for (const MemberId each : state.members) drawn += members_[each].identity.drawn;
  if (drawn > bound_.nonces) return;
  out.push_back({intern(state), false,
                 static_cast<std::uint64_t>(how.kind) << 32 | how.member << 16 | how.what});
}

// ---- rules

std::optional<std::string> FoundingModel::broken(Key key) {
  const State& state = states_[key.low];
  const auto quorums = std::count_if(
      state.holders.begin(), state.holders.end(),
      [this](const auto& each) { return each.second.size() >= start_list_.quorums().quorum(); });
  if (quorums < 2) return std::nullopt;
  return "1 (section 8, first start): two incarnations had a quorum of members each";
}

std::size_t FoundingModel::founded_in(Key key) const {
  const State& state = states_[key.low];
  return static_cast<std::size_t>(std::count_if(
      state.members.begin(), state.members.end(),
      [this](MemberId member) { return members_[member].identity.incarnation.has_value(); }));
}

// ---- for people

namespace {

std::string text_of(const consensus::Nonce& nonce) {
  return std::to_string(nonce.high) + "." + std::to_string(nonce.low);
}

std::string text_of(const FoundingVector& vector) {
  std::string text;
  for (const auto& entry : vector) text += (text.empty() ? "" : " ") + text_of(entry.nonce);
  return "(" + text + ")";
}

}  // namespace

void FoundingModel::describe(Key from, const Step& step, std::vector<std::string>& lines) {
  const auto kind = static_cast<Kind>(step.how >> 32);
  const auto index = static_cast<std::size_t>(step.how >> 16 & 0xffff);
  const auto what = static_cast<std::uint16_t>(step.how & 0xffff);
  const Identity& before = members_[states_[from.low].members[index]].identity;
  const Identity& after = members_[states_[step.to.low].members[index]].identity;
  std::string line = "member " + std::to_string(index + 1);
  switch (kind) {
    case Kind::sync: {
      const Founding& said = before.log[before.durable];
      line += " says: nonce " + text_of(said.nonce) + ", vector " + text_of(said.said);
      break;
    }
    case Kind::hear: {
      const Saying& heard = sayings_[what];
      line += " hears member " + std::to_string(heard.from.value) + ": nonce " +
              text_of(heard.what.nonce) + ", vector " + text_of(heard.what.said);
      if (after.log.size() > before.log.size()) {
        line += "; writes nonce " + text_of(after.log.back().nonce) + ", vector " +
                text_of(after.log.back().said);
      }
      break;
    }
    case Kind::found:
      line += " founds " + text_of(vectors_[what]);
      break;
    case Kind::meet:
      line += " hears of " + text_of(vectors_[what]) +
              (after.must_rejoin ? " and may not adopt it" : " and adopts it");
      break;
    case Kind::restart:
      line += " restarts";
      break;
    case Kind::lose:
      line += " loses its data and begins with nonce " + text_of(after.log.back().nonce);
      break;
  }
  lines.push_back(std::move(line));
}

}  // namespace rabia::sim::explore
