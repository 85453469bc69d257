// What must hold between all members of a cluster, ever. protocol.md, section 13.
//
// A simulator tells it what every member does, in the order of simulated time; it keeps the history
// of all lives of all members and says which rule was broken. Each rule that can be checked from
// outside is one function, named after its number. It forgets nothing: not for production.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "consensus/membership.h"
#include "consensus/message.h"
#include "consensus/record.h"
#include "consensus/weak_mvc.h"

namespace rabia::consensus {

// What binds a member at the moment when it says something.
struct SenderView {
  ReplicaId id;
  RoundRange window;  // [L, L + α)
  Round floor;
  Round lane_from;
};

class Invariants {
 public:
  // Members have numbers up to members_max. A member may lose what was durable, and say so by a
  // Boot without memory, as often and at as many as the protocol stands (section 8, "Limit").
  Invariants(const Configuration& founders, Mode mode, std::uint64_t window_rounds);

  // ---- what members do
  // Handed to the log, perhaps not durable yet.
  void wrote(ReplicaId member, const Record& record);
  // On stable storage (mode `memory`: held by the process). In the order of the log.
  void durable(ReplicaId member, const Record& record);
  void sent(const SenderView& sender, const Message& message);
  // The member executed a batch; `before` is how many it had executed already in this life.
  void executed(ReplicaId member, std::uint64_t before, SlotId slot,
                const base::SharedBytes& batch);

  // The member has executed a change of the members, or came by what a snapshot says of them.
  void configured(ReplicaId member, const ConfigurationHistory& known);

  // The owner created a batch in the slot. `identity` names the batch, whatever its
  // bytes are: equal when it is proposed again.
  void created(SlotId slot, std::uint64_t identity);

  // ---- what clients see
  // The owner has executed this many batches and answers the client of the last.
  void acknowledged(std::uint64_t position_end);
  // How many batches a read that is asked now must see.
  [[nodiscard]] std::uint64_t read_asked() const { return seen_end_; }
  void read_done(ReplicaId member, std::uint64_t must_see, std::uint64_t saw);

  // Empty while all is well. The first few only.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  // As the log says, as far as anyone has executed it.
  [[nodiscard]] const Membership& membership() const { return configurations_.latest(); }
  // How many batches the log holds as far as anyone has executed it.
  [[nodiscard]] std::uint64_t log_size() const { return log_.size(); }
  [[nodiscard]] std::uint64_t slots_decided() const { return slots_decided_; }

 private:
  struct PhaseHistory {
    PhaseTally durable;
    PhaseTally said;
  };
  struct SlotHistory {
    std::map<Phase, PhaseHistory> phases;
    std::optional<std::uint64_t> digest;
    bool skipped = false;
    std::optional<Bit> decision;
    MemberSet batch_durable;
  };

  // Section 13, by its numbers.
  void check_1_agreement(SlotId id, SlotHistory& slot, Bit value);
  void check_1_top(const SenderView& sender, Round in_use_end);
  void check_1_one_log(ReplicaId member, std::uint64_t before, SlotId id, std::uint64_t digest,
                       std::string_view batch);
  void follow_membership(SlotId id, std::string_view batch);
  void check_2_state(SlotId id, Phase phase, PhaseTally& all, std::size_t member, Bit value);
  void check_2_vote(SlotId id, Phase phase, PhaseTally& all, std::size_t member, Vote value);
  void check_2_state_durable(SlotId id, Phase phase, const SlotHistory& slot, std::size_t member,
                             Bit value);
  void check_2_vote_durable(SlotId id, Phase phase, const SlotHistory& slot, std::size_t member,
                            Vote value);
  void check_3_one_batch(SlotId id, SlotHistory& slot, const base::SharedBytes& batch);
  void check_3_skip(SlotId id, SlotHistory& slot);
  void check_3_created(SlotId id, const SlotHistory& slot);
  void check_4_quorum_holds(SlotId id, const SlotHistory& slot);
  void check_5_batch_durable(SlotId id, const SlotHistory& slot, std::size_t member);
  void check_6_votes(SlotId id, Phase phase, const PhaseTally& all);
  void check_6_next_state(SlotId id, Phase phase, SlotHistory& slot);
  void check_7_takes_part(const SenderView& sender, RoundRange rounds);
  void check_7_own_lane(const SenderView& sender, RoundRange rounds);
  void check_8_rejoin(ReplicaId member, Round from);
  void check_9_answer(const SenderView& sender, const message::Answer& answer);
  void check_9_frontier(const SenderView& sender, Round frontier_end);
  void check_11_once(SlotId id);

  void durable(ReplicaId member, const record::State& state);
  void durable(ReplicaId member, const record::CastVote& vote);
  void said(const SenderView& sender, const message::State& state);
  void said(const SenderView& sender, const message::CastVote& vote);
  void said(const SenderView& sender, const message::Batch& batch);
  void said(const SenderView& sender, const message::Skip& skip);
  void decided(Lane lane, RoundRange rounds, Bit value);
  [[nodiscard]] static std::size_t index_of(ReplicaId member);
  [[nodiscard]] Quorums quorums_of(SlotId id) const {
    return configurations_.at(id.round).quorums();
  }
  void broken(const std::string& rule, SlotId id, const std::string& how);

  struct LogEntry {
    SlotId slot;
    std::uint64_t digest;
  };

  ConfigurationHistory configurations_;
  Mode mode_;
  std::uint64_t window_rounds_;
  std::map<SlotId, SlotHistory> slots_;
  std::map<ReplicaId, Round> reserved_;       // Durable H.
  std::map<ReplicaId, Round> state_one_end_;  // Of states 1 that were said since the last loss.
  std::map<ReplicaId, Round> said_end_;       // Of all rounds of which anything was said, ever.
  std::vector<LogEntry> log_;
  std::map<SlotId, std::uint64_t> identity_of_;
  std::map<std::uint64_t, std::vector<SlotId>> slots_of_;  // By identity.
  std::set<std::uint64_t> executed_once_;                  // Identities in the log.
  std::uint64_t seen_end_ = 0;  // Batches that were acknowledged, or seen by a completed read.
  std::uint64_t slots_decided_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace rabia::consensus
