// What must hold between all members that run the protocol as published, ever. For tests and the
// simulator. Each rule is named after the property of the paper that it is: agreement, validity,
// integrity; and what its proofs rest on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/configuration.h"
#include "consensus/published/message.h"

namespace rabia::consensus::published {

class Invariants {
 public:
  Invariants(const Configuration& members, Incarnation coin_key)
      : members_(members), coin_key_(coin_key) {}

  // The proxy of the member has made a request.
  void created(ReplicaId owner, std::uint64_t number) { created_.insert({owner, number}); }
  void sent(ReplicaId member, const Said& said);
  // It executed a request of the slot before `end`, after `before` others.
  void executed(ReplicaId member, std::uint64_t before, SlotId request,
                const base::SharedBytes& bytes, Seq end);

  // Empty while all is well. The first few only.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  // How many requests the log holds as far as anyone has executed it.
  [[nodiscard]] std::size_t log_size() const { return log_.size(); }

 private:
  using Values = std::map<std::size_t, int>;  // By member: 0, 1, or 2 for ?.
  struct PhaseHistory {
    Values states;
    Values votes;
  };
  struct SlotHistory {
    std::map<std::size_t, RequestId> proposals;
    std::map<Phase, PhaseHistory> phases;
    std::optional<RequestId> named;                    // By a State 1 of the first phase.
    std::optional<std::optional<RequestId>> decision;  // Of those inside, none is ⊥.
  };
  struct LogEntry {
    SlotId request;
    std::uint64_t digest;
    Seq end;
  };

  void said(std::size_t member, const Request& said);
  void said(std::size_t member, const Proposal& said);
  void said(std::size_t member, const State& said);
  void said(std::size_t member, const CastVote& said);
  void said(std::size_t member, const Decided& said);
  void said(std::size_t /*member*/, const Ask& /*said*/) {}
  void said(std::size_t /*member*/, const Want& /*said*/) {}
  void said(std::size_t /*member*/, const Gone& /*said*/) {}
  void said(std::size_t /*member*/, const Told& /*said*/) {}
  void check_once(Values& all, std::size_t member, int value, Seq seq, const char* what);
  void check_first_state(const State& said, SlotHistory& slot);
  void check_next_state(const State& said, SlotHistory& slot);
  void decided(Seq seq, const std::optional<RequestId>& value);
  void broken(Seq seq, const std::string& how);
  [[nodiscard]] static std::size_t count(const Values& all, int value);

  Configuration members_;
  Incarnation coin_key_;
  std::map<Seq, SlotHistory> slots_;
  std::set<std::pair<ReplicaId, std::uint64_t>> created_;
  std::map<RequestId, std::uint64_t> digests_;  // Of requests that were said.
  std::vector<LogEntry> log_;
  std::set<SlotId> in_log_;
  std::vector<std::string> violations_;
};

}  // namespace rabia::consensus::published
