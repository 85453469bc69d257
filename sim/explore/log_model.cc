#include "sim/explore/log_model.h"

namespace rabia::sim::explore {

namespace {

constexpr unsigned slots = log_members * log_rounds;

// Numbers of a known width, one behind the other in one word.
class Packer {
 public:
  void put(std::uint64_t value, unsigned bits) { word_ = word_ << bits | value; }
  [[nodiscard]] std::uint64_t word() const { return word_; }

 private:
  std::uint64_t word_ = 0;
};

// The same, last first.
class Unpacker {
 public:
  explicit Unpacker(std::uint64_t word) : word_(word) {}
  template <typename Number>
  void take(Number& value, unsigned bits) {
    value = static_cast<Number>(word_ & ((std::uint64_t{1} << bits) - 1));
    word_ >>= bits;
  }

 private:
  std::uint64_t word_;
};

}  // namespace

Key LogModel::start() {
  State state;
  for (std::size_t i = 0; i < log_members; ++i) state.members[i] = members_.start(i);
  return pack(state);
}

Key LogModel::pack(const State& state) {
  Packer ids;
  for (const LogMembers::Id id : state.members) ids.put(id, LogMembers::id_bits);
  Packer rest;
  const LogHistory& history = state.history;
  for (const SlotMask mask : {history.created, history.skipped, history.decided_zero,
                              history.decided_one, history.acknowledged, state.must_see}) {
    rest.put(mask, slots);
  }
  for (const bool bit : {history.created_again, history.low_answer, history.stale_read}) {
    rest.put(bit ? 1 : 0, 1);
  }
  rest.put(static_cast<std::uint64_t>(state.read), 2);
  rest.put(state.crashes, 2);
  rest.put(state.time_passes, 2);
  return {ids.word(), rest.word()};
}

LogModel::State LogModel::unpack(Key key) {
  State state;
  Unpacker ids(key.high);
  for (std::size_t i = log_members; i-- > 0;) ids.take(state.members[i], LogMembers::id_bits);
  Unpacker rest(key.low);
  LogHistory& history = state.history;
  rest.take(state.time_passes, 2);
  rest.take(state.crashes, 2);
  rest.take(state.read, 2);
  for (bool* bit : {&history.stale_read, &history.low_answer, &history.created_again}) {
    rest.take(*bit, 1);
  }
  for (SlotMask* mask : {&state.must_see, &history.acknowledged, &history.decided_one,
                         &history.decided_zero, &history.skipped, &history.created}) {
    rest.take(*mask, slots);
  }
  return state;
}

// ---- what can happen

void LogModel::steps(Key key, std::vector<Step>& out) {
  const State state = unpack(key);
  for (std::size_t member = 0; member < log_members; ++member) {
    const std::vector<LogBlock>& all = blocks(state, member);
    for (std::size_t i = 0; i < all.size(); ++i) {
      State to = after(state, member, all[i]);
      if (!all[i].leaf) note_decisions(to);
      out.push_back({pack(to), all[i].leaf, member << 32 | i});
    }
  }
}

LogOffer LogModel::offer(const State& state, std::size_t member) const {
  LogOffer offer;
  for (std::size_t from = 0; from < log_members; ++from) {
    const LogMembers::Messages said = members_.facts(state.members[from]).said;
    offer.said[from] = said & members_.reaching(from, member);
  }
  offer.may_propose = created_by(state, member) < bound_.batches[member];
  offer.may_read = bound_.reads && member == log_reader && state.read == Read::not_yet;
  offer.may_pass_time = state.time_passes < bound_.time_passes;
  offer.may_crash = state.crashes < bound_.crashes;
  return offer;
}

unsigned LogModel::created_by(const State& state, std::size_t member) const {
  unsigned created = 0;
  for (std::uint64_t round = 0; round < log_rounds; ++round) {
    created += state.history.created >> (round * log_members + member) & 1U;
  }
  return created;
}

LogModel::State LogModel::after(const State& state, std::size_t member,
                                const LogBlock& block) const {
  State to = state;
  to.members[member] = block.next;
  LogHistory& history = to.history;
  const LogEvents& events = block.events;
  history.created_again |= events.created_again != 0 || (events.created & history.created) != 0;
  history.low_answer |= block.low_answer;
  history.created |= events.created;
  history.skipped |= events.skipped;
  history.decided_zero |= events.decided_zero;
  history.decided_one |= events.decided_one;
  if (block.inputs.back().kind == LogInput::Kind::read) {
    to.read = Read::asked;
    to.must_see = history.acknowledged;
  } else if (block.inputs.back().kind == LogInput::Kind::pass_time) {
    ++to.time_passes;
  } else if (block.inputs.back().kind == LogInput::Kind::crash) {
    ++to.crashes;
    if (member == log_reader && to.read == Read::asked) to.read = Read::lost;
  }
  history.acknowledged |= events.acknowledged;
  if (events.read_done) {
    history.stale_read |= (to.must_see & ~members_.facts(block.next).executed) != 0;
  }
  return to;
}

void LogModel::note_decisions(State& state) {
  for (std::size_t member = 0; member < log_members; ++member) {
    const LogBlocks& found = blocks_.of(state.members[member], offer(state, member));
    state.history.decided_zero |= found.decides_zero;
    state.history.decided_one |= found.decides_one;
  }
}

// ---- what must hold

std::optional<std::string> LogModel::broken(Key key) {
  const State state = unpack(key);
  std::array<LogMembers::Facts, log_members> facts;
  for (std::size_t i = 0; i < log_members; ++i) facts[i] = members_.facts(state.members[i]);
  return broken_rule(state.history, facts);
}

}  // namespace rabia::sim::explore
