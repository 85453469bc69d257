// The barrier behind which a read is linearizable, or a member without memory may take part again.
// protocol.md, sections 6 and 8.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/mutant.h"
#include "base/time.h"
#include "consensus/membership.h"
#include "consensus/message.h"
#include "consensus/types.h"

namespace rabia::consensus {

// One Ask and its answers: frontiers of a read, bounds of a rejoin. Complete at the moment when,
// with the L of that moment, every configuration in force in some round of the window has enough
// members whose answers lie below L.
using message::BarrierKind;

class Barrier {
 public:
  Barrier(BarrierKind kind, Nonce nonce) : kind_(kind), nonce_(nonce) {}

  [[nodiscard]] message::Ask ask() const { return {kind_, nonce_}; }
  [[nodiscard]] bool answers(BarrierKind kind, Nonce nonce) const {
    return kind_ == kind && nonce_ == nonce;
  }
  [[nodiscard]] bool ask_due(base::Instant now) const { return now >= ask_again_at_; }
  void asked(base::Instant again_at) { ask_again_at_ = again_at; }

  // Answers are fixed once given: the first of a member counts. To a rejoin none of the own.
  void answered(ReplicaId member, Round end) { answers_.try_emplace(member, end); }
  [[nodiscard]] bool has_answer_of(ReplicaId member) const { return answers_.contains(member); }

  // What is answered is below L when everything up to it is executed here: end <= L.
  [[nodiscard]] bool complete(const ConfigurationHistory& configurations, RoundRange window) const {
    const auto in_force = configurations.in_force(window);
    return std::all_of(in_force.begin(), in_force.end(), [&](const Configuration* configuration) {
      return answers_below(*configuration, window.first) >= needed(configuration->quorums());
    });
  }

 private:
  [[nodiscard]] std::size_t answers_below(const Configuration& of, Round executed_end) const {
    const bool any = base::mutated(base::Mutant::barrier_any_answer);
    return static_cast<std::size_t>(
        std::count_if(answers_.begin(), answers_.end(), [&](const auto& answer) {
          return of.contains(answer.first) && (any || answer.second <= executed_end);
        }));
  }
  // q(X): Q for a read; for a rejoin f + 1, without the one that asks.
  [[nodiscard]] std::size_t needed(Quorums quorums) const {
    const bool rejoin = kind_ == BarrierKind::rejoin;
    std::size_t needed = rejoin ? quorums.one_correct() : quorums.quorum();
    if (rejoin && base::mutated(base::Mutant::rejoin_one_bound_fewer)) --needed;
    if (!rejoin && base::mutated(base::Mutant::barrier_one_answer_fewer)) --needed;
    return needed;
  }

  BarrierKind kind_;
  Nonce nonce_;
  base::Instant ask_again_at_{};
  std::map<ReplicaId, Round> answers_;
};

}  // namespace rabia::consensus
