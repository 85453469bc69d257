// The slots of the rounds [L, L + α) and the order of their execution. protocol.md, section 1 and
// section 3 (execution).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.h"
#include "consensus/membership.h"
#include "consensus/types.h"
#include "consensus/weak_mvc.h"

namespace rabia::consensus {

// One slot with what timing wants to know of it.
struct Slot {
  WeakMvc agreement;
  bool queued = false;              // Waits for its rules to be tried.
  bool covered = false;             // The owner's batch or skip was seen.
  bool zero_input = false;          // This replica gave up on it (section 4).
  bool refused = false;             // It does so although it holds the batch: (e).
  base::Instant hold_vote_until{};  // Patience of vote ?: set when it begins.
  base::Instant fetch_after{};      // Its missing batch is asked for then.
  std::uint8_t fetches = 0;         // How often it was asked for: picks the next holder.
};

// The decisions of an executed round, by index in C(r).
struct ExecutedRound {
  MemberSet ones;
  base::Instant in_use_since{};
};

class Window {
 public:
  Window(const ConfigurationHistory& configurations, std::uint64_t rounds);

  // L: every round below is fully executed.
  [[nodiscard]] Round executed_end() const { return executed_end_; }
  // L + α
  [[nodiscard]] Round end() const { return executed_end_ + rounds_.size(); }
  [[nodiscard]] RoundRange range() const { return {executed_end_, end()}; }
  [[nodiscard]] bool contains(Round round) const { return range().contains(round); }

  // top + 1: every round below is in use.
  [[nodiscard]] Round in_use_end() const { return in_use_end_; }
  // False when it was as high already.
  bool raise_in_use_end(Round end, base::Instant now);
  // Rounds in use that this replica may still have to do something for.
  [[nodiscard]] RoundRange in_use() const { return {executed_end_, std::min(in_use_end_, end())}; }
  // When the round came into use here; nothing for a round not in use, or long executed.
  [[nodiscard]] std::optional<base::Instant> in_use_since(Round round) const;

  // The slot, or null when it does not exist: outside the window, or its lane not in C(r).
  [[nodiscard]] Slot* find(SlotId id);
  [[nodiscard]] const Slot* find(SlotId id) const;
  // By index in C(round); both must exist.
  [[nodiscard]] Slot& at(Round round, std::size_t index);
  [[nodiscard]] const Slot& at(Round round, std::size_t index) const;

  // The decision of a slot of the last α executed rounds.
  [[nodiscard]] std::optional<Bit> executed_decision(SlotId id) const;

  // The next slot in log order, when it is ready to be executed: in use, decided, its batch held.
  struct Executable {
    SlotId slot;
    Bit decision;
    base::SharedBytes batch;  // Of a slot decided 1.
  };
  [[nodiscard]] std::optional<Executable> executable();
  // Moves over it, when all that it changes is known (who is in force a window later, say): a round
  // whose last slot was taken leaves the window, and a new one enters it.
  void executed(const Executable& executable, base::Instant now);
  // Everything below `first` is executed, and decided elsewhere: the window begins there. Slots of
  // rounds that stay in it stay as they are. Not backwards.
  void advance_to(Round first, base::Instant now);
  // As new, at this round: nothing was said here in any round.
  void begin_at(Round first);
  // A batch of round L was taken.
  [[nodiscard]] bool inside_a_round() const { return !state(executed_end_).ones.empty(); }
  // The first slot not yet executed; its round is executed_end().
  [[nodiscard]] std::size_t cursor() const { return cursor_; }

 private:
  struct RoundState {
    std::vector<Slot> slots;  // By index in C(r).
    base::Instant in_use_since{};
    MemberSet ones;  // Executed with decision 1.
  };
  [[nodiscard]] RoundState& state(Round round) { return rounds_[round.value % rounds_.size()]; }
  [[nodiscard]] const RoundState& state(Round round) const {
    return rounds_[round.value % rounds_.size()];
  }
  void prepare(Round round, base::Instant now);
  void finish_round(base::Instant now);

  const ConfigurationHistory& configurations_;
  std::vector<RoundState> rounds_;      // A ring: round r lies at r mod α.
  std::deque<ExecutedRound> executed_;  // Of rounds [L - size, L).
  Round executed_end_;                  // L
  std::size_t cursor_ = 0;
  Round in_use_end_;
};

}  // namespace rabia::consensus
