// Holds every replica of a world against section 13 of the protocol, step by step, in all its
// lives; counts what happens, and writes the trace.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "consensus/invariants.h"
#include "consensus/published/invariants.h"
#include "replica/probe.h"
#include "sim/world/tally.h"
#include "sim/world/trace.h"

namespace rabia::sim {

// What all replicas of a world have in common. One thread.
struct ClusterWatch {
  ClusterWatch(consensus::Configuration start_list, Durability mode, std::uint64_t window,
               Trace& world_trace, Tally& world_tally)
      : members(std::move(start_list)),
        durability(mode),
        window_rounds(window),
        trace(world_trace),
        tally(world_tally) {}

  // One incarnation's. One that was founded by members that forgot it since is dead, and another
  // may be founded; but only one may ever execute anything (section 8).
  consensus::Invariants& invariants(consensus::Incarnation incarnation) {
    return all.try_emplace(incarnation, members, durability, window_rounds).first->second;
  }

  // And of the protocol as published, in its place for what that one says.
  consensus::published::Invariants& published(consensus::Incarnation incarnation) {
    return all_published.try_emplace(incarnation, members, incarnation).first->second;
  }

  // The member's Boot of this incarnation is durable.
  void booted(ReplicaId member, consensus::Incarnation incarnation);
  // The rule by its number and how it was broken; the first one counts.
  void broken(std::string what) {
    if (violation.empty()) violation = std::move(what);
  }
  [[nodiscard]] const std::string& first_violation() {
    for (const auto& [incarnation, invariants] : all) {
      if (violation.empty() && !invariants.violations().empty()) {
        violation = invariants.violations().front();
      }
    }
    for (const auto& [incarnation, invariants] : all_published) {
      if (violation.empty() && !invariants.violations().empty()) {
        violation = invariants.violations().front();
      }
    }
    return violation;
  }

  // As the log of the incarnation that executes says; until then, as founded.
  [[nodiscard]] const consensus::Membership& membership() const {
    const auto found = all.find(executing);
    return found != all.end() ? found->second.membership() : founded;
  }

  consensus::Configuration members;
  consensus::Membership founded = consensus::founded_with(members.members());
  Durability durability;
  std::uint64_t window_rounds;
  std::map<consensus::Incarnation, consensus::Invariants> all;
  std::map<consensus::Incarnation, consensus::published::Invariants> all_published;
  Trace& trace;
  Tally& tally;
  std::string violation;
  std::map<consensus::Incarnation, std::set<ReplicaId>> members_of;  // Ever.
  consensus::Incarnation executing = 0;  // The one that has executed batches.
  std::uint64_t beats_sent = 0;
  std::uint64_t others_sent = 0;  // Messages that are not Beats.
  std::uint64_t records = 0;
};

// One replica's: survives its lives, and knows what each of them promised.
class HostWatch final : public replica::Probe {
 public:
  // An effect of the process, about to happen: the world may let the process die of it. False when
  // the process is dead: then it does not happen.
  using Effect = std::function<bool()>;
  HostWatch(ReplicaId id, ClusterWatch& cluster, Effect effect)
      : id_(id),
        name_("r" + std::to_string(id.value)),
        cluster_(cluster),
        effect_(std::move(effect)) {}

  void begin_life();
  // The node is about to be destroyed.
  void end_life();
  // Replica::open() has failed, and the node with it.
  void node_is_gone() {
    node_ = nullptr;
    lanes_ = nullptr;
  }
  // Everything it had is gone, for all to see: it begins anew, and may not take part under its old
  // promises.
  void forget_log();
  // It has been a member of a founded cluster, in this life or an earlier one.
  [[nodiscard]] bool was_founded() const { return founded_; }
  // What it promised may be gone, whatever its log holds: it must begin its life without memory.
  void must_forget() { must_forget_ = true; }
  // In this life it has come to take part with all that it promised, or has put that behind it: it
  // is past its floor.
  [[nodiscard]] bool is_whole() const;
  [[nodiscard]] const consensus::Engine* node() const { return node_; }
  // The same, unless it runs the protocol as published.
  [[nodiscard]] const consensus::Node* lanes() const { return lanes_; }

  void attached(const consensus::Engine& node) override;
  void recovered(consensus::RecordNumber number, const consensus::Record& record) override;
  void log_recovered(const storage::Wal::RecoverySummary& summary) override;
  void appended(consensus::RecordNumber number, const consensus::Record& record) override;
  void durable(consensus::RecordNumber up_to) override;
  void proposed(consensus::Round round, std::uint64_t group) override;
  void sent(const consensus::Outgoing& outgoing) override;
  void received(ReplicaId from, const consensus::Message& message) override;
  void executed(const consensus::Execution& execution, LogPosition before, bool answered) override;
  void installed(const storage::SnapshotHeader& header) override;
  void read_began(std::uint64_t token) override;
  void read_done(std::uint64_t token, LogPosition executed) override;
  void disk_changed(replica::DiskStatus::Room room) override;

 private:
  struct Written {
    std::uint64_t digest;
    consensus::Record record;  // Until it is durable.
  };
  void note_boot(const consensus::record::Boot& boot);
  void note_escape_row(const consensus::Record& record);
  void note_trust(const consensus::message::Beat& beat);
  void became_durable(consensus::RecordNumber up_to);
  void begin_recovery();
  void print(const std::string& what) const { cluster_.trace.print(name_, what); }
  [[nodiscard]] consensus::Invariants& invariants() { return cluster_.invariants(incarnation_); }

  ReplicaId id_;
  std::string name_;
  ClusterWatch& cluster_;
  Effect effect_;
  const consensus::Engine* node_ = nullptr;
  const consensus::Node* lanes_ = nullptr;
  std::uint64_t life_ = 0;
  int attempts_ = 0;                        // To recover, in this life.
  consensus::Incarnation incarnation_ = 0;  // As its log has it; 0: not founded.
  std::deque<Written> log_;                 // Record n lies at n − 1.
  consensus::RecordNumber durable_ = 0;
  bool founded_ = false;  // Its Boot is durable.
  consensus::RecordNumber recovered_ = 0;
  bool stopped_cleanly_before_ = false;  // The last record that came back is the mark of it.
  std::string loss_;                     // Records that had been durable and did not come back.
  bool must_forget_ = false;
  bool without_memory_ = false;  // So says the last Boot, and no Rejoin has followed.
  consensus::Round lane_from_;   // The greatest reservation that its log gave back, or a Rejoin.
  consensus::FoundingVector said_;
  std::uint64_t last_group_ = 0;
  std::map<std::uint64_t, std::uint64_t> reads_;  // Token: how much of the log it must see.
  std::set<ReplicaId> distrusted_;
};

}  // namespace rabia::sim
