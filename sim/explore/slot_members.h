// The states of single members at one slot, and what each can do in them. Every answer comes from a
// real Node, and is kept: a Node runs once for each different question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/explore/slot_bound.h"
#include "sim/explore/slot_node.h"

namespace rabia::sim::explore {

// What a member is bound by: what the rules of section 13 look at.
struct MemberFacts {
  Said durable;                // States and votes on its disk.
  Said said;                   // What it has ever said, in all lives.
  bool batch_durable = false;  // The batch is on its disk.
  bool reserved = false;       // So is a reservation that covers the slot.
  bool unbacked = false;       // A state 1 came to its disk before the batch.
  bool pending = false;        // It has written something that is not durable.
};

class SlotMembers {
 public:
  // A member's state, numbered in the order of finding: its disk, its memory as far as it matters,
  // and what it has said. Members of one kind share them: the owner is of kind 0 and all others of
  // kind 1, or, when the bound is not symmetric, everyone is of its own.
  using Id = std::uint32_t;
  static constexpr unsigned id_bits = 20;
  struct Step {
    Id next = 0;
    std::uint8_t flags = 0;  // SlotFlag: what came true.
    bool beyond = false;     // It entered a phase beyond the bound: not to be followed.
    friend bool operator==(const Step&, const Step&) = default;
  };

  explicit SlotMembers(const SlotBound& bound);

  // The first state of a member, by index from 0.
  [[nodiscard]] Id start(std::size_t member);
  [[nodiscard]] const MemberFacts& facts(Id id) const { return members_[id].facts; }
  // SlotNode::life_matters().
  [[nodiscard]] bool life_matters(Id id) const { return members_[id].life_matters; }

  // All that hearing any part of `heard` can do, each once, in whatever way coin and time go. What
  // changes neither the member nor what `heard` has of flags is left out.
  [[nodiscard]] const std::vector<Step>& hearing(Id id, Heard heard);
  // Hearing just this.
  [[nodiscard]] Step hears(Id id, Heard heard, consensus::Bit coin);
  [[nodiscard]] Step proposes(Id id);
  // What it says when it is asked.
  [[nodiscard]] Step asked(Id id);
  // Its next record becomes durable, and what waited for that is said. Needs facts().pending.
  [[nodiscard]] Step syncs(Id id);
  // What is left of it after a crash.
  [[nodiscard]] Id crashed(Id id);

  // What is written and not yet durable, for people.
  [[nodiscard]] std::vector<consensus::Record> written(Id id) const;

  [[nodiscard]] std::uint64_t size() const { return members_.size(); }
  [[nodiscard]] std::uint64_t node_runs() const { return node_runs_; }

 private:
  struct Member {
    std::size_t kind;
    SlotLife life;  // Brings a Node there.
    std::vector<consensus::Record> log;
    bool life_matters;
    MemberFacts facts;
    std::optional<Step> asked;
    std::optional<Step> proposes;
    std::optional<Step> syncs;
    std::optional<Id> crashed;
  };

  // The kept answer to a question without choices.
  [[nodiscard]] Step once(Id id, std::optional<Step> Member::*answer, const SlotInput& input);
  [[nodiscard]] ReplicaId number_of(std::size_t kind) const;
  [[nodiscard]] std::uint32_t sorted(std::size_t kind, std::uint32_t said) const;
  [[nodiscard]] Step run(Id id, const SlotInput& input, consensus::Bit coin);
  [[nodiscard]] Id intern(std::size_t kind, SlotLife life, const SlotNode& node, Said said_before);

  SlotBound bound_;
  SlotCluster cluster_;
  std::vector<Member> members_;
  std::unordered_map<std::string, Id> ids_;
  std::unordered_map<std::uint64_t, Step> heard_;
  std::unordered_map<std::uint64_t, std::vector<Step>> hearing_;
  std::uint64_t node_runs_ = 0;
};

}  // namespace rabia::sim::explore
