// The protocol as published, of one replica: the paper's Algorithms 1 to 3 behind the contract of
// consensus::Engine. docs/protocol.md, section 16, says where each step is, and what was added.
//
// Mode `memory`, static members, one slot after the other. A member that died stays away: founding
// (protocol.md, section 8) does not know its new life, so it never speaks with lost memory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "consensus/engine.h"
#include "consensus/founding.h"
#include "consensus/node.h"
#include "consensus/published/decided_log.h"
#include "consensus/published/message.h"
#include "consensus/published/request_queue.h"
#include "consensus/published/weak_mvc.h"

namespace rabia::consensus::published {

struct Options {
  NodeOptions node;     // What lanes alone need of it has no effect.
  base::WallTime wall;  // Time of day at the moment of start(): for time stamps.
  std::uint64_t log_bytes_max = 256ULL << 20;  // Of decided slots, for members that are behind.
  std::size_t ahead_max = 4096;                // Messages kept for slots whose turn has not come.
  std::size_t reply_slots_max = 512;           // Of one reply to Ask.
};

// Not thread-safe. Not movable: parts refer to each other.
class Node final : public Engine {
 public:
  explicit Node(Options options);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // ---- inputs
  Status start(base::Instant now) override;
  // Alg. 1: a request of the own proxy. Returns its number; it is executed once, in some slot.
  Round propose(base::SharedBytes batch, base::Instant now) override;
  [[nodiscard]] bool can_propose() const override;
  void receive(ReplicaId from, Incarnation incarnation, const Message& message,
               base::Instant now) override;
  void durable(RecordNumber up_to, base::Instant now) override;
  // A read waits for an own request that was made after it, which goes through the log.
  std::uint64_t read() override { return ++reads_asked_; }
  [[nodiscard]] std::uint64_t reads_done() const override;
  void peer_up(ReplicaId peer, base::Instant now) override;
  void peer_down(ReplicaId peer, base::Instant now) override;
  void round_trip(ReplicaId /*peer*/, base::Duration /*measured*/) override {}
  void know(ReplicaId /*peer*/) override {}  // Members are those of the start.
  void tick(base::Instant now) override;

  // ---- outputs
  [[nodiscard]] Ready& ready() override { return ready_; }
  [[nodiscard]] base::Instant wake_at() const override { return wake_at_; }

  // ---- what can be seen
  [[nodiscard]] Stage stage() const override { return stage_; }
  [[nodiscard]] const std::string& why_refused() const override { return why_refused_; }
  [[nodiscard]] bool open() const override { return stage_ == Stage::running; }
  [[nodiscard]] bool has_quorum() const override;
  [[nodiscard]] bool is_voter() const override { return true; }
  [[nodiscard]] Incarnation incarnation() const override { return incarnation_; }
  // The slot that is being agreed on: those below are executed.
  [[nodiscard]] Round executed_end() const override { return seq_; }
  [[nodiscard]] Round in_use_end() const override;
  [[nodiscard]] Round peer_executed_end(ReplicaId peer) const override;
  [[nodiscard]] const message::Beat* last_beat(ReplicaId peer) const override;
  [[nodiscard]] Round floor() const override { return {}; }  // Who is a member takes part in all.
  [[nodiscard]] const ConfigurationHistory& configurations() const override { return members_; }
  [[nodiscard]] std::size_t own_undecided() const override { return own_undecided_; }
  // Slots count as decided_one and decided_zero_by_votes, whoever decided; those of which somebody
  // else told count as learned too.
  [[nodiscard]] const NodeCounters& counters() const override { return counters_; }
  [[nodiscard]] const WeakMvc& slot() const { return *slot_; }
  [[nodiscard]] const RequestQueue& queue() const { return queue_; }
  [[nodiscard]] const DecidedLog& log() const { return log_; }

 private:
  struct Peer {
    bool up = false;
    Seq executed_end;                   // As far as it is known.
    std::optional<message::Beat> beat;  // The last one of the connection that is up.
  };
  struct Reply {
    ReplicaId from;
    Seq end;
  };
  struct Kept {
    ReplicaId from;
    Said said;
  };

  // node_life.cc
  void begin_founding(std::optional<record::Founding> record);
  void hear_founding(ReplicaId from, const message::Beat& beat);
  void become(const FoundingVector& vector);
  [[nodiscard]] bool may_beat() const;
  [[nodiscard]] message::Beat make_beat() const;
  void send_beats();
  void persist(Record record);
  [[nodiscard]] Nonce fresh_nonce();

  // node.cc
  RequestId new_request(base::SharedBytes bytes);
  void send(ReplicaId to, Said said);
  void send_everyone(Said said);
  void drive_reads();
  void set_wake_up();

  // node_slots.cc
  void on(ReplicaId from, const Request& said);
  void on(ReplicaId from, const Proposal& said);
  void on(ReplicaId from, const State& said);
  void on(ReplicaId from, const CastVote& said);
  void on(ReplicaId from, const Decided& said);
  template <typename T>
  void on_slot(ReplicaId from, const T& said);
  template <typename T>
  void answer_late(ReplicaId from, const T& said);
  void answer_who_is_beyond(const DecidedLog::Entry& entry);
  void begin_slot();
  bool run_slot();
  bool end_slot();
  void execute(const RequestId& id, const base::SharedBytes& bytes);
  [[nodiscard]] std::size_t index_of(ReplicaId member) const;

  // node_catch_up.cc
  void on(ReplicaId from, const Ask& said);
  void on(ReplicaId from, const Want& said);
  void on(ReplicaId from, const Gone& said);
  void on(ReplicaId from, const Told& said) { told_ = {from, said.end}; }
  void reply_from_log(ReplicaId to, Seq from);
  void note_progress() { progress_at_ = now_; }
  void note_executed_end(ReplicaId peer, Seq end);
  [[nodiscard]] bool busy() const;
  [[nodiscard]] bool lacks(const RequestId& id) const;
  [[nodiscard]] std::vector<RequestId> wanted() const;
  void fetch_what_was_proposed();
  void fetch_value();
  void ask_for_more();
  void ask_when_silent();
  void say_again();
  void discard_what_all_have();

  Options options_;
  Configuration start_list_;
  ConfigurationHistory members_;
  Founding founding_;
  std::map<ReplicaId, Peer> peers_;

  Stage stage_ = Stage::founding;
  std::string why_refused_;
  FoundingVector vector_;
  Incarnation incarnation_ = 0;
  std::vector<Record> written_;  // Not durable yet: from `durable_` + 1 on.
  RecordNumber durable_ = 0;
  std::uint64_t nonces_drawn_ = 0;

  base::Instant now_{};
  base::Instant started_at_{};
  base::Instant next_beat_{};
  base::Instant wake_at_{};
  bool beat_changed_ = false;

  Seq seq_;  // Alg. 1.
  std::optional<WeakMvc> slot_;
  RequestQueue queue_;
  DecidedLog log_;
  std::multimap<Seq, Kept> ahead_;

  std::uint64_t last_number_ = 0;  // Of the own requests.
  std::uint64_t last_time_ = 0;    // The greatest time stamp seen.
  std::size_t own_undecided_ = 0;  // Without those that carry reads.
  std::uint64_t own_undecided_bytes_ = 0;

  std::uint64_t reads_asked_ = 0;
  std::uint64_t reads_done_ = 0;
  std::uint64_t reads_carried_ = 0;       // Those up to this are carried by
  std::optional<std::uint64_t> carrier_;  // the own request with this number.

  Seq known_end_;                                     // Somebody has executed the slots below.
  bool was_busy_ = false;                             // At the end of the last step.
  base::Instant progress_at_{};                       // Something new was heard of the slot.
  base::Duration ask_after_{};                        // So much silence.
  Seq asked_from_;                                    // By the last Ask.
  std::optional<Reply> told_;                         // A reply ended in this step.
  bool fetched_ = false;                              // The value of this slot was asked for.
  std::map<RequestId, base::Instant> missing_since_;  // Proposed, or asked for last.

  Ready ready_;
  NodeCounters counters_;
};

}  // namespace rabia::consensus::published
