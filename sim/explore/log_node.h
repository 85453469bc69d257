// A real Node with its whole log, in a cluster of three: all its records, messages, executions and
// its reads. Its disk, its clock and all other members are the caller.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "consensus/node.h"
#include "sim/explore/log_bound.h"

namespace rabia::sim::explore {

// One life: who, and what was on its disk when it began. Lives are counted from 0.
struct LogBirth {
  ReplicaId self;
  unsigned life = 0;
  std::vector<consensus::Record> log;
  bool beats = true;  // What its Beats would say counts as said.
};

// What was said, to one member or (null) to all.
struct LogMessage {
  std::optional<ReplicaId> to;
  consensus::Message message;
};

// What a step brought about, as far as the rules of section 13 want to know.
struct LogEvents {
  SlotMask created = 0;  // Batches.
  SlotMask created_again = 0;
  SlotMask skipped = 0;
  SlotMask decided_zero = 0;
  SlotMask decided_one = 0;
  SlotMask acknowledged = 0;  // Own batches of this life that were executed here.
  bool read_done = false;
  bool beyond = false;  // A round beyond the bound was used: not to be followed.
};

class LogNode {
 public:
  // It may have said something when this returns.
  explicit LogNode(const LogBirth& birth);

  // ---- inputs; each is a step of the real driver, and ends with a tick
  void deliver(ReplicaId from, const consensus::Message& message);
  // The next record becomes durable. Needs pending().
  void sync();
  // Nothing happens when it cannot.
  void propose();
  void read();
  void pass_time();

  // ---- since the last forget()
  [[nodiscard]] const std::vector<LogMessage>& sent() const { return sent_; }
  [[nodiscard]] const LogEvents& events() const { return events_; }
  void forget();

  // ---- now
  // The same bytes: the same behaviour from now on. `may_crash`: the disk counts too.
  [[nodiscard]] std::string identity(bool may_crash) const;
  // What is on disk when a crash comes now, after as many of the written records as it says.
  [[nodiscard]] std::vector<consensus::Record> disk(std::size_t pending_kept) const;
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  [[nodiscard]] unsigned passes() const { return passes_; }
  [[nodiscard]] SlotMask executed() const { return executed_; }
  // How many slots of the log it has passed.
  [[nodiscard]] unsigned position() const;
  [[nodiscard]] consensus::Round frontier_end() const { return node_.frontier_end(); }

 private:
  struct Pending {
    consensus::RecordNumber number;
    consensus::Record record;
  };

  void step();
  void beat();
  void take();
  void take(const consensus::Record& record);
  void take(const consensus::Outgoing& outgoing);
  void execute(const consensus::Execution& execution);
  void note_decided(const consensus::record::Decided& decided);
  void append_slot(std::string& bytes, const consensus::Slot& slot) const;

  ReplicaId self_;
  unsigned life_;
  bool beats_;
  consensus::Node node_;
  base::Instant now_{std::chrono::seconds(1)};
  consensus::RecordNumber written_ = 0;
  std::vector<consensus::Record> log_;
  std::vector<Pending> pending_;
  SlotMask executed_ = 0;
  SlotMask created_ = 0;  // In this life.
  std::optional<std::uint64_t> read_;
  std::optional<consensus::Nonce> asked_;               // Of the barrier under way.
  std::map<ReplicaId, consensus::Round> answers_;       // The first ones to it.
  std::pair<consensus::Round, consensus::Round> beat_;  // The last one: top + 1, laneFrom.
  std::map<ReplicaId, consensus::Round> lane_from_;     // The largest heard of each.
  unsigned passes_ = 0;
  std::vector<LogMessage> sent_;
  LogEvents events_;
};

}  // namespace rabia::sim::explore
