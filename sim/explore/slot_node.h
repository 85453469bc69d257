// A real Node at the slot (round 0, lane 1), and what of its records and messages concerns that
// slot. Its disk and all other members are the caller.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "consensus/node.h"
#include "sim/explore/slot_bound.h"

namespace rabia::sim::explore {

inline constexpr ReplicaId slot_owner{1};

// What all Nodes of one exploration share. Of two incarnations one makes every coin of the slot
// show 0, the other every coin 1.
struct SlotCluster {
  explicit SlotCluster(std::size_t members);
  std::vector<ReplicaId> members;
  consensus::FoundingVector incarnations[2];
};

// What a member hears at once, each message twice, all of it said by others before; and whether
// time passes then.
struct Heard {
  consensus::Phase phase = consensus::first_phase;  // Of the states and votes.
  std::uint32_t said = 0;  // saying_bits for each other member, the first one's lowest.
  // batch_created: the batch; slot_skipped; decided_zero, decided_one; lane_from_above.
  std::uint8_t flags = 0;
  bool time_passes = false;  // The round is in use, and nobody has connected for long enough.
};

// Calls `visit` with every part of what can be heard.
template <typename Visit>
void for_each_part(const Heard& all, Visit visit) {
  Heard part = all;
  for (part.flags = all.flags;; part.flags = (part.flags - 1) & all.flags) {
    for (part.said = all.said;; part.said = (part.said - 1) & all.said) {
      visit(part);
      if (part.said == 0) break;
    }
    if (part.flags == 0) return;
  }
}

// Somebody asks for what it has to say (Need).
struct Asked {};
struct Propose {};
// The next record that matters becomes durable.
struct Sync {};
using SlotInput = std::variant<Heard, Asked, Propose, Sync>;

// One life up to now: what was durable when it began, and everything since.
struct SlotLife {
  std::vector<consensus::Record> log;
  consensus::Bit coin = consensus::Bit::zero;
  std::vector<SlotInput> inputs;
};

class SlotNode {
 public:
  SlotNode(const SlotCluster& cluster, ReplicaId self, const SlotLife& life);
  void apply(const SlotInput& input);

  // What concerns the slot: records that are durable, in order, also of earlier lives; and records
  // written, but not yet durable. Decisions are left out (README.md).
  [[nodiscard]] const std::vector<consensus::Record>& log() const { return log_; }
  [[nodiscard]] std::vector<consensus::Record> pending() const;
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  // This life of the owner may still create a batch in the slot, or has skipped it.
  [[nodiscard]] bool life_matters() const;
  // The same bytes: the same behaviour from now on.
  [[nodiscard]] std::string identity() const;

  // What was said, and what came true (SlotFlag), since the last forget().
  [[nodiscard]] Said said() const { return said_; }
  [[nodiscard]] std::uint8_t flags() const { return flags_; }
  void forget() {
    said_ = {};
    flags_ = 0;
  }

 private:
  struct Pending {
    consensus::RecordNumber number;
    consensus::Record record;
  };

  void start(const SlotLife& life);
  void hear(const Heard& heard);
  void hear_phase(ReplicaId from, consensus::Phase phase, std::uint8_t saying);
  void hear_flags(std::uint8_t flags);
  void hear_lane_from();
  void asked();
  void propose();
  void sync();
  void durable(consensus::RecordNumber up_to);
  void receive(ReplicaId from, const consensus::Message& message);
  void tick();
  void take();
  void take(const consensus::Record& record);
  void take(const consensus::Message& message);
  [[nodiscard]] bool is_owner() const { return self_ == slot_owner; }

  ReplicaId self_;
  std::vector<ReplicaId> others_;
  consensus::FoundingVector incarnation_;
  consensus::Node node_;
  base::Instant now_{std::chrono::seconds(1)};
  consensus::RecordNumber written_ = 0;
  consensus::RecordNumber durable_ = 0;
  bool reserved_ = false;  // A reservation that covers the slot is in log_ or pending_.
  std::vector<consensus::Record> log_;
  std::vector<Pending> pending_;
  Said said_;
  std::uint8_t flags_ = 0;
};

}  // namespace rabia::sim::explore
