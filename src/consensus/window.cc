#include "consensus/window.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace rabia::consensus {

using base::Mutant;
using base::mutated;

Window::Window(const ConfigurationHistory& configurations, std::uint64_t rounds)
    : configurations_(configurations), rounds_(rounds) {
  begin_at({});
}

// Makes the ring's place for `round` new. Its slots keep their memory.
void Window::prepare(Round round, base::Instant now) {
  RoundState& fresh = state(round);
  fresh.slots.resize(configurations_.at(round).size());
  for (Slot& slot : fresh.slots) {
    slot.agreement.reset();
    slot = Slot{.agreement = std::move(slot.agreement)};
  }
  fresh.ones = {};
  fresh.in_use_since = now;
}

bool Window::raise_in_use_end(Round end_in_use, base::Instant now) {
  if (end_in_use <= in_use_end_) return false;
  const RoundRange fresh = RoundRange{in_use_end_, end_in_use}.clipped(range());
  for (Round round = fresh.first; round < fresh.end; ++round) state(round).in_use_since = now;
  in_use_end_ = end_in_use;
  return true;
}

std::optional<base::Instant> Window::in_use_since(Round round) const {
  if (round >= in_use_end_ || round >= end()) return std::nullopt;
  if (round >= executed_end_) return state(round).in_use_since;
  const std::uint64_t back = distance(round, executed_end_);
  if (back > executed_.size()) return std::nullopt;
  return executed_[executed_.size() - back].in_use_since;
}

Slot* Window::find(SlotId id) {
  return const_cast<Slot*>(std::as_const(*this).find(id));  // The object itself is not const.
}

const Slot* Window::find(SlotId id) const {
  if (!contains(id.round)) return nullptr;
  const auto index = configurations_.at(id.round).index_of(id.lane);
  return index ? &state(id.round).slots[*index] : nullptr;
}

Slot& Window::at(Round round, std::size_t index) {
  return state(round).slots[index];
}

const Slot& Window::at(Round round, std::size_t index) const {
  return state(round).slots[index];
}

std::optional<Bit> Window::executed_decision(SlotId id) const {
  const auto index = configurations_.at(id.round).index_of(id.lane);
  if (!index) return std::nullopt;
  if (id.round == executed_end_ && *index < cursor_) {
    return state(id.round).ones.contains(*index) ? Bit::one : Bit::zero;
  }
  const std::uint64_t back = distance(id.round, executed_end_);
  if (back == 0 || back > executed_.size()) return std::nullopt;
  return executed_[executed_.size() - back].ones.contains(*index) ? Bit::one : Bit::zero;
}

std::optional<Window::Executable> Window::executable() {
  if (executed_end_ >= in_use_end_) return std::nullopt;  // Rounds not in use are not executed.
  RoundState& round = state(executed_end_);
  while (mutated(Mutant::execute_out_of_order) && !round.slots[cursor_].agreement.decision() &&
         cursor_ + 1 < round.slots.size() &&
         round.slots[cursor_ + 1].agreement.decision() == Bit::one) {
    ++cursor_;
  }
  const WeakMvc& agreement = round.slots[cursor_].agreement;
  std::optional<Bit> decision = agreement.decision();
  const bool void_too = mutated(Mutant::batch_applied_twice) && agreement.holds_batch();
  if (decision && void_too) decision = Bit::one;
  const bool lacks_batch = !agreement.holds_batch() && !mutated(Mutant::execute_without_the_batch);
  if (!decision || (decision == Bit::one && lacks_batch)) return std::nullopt;

  const Lane lane = configurations_.at(executed_end_).members()[cursor_];
  Executable next{{executed_end_, lane}, *decision, {}};
  if (decision == Bit::one) next.batch = agreement.batch();
  return next;
}

void Window::executed(const Executable& executable, base::Instant now) {
  RoundState& round = state(executed_end_);
  if (executable.decision == Bit::one) round.ones.insert(cursor_);
  if (++cursor_ == round.slots.size()) finish_round(now);
}

void Window::begin_at(Round first) {
  executed_.clear();
  executed_end_ = first;
  cursor_ = 0;
  in_use_end_ = std::max(in_use_end_, first);
  for (Round round = first; round < end(); ++round) prepare(round, {});
}

void Window::advance_to(Round first, base::Instant now) {
  RABIA_CHECK(first >= executed_end_);
  const Round stays_until = end();
  executed_.clear();
  executed_end_ = first;
  cursor_ = 0;
  in_use_end_ = std::max(in_use_end_, first);
  for (Round round = std::max(first, stays_until); round < end(); ++round) prepare(round, now);
  if (first < stays_until) state(first).ones = {};
}

void Window::finish_round(base::Instant now) {
  const RoundState& done = state(executed_end_);
  executed_.push_back({done.ones, done.in_use_since});
  if (executed_.size() > rounds_.size()) executed_.pop_front();
  const Round fresh = end();
  ++executed_end_;
  cursor_ = 0;
  prepare(fresh, now);
}

}  // namespace rabia::consensus
