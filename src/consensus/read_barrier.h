// The barrier behind which a read is linearizable. protocol.md, section 6.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/mutant.h"
#include "consensus/configuration.h"
#include "consensus/types.h"

namespace rabia::consensus {

// One Ask and its answers. Complete at the moment when, with the L of that moment, every
// configuration in force in some round of the window has a quorum whose frontiers lie below L.
class ReadBarrier {
 public:
  explicit ReadBarrier(Nonce nonce) : nonce_(nonce) {}

  [[nodiscard]] Nonce nonce() const { return nonce_; }
  // Answers are fixed once given: the first of a member counts.
  void answered(ReplicaId member, Round frontier_end) {
    answers_.try_emplace(member, frontier_end);
  }
  [[nodiscard]] bool has_answer_of(ReplicaId member) const { return answers_.contains(member); }

  // A frontier is below L when everything up to it is executed here: frontier_end <= L.
  [[nodiscard]] bool complete(const ConfigurationHistory& configurations, RoundRange window) const {
    const bool any = base::mutated(base::Mutant::barrier_any_answer);
    const std::size_t missing = base::mutated(base::Mutant::barrier_one_answer_fewer) ? 1 : 0;
    const auto in_force = configurations.in_force(window);
    return std::all_of(in_force.begin(), in_force.end(), [&](const Configuration* configuration) {
      const auto below = std::count_if(answers_.begin(), answers_.end(), [&](const auto& answer) {
        return configuration->contains(answer.first) && (any || answer.second <= window.first);
      });
      return static_cast<std::size_t>(below) + missing >= configuration->quorums().quorum();
    });
  }

 private:
  Nonce nonce_;
  std::map<ReplicaId, Round> answers_;
};

}  // namespace rabia::consensus
