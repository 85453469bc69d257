// Weak-MVC as printed: the paper's Alg. 2, for one slot at one replica. docs/protocol.md, section
// 16. Its stages in order: proposals are exchanged; then phases of two rounds each, of states and
// of votes, with a common coin when all votes are ?; then FindReturnValue.
//
// What the paper leaves to reliable links (everyone hears in the end what a majority proposed) is
// said in one more place here: a State 1 of the first phase names the request (message.h).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "consensus/configuration.h"
#include "consensus/published/message.h"
#include "consensus/types.h"

namespace rabia::consensus::published {

// Phases of one slot that are counted: the coin makes a slot that long with probability 2^-64.
inline constexpr Phase phases_max = 64;

class WeakMvc {
 public:
  struct Place {
    Seq seq;
    Quorums quorums;
    std::size_t self = 0;      // Index among the members.
    Incarnation coin_key = 0;  // Equal at all members.
  };
  explicit WeakMvc(const Place& place) : place_(place) {}

  // ---- what others say; the first of a sender and phase counts. True when something is new.
  bool add(std::size_t member, const Proposal& said);
  bool add(std::size_t member, const State& said);
  bool add(std::size_t member, const CastVote& said);
  // Somebody has returned from the slot.
  bool add(std::size_t member, const Decided& said);

  // ---- what this replica does
  // Alg. 2, exchange stage: its proposal; once.
  Proposal propose(const RequestId& id);
  [[nodiscard]] bool proposed() const { return proposals_.contains(place_.self); }
  // The next State or Vote that is due; none: it waits, or has decided. Each is given once, and
  // counts as said by this replica.
  std::optional<Said> next();

  [[nodiscard]] std::optional<Bit> decision() const { return decision_; }
  // FindReturnValue for a decision 1: the request that a majority proposed, once it is known here.
  [[nodiscard]] std::optional<RequestId> value() const;
  // In which it was decided here; 0: somebody else said so.
  [[nodiscard]] Phase decided_in() const { return decided_in_; }

  // Who has said something of a phase after this one.
  [[nodiscard]] MemberSet beyond(Phase phase) const;
  // All that it has said, again.
  [[nodiscard]] std::vector<Said> said() const;
  [[nodiscard]] const std::map<std::size_t, RequestId>& proposals() const { return proposals_; }
  [[nodiscard]] std::size_t coins() const { return coins_; }
  [[nodiscard]] Phase phase() const { return phase_; }

 private:
  struct PhaseTally {
    MemberSet states_zero;
    MemberSet states_one;
    MemberSet votes_zero;
    MemberSet votes_one;
    MemberSet votes_question;
    std::optional<Bit> own_state;
    std::optional<Vote> own_vote;
    [[nodiscard]] std::size_t states() const { return (states_zero | states_one).size(); }
    [[nodiscard]] MemberSet votes() const { return votes_zero | votes_one | votes_question; }
  };

  [[nodiscard]] PhaseTally& tally(Phase phase);
  [[nodiscard]] std::optional<RequestId> majority() const;
  [[nodiscard]] std::size_t votes_to_decide() const;
  [[nodiscard]] Bit coin(Phase phase) const;
  std::optional<Said> end_exchange();
  std::optional<Said> end_first_round();
  std::optional<Said> end_second_round();
  Said say_state(Bit value);

  Place place_;
  std::map<std::size_t, RequestId> proposals_;
  std::optional<RequestId> named_;  // By a State 1 of the first phase, or by who has returned.
  std::vector<PhaseTally> phases_;  // Phase p lies at p − 1.
  Phase phase_ = 0;                 // In which it is; 0: it exchanges proposals.
  std::optional<Bit> decision_;
  Phase decided_in_ = 0;
  std::size_t coins_ = 0;
};

}  // namespace rabia::consensus::published
