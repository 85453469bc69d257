// Weak-MVC: agreement on one slot. protocol.md, sections 2 and 11; the paper's Algorithm 2.
//
// The phases are the paper's State and Vote exchanges (Algorithm 2). Departures,
// each argued in protocol.md, section 2.4: the exchange of proposals is the first
// State exchange, since only one value can be proposed in a slot; and the first phase is not
// symmetric, so that states 1 of Q members decide without a vote.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "consensus/configuration.h"
#include "consensus/types.h"

namespace rabia::consensus {

// Phases kept of one slot. Beyond it messages are not counted (and are asked for again later): the
// coin makes a slot that long with probability 2^-64.
inline constexpr Phase phases_max = 64;

// What a replica knows of one phase of a slot: states and votes by sender, each counted once. The
// own ones are in the sets only when they are durable (section 2.1).
struct PhaseTally {
  MemberSet states_zero;
  MemberSet states_one;
  MemberSet votes_zero;
  MemberSet votes_one;
  MemberSet votes_question;
  std::optional<Bit> own_state;  // Written, perhaps not yet durable. Set once, for ever.
  std::optional<Vote> own_vote;

  [[nodiscard]] MemberSet states() const { return states_zero | states_one; }
  [[nodiscard]] MemberSet votes() const { return votes_zero | votes_one | votes_question; }
};

// What one row of section 11 says to do.
struct Decide {
  Bit value;
};
struct WriteState {
  Phase phase;
  Bit value;
};
struct WriteVote {
  Phase phase;
  Vote value;
};
// Nothing, until a message, a record, a batch or a timer comes.
struct Wait {};
using Step = std::variant<Wait, Decide, WriteState, WriteVote>;

// What a step may depend on beside the slot itself.
struct StepContext {
  Quorums quorums;
  std::optional<std::size_t>
      self;  // Index of this replica in C(r), if it may take part (section 1).
  SlotId slot;
  Incarnation coin_key = 0;
  bool forfeited = false;      // Section 4 says: input 0 if there is no batch.
  bool refused = false;        // Section 4, (e): input 0 although there is one.
  bool patience_over = false;  // Vote ? need not be held back any longer.
};

class WeakMvc {
 public:
  // Received, or own and durable. The first one of a sender and phase counts, repeats change
  // nothing. True when something changed.
  bool add_state(std::size_t member, Phase phase, Bit value);
  bool add_vote(std::size_t member, Phase phase, Vote value);
  // Own, written and on its way to the disk: set once, when they may be.
  void set_own_state(Phase phase, Bit value);
  void set_own_vote(Phase phase, Vote value);

  // Keeps the slot's one batch; the first one counts. True when it was not held before.
  bool hold(base::SharedBytes batch);
  [[nodiscard]] const base::SharedBytes& batch() const { return batch_; }
  [[nodiscard]] bool holds_batch() const { return static_cast<bool>(batch_); }
  // Whether the batch is in a record of this replica, durable or on its way.
  [[nodiscard]] bool batch_recorded() const { return batch_recorded_; }
  void set_batch_recorded() { batch_recorded_ = true; }

  [[nodiscard]] std::optional<Bit> decision() const { return decision_; }
  void decide(Bit value) { decision_ = value; }

  // The first row of section 11 that applies. The caller carries it out and asks again.
  [[nodiscard]] Step next(const StepContext& context) const;

  // True when vote ? of phase 1 is all that could be done now: what patience is for.
  [[nodiscard]] bool would_vote_question(const StepContext& context) const;
  // Members that must hold the batch: they said state 1 in some phase.
  [[nodiscard]] MemberSet holders() const;
  // Someone is known to hold the batch, or somebody's vote says that someone does.
  [[nodiscard]] bool batch_exists() const;

  // Tallies of phases 1 … phases(); at least one.
  [[nodiscard]] Phase phases() const { return static_cast<Phase>(1 + later_.size()); }
  [[nodiscard]] const PhaseTally& tally(Phase phase) const {
    return phase == first_phase ? first_ : later_[phase - 2];
  }
  [[nodiscard]] bool own_state_unset() const { return !first_.own_state.has_value(); }
  [[nodiscard]] bool may_set_own_state(Phase phase) const;
  [[nodiscard]] bool may_set_own_vote(Phase phase) const;

  // As new, for another round; keeps its memory.
  void reset();

 private:
  PhaseTally* tally_for(Phase phase);
  [[nodiscard]] Step next_in_first_phase(const StepContext& context) const;
  [[nodiscard]] Step next_in_later_phase(Phase phase, const StepContext& context) const;
  [[nodiscard]] Step first_vote(const StepContext& context) const;
  [[nodiscard]] Step second_state(const StepContext& context) const;

  PhaseTally first_;
  std::vector<PhaseTally> later_;
  base::SharedBytes batch_;
  bool batch_recorded_ = false;
  std::optional<Bit> decision_;
};

}  // namespace rabia::consensus
