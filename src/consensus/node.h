// The protocol of one replica, as a value that computes: inputs in, Ready out. protocol.md.
//
// No clock, no socket, no disk, no thread and no randomness: the caller brings time with each
// input, and carries out each Ready before the next input. What binds this replica (a State, a
// vote) is handed out to be sent only after the caller has said that its record is durable.
//
// Where the rules are:
//   weak_mvc.h         one slot: 2 and 11               own_lane.h        propose, reserve: 3
//   window.h           the slots, in their order: 1, 3  lane_watch.h      patience and trust: 4
//   membership.h       changes of the members: 5        barrier.h         reads, rejoin: 6, 8
//   founding.h         first start: 8                   node.cc           inputs, Ready
//   node_agreement.cc  slots, by messages and records   node_lanes.cc     skips, forfeits: 3, 4
//   node_catch_up.cc   Need and its reply: 7            node_snapshot.cc  checkpoints: 7
//   node_barriers.cc   asking and answering: 6, 8       node_restart.cc   replay: 12
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/mutant.h"
#include "base/time.h"
#include "consensus/barrier.h"
#include "consensus/configuration.h"
#include "consensus/engine.h"
#include "consensus/founding.h"
#include "consensus/lane_watch.h"
#include "consensus/membership.h"
#include "consensus/message.h"
#include "consensus/own_lane.h"
#include "consensus/record.h"
#include "consensus/types.h"
#include "consensus/window.h"
#include "rabia/result.h"

namespace rabia::consensus {

struct NodeOptions {
  std::string cluster_id;
  ReplicaId self;
  std::vector<ReplicaId> members;  // The start list, self included.
  Mode mode = Mode::always;
  std::string boot_id;     // Of the machine, now.
  bool may_found = false;  // The operator's word for a first start.
  // The operator's word for a member that has lost everything, or a new one: it takes no part in a
  // founding, and comes into a cluster that exists (section 8). Mode `memory` needs none.
  bool rejoin = false;
  // The operator's word that the log is whole, though the machine was restarted in mode `os`.
  bool vouched = false;
  Nonce life;  // Fresh random bits for this life of the process.

  std::uint64_t window_rounds = 1024;  // α; a constant of the cluster.
  std::uint64_t ahead_rounds = 256;    // g: how far zeros are input ahead; at most α/4.
  LaneWatchOptions lane_watch;
  base::Duration pause_least =
      std::chrono::milliseconds(10);  // Between ticks: shorter is no pause.
  base::Duration beat_every = std::chrono::milliseconds(100);
  base::Duration need_after_least = std::chrono::milliseconds(20);
  base::Duration need_after_most = std::chrono::milliseconds(500);
  base::Duration absent_after = std::chrono::milliseconds(100);  // Never connected since the start.
  std::uint64_t reply_bytes_max = 1U << 20;                      // Of one reply to Need.
  std::size_t own_undecided_max = 16;                            // Own batches under way at once.
  std::uint64_t own_undecided_bytes_max = 16U << 20;
  std::uint64_t unsynced_bytes_max = 64U << 20;  // Above, no new State (section 2.3).
  base::Duration unsynced_for_max = std::chrono::seconds(1);
  std::size_t fetch_slots_max = 64;  // Missing batches asked of one member at a time.
  std::uint64_t beyond_window_bytes_max = 32U << 20;  // Messages kept for rounds ≥ L + α.
};

struct Outgoing {
  // One member, or (when null) every other member of `everyone_of`.
  std::optional<ReplicaId> to;
  const Configuration* everyone_of = nullptr;
  Message message;
};

// A slot whose turn in the log has come.
struct Execution {
  SlotId slot;  // As published: the owner of the request, and what its propose() returned.
  base::SharedBytes batch;
  Round executed_end;  // L after it.
  // Of a batch that says who the members are: whether it is so now, or why it says nothing.
  std::optional<Status> membership;
};

struct OwnDecision {
  Round round;
  Bit value;
};

// A peer lacks slots that this replica has executed and forgotten: the caller reads them from its
// log. It sends Decided and BatchCopy for the rounds [from, to) in log order, no more than
// NodeOptions::reply_bytes_max, and at last NeedEnd(next, more = true); and the wanted ones before.
struct HistoryRequest {
  ReplicaId peer;
  RoundRange rounds;
  std::vector<SlotId> wanted;
};

// What a snapshot says to the protocol: the state is the one after all rounds below `round`, and
// these are in force from it on.
struct SnapshotPoint {
  Round round;
  std::vector<Epoch> epochs;
};

// A message about snapshots: the caller has them.
struct SnapshotTalk {
  ReplicaId from;
  std::variant<message::Below, message::SnapshotAsk, message::SnapshotPart> message;
};

// What a peer says of the state: the caller has one to compare.
struct DigestClaim {
  ReplicaId from;
  message::Digest digest;
};

// What the caller must do, in this order, before the next input.
struct Ready {
  // 0. Compare: a state that is known to be wrong answers nobody.
  std::vector<DigestClaim> digest_claims;
  // 1. Append to the log, numbered on from the last; `waits`: somebody waits until they are
  // durable.
  std::vector<Record> records;
  bool waits = false;
  // 2. Learn what became of own batches; execute; let the reads up to Node::reads_done() look.
  std::vector<OwnDecision> own_decisions;
  std::vector<Execution> executions;
  // 3. Send, in one frame to each peer; answer from the log; give and take snapshots.
  std::vector<Outgoing> messages;
  std::vector<HistoryRequest> history;
  std::vector<SnapshotTalk> snapshot_talk;

  [[nodiscard]] bool empty() const {
    return records.empty() && own_decisions.empty() && executions.empty() && messages.empty() &&
           history.empty() && snapshot_talk.empty() && digest_claims.empty();
  }
  void clear();
};

struct NodeCounters {
  std::uint64_t proposed = 0;
  std::uint64_t decided_one = 0;
  std::uint64_t decided_zero_by_states = 0;
  std::uint64_t decided_zero_by_skip = 0;
  std::uint64_t decided_zero_by_votes = 0;
  std::uint64_t decided_in_later_phases = 0;
  std::uint64_t learned = 0;  // By Decided.
  std::uint64_t coins = 0;
  std::uint64_t forfeits = 0;  // Zeros input after waiting.
  std::uint64_t refused = 0;   // Batches of others that were not supported: section 4, (e).
  std::uint64_t zeros_ahead = 0;
  std::uint64_t barriers = 0;
  std::uint64_t needs_sent = 0;
  std::uint64_t fetches = 0;
  std::uint64_t beyond_window_dropped = 0;
  std::uint64_t snapshots_installed = 0;
  std::uint64_t rejoins = 0;
  std::uint64_t member_changes = 0;  // Executed in this life.
  std::uint64_t phases = 0;  // The protocol as published: of the slots decided by votes here.
};

// What another member's lane costs this replica.
struct LaneSeen {
  Lane lane;
  std::uint64_t waits = 0;        // LaneWatch::waits().
  std::uint64_t forfeits = 0;     // Zeros input after waiting.
  std::uint64_t zeros_ahead = 0;  // Zeros input without.
  std::uint32_t interval = 1;     // Trust: it is waited for in one round of so many.
  base::Duration recent_wait{};
  base::Duration patience{};
};

// Not thread-safe. Not movable: parts refer to each other.
class Node final : public Engine {
 public:
  explicit Node(NodeOptions options);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // ---- start (section 12)
  // Before the log, when there is a snapshot: everything below its round is executed.
  void restore_snapshot(const SnapshotPoint& point);
  // Once for each record of the log, in order. Fills `ready().executions`, which the caller takes
  // as it goes. An error: the log is not this replica's, or may be incomplete.
  Status restore(const Record& record, RecordNumber number);
  // After the last of them. Nothing else may be called before.
  Status start(base::Instant now) override;

  // ---- inputs
  // Proposes a batch in the own lane; needs can_propose(). Its decision comes in own_decisions.
  Round propose(base::SharedBytes batch, base::Instant now) override;
  [[nodiscard]] bool can_propose() const override;
  // `incarnation` is the sender's (0: none yet). Frames of other incarnations are dropped, but for
  // what members say while founding.
  void receive(ReplicaId from, Incarnation incarnation, const Message& message,
               base::Instant now) override;
  // All records up to this number are durable.
  void durable(RecordNumber up_to, base::Instant now) override;
  // Asks for a linearizable read; it may look when reads_done() reaches the token returned.
  std::uint64_t read() override;
  [[nodiscard]] std::uint64_t reads_done() const override {
    return base::mutated(base::Mutant::read_without_barrier) ? reads_asked_ : reads_done_;
  }
  void peer_up(ReplicaId peer, base::Instant now) override;
  void peer_down(ReplicaId peer, base::Instant now) override;
  void round_trip(ReplicaId peer, base::Duration measured) override;
  // A peer that is no member (yet, or any more) may speak with this one.
  void know(ReplicaId peer) override;
  // A snapshot of a round above L was made the state: own records below it are void.
  void install(const SnapshotPoint& point, base::Instant now);
  // At the end of each step, after all input that waited was given; at wake_at() at the latest.
  void tick(base::Instant now) override;

  // ---- compaction (section 7)
  // True while no batch of round L is executed: the moment for a snapshot of the state.
  [[nodiscard]] bool between_rounds() const;
  // While it is set, no batch of a round is executed before the caller has seen its beginning.
  void stop_at_round_end(bool stop) { stop_at_round_end_ = stop; }
  // Of the batches that a checkpoint would repeat now.
  [[nodiscard]] std::uint64_t checkpoint_bytes() const;
  // Repeats, in one record, what must outlive the log before it; needs between_rounds(). Once the
  // record and a snapshot of the same round are durable, all earlier records may be dropped.
  RecordNumber write_checkpoint();

  // ---- outputs
  // What has gathered since it was last cleared; the caller clears it.
  [[nodiscard]] Ready& ready() override { return ready_; }
  [[nodiscard]] base::Instant wake_at() const override { return wake_at_; }

  // ---- what can be seen
  [[nodiscard]] Stage stage() const override { return stage_; }
  [[nodiscard]] const std::string& why_refused() const override { return why_refused_; }
  // Boot and the first reservation are durable: it may open for clients.
  [[nodiscard]] bool open() const override;
  [[nodiscard]] bool has_quorum() const override;
  [[nodiscard]] Incarnation incarnation() const override { return incarnation_; }
  [[nodiscard]] Round executed_end() const override { return window_.executed_end(); }
  [[nodiscard]] Round in_use_end() const override { return window_.in_use_end(); }
  [[nodiscard]] Round peer_executed_end(ReplicaId peer) const override;
  // The last one that came on the connection that is up; null when there is none.
  [[nodiscard]] const message::Beat* last_beat(ReplicaId peer) const override;
  [[nodiscard]] Round frontier_end() const;
  [[nodiscard]] Round bound_end() const;
  [[nodiscard]] Round floor() const override {
    return stage_ == Stage::rejoining ? round_never : floor_;
  }
  // This replica votes in round L, or from a round on that is near.
  [[nodiscard]] bool is_voter() const override;
  [[nodiscard]] const Window& window() const { return window_; }
  [[nodiscard]] const ConfigurationHistory& configurations() const override {
    return configurations_;
  }
  [[nodiscard]] const OwnLane& own_lane() const { return own_lane_; }
  // Own batches of this life whose outcome was not told yet.
  [[nodiscard]] std::size_t own_undecided() const override { return own_undecided_; }
  [[nodiscard]] const NodeCounters& counters() const override { return counters_; }
  [[nodiscard]] std::vector<LaneSeen> lanes_seen() const;

 private:
  // What happens when a record is durable: it is counted and sent, or a reservation or stage
  // begins.
  using Awaited = std::variant<message::State, message::CastVote, record::Reserve, record::Founding,
                               record::Boot, record::Rejoin>;
  struct Written {
    RecordNumber number;
    std::uint64_t bytes;
    base::Instant at;
    Awaited what;
  };
  struct OtherLane {  // Another member's lane.
    explicit OtherLane(const LaneWatchOptions& options) : watch(options) {}
    LaneWatch watch;
    Round lane_from;         // The largest heard.
    RoundRange skip_beyond;  // Skipped rounds above the window, until it reaches them.
    Round ahead_end;         // Zeros were input ahead below.
    std::uint64_t forfeits = 0;
    std::uint64_t zeros_ahead = 0;
  };
  struct Peer {
    bool up = false;
    bool beat_on_this_connection = false;
    base::Duration round_trip{};
    message::Beat beat;  // The last one.
    Round needed_from;   // L when Need was last sent to it.
    bool more = false;   // Its reply was cut short.
  };

  // node_restart.cc
  [[nodiscard]] bool make_room(Round round);
  template <typename Said, typename PutBack>
  Status replay_rounds(const Said& said, bool in_use, PutBack put_back);
  Status replay(const record::State& state);
  Status replay(const record::CastVote& vote);
  Status replay(const record::Decided& decided);
  Status replay(const record::Batch& batch);
  Status replay(const record::Reserve& reserve);
  Status replay(const record::Founding& founding);
  Status replay(const record::Boot& boot);
  Status replay(const record::CleanStop& stop);
  Status replay(const record::Rejoin& rejoin);

  // node_snapshot.cc
  Status replay(const record::Checkpoint& checkpoint);
  template <typename Talk>
  void on_snapshot_talk(ReplicaId from, const Talk& talk) {
    ready_.snapshot_talk.push_back({from, talk});
  }
  void on(ReplicaId from, const message::Below& below) { on_snapshot_talk(from, below); }
  void on(ReplicaId from, const message::SnapshotAsk& ask) { on_snapshot_talk(from, ask); }
  void on(ReplicaId from, const message::SnapshotPart& part) { on_snapshot_talk(from, part); }
  void on(ReplicaId from, const message::Digest& digest) {
    ready_.digest_claims.push_back({from, digest});
  }
  void on(ReplicaId /*from*/, const message::Published& /*said*/) {}  // Not to lanes.

  // node.cc
  [[nodiscard]] Status check_members() const;
  [[nodiscard]] bool forgot_in_mode_os() const;
  [[nodiscard]] record::Boot boot_record() const;
  void become(const FoundingVector& incarnation);
  void begin_life();
  void begin_running();
  // It hears and says what it knows; in stage running it also takes part.
  [[nodiscard]] bool active() const {
    return stage_ == Stage::running || stage_ == Stage::rejoining;
  }
  void hear_founding(ReplicaId from, const message::Beat& beat);
  void hear_founded(const FoundingVector& incarnation);
  void found_with(const FoundingVector& incarnation);
  void after_founding_step(std::optional<record::Founding> record);
  void on(ReplicaId from, const message::Beat& beat);
  void dispatch(ReplicaId from, const Message& message);
  [[nodiscard]] bool may_beat() const;
  [[nodiscard]] message::Beat make_beat() const;
  void send_beats();
  [[nodiscard]] Nonce fresh_nonce();
  RecordNumber persist(Record record, bool waits);
  void write(Record record, Awaited what);
  void send(ReplicaId to, Message message);
  void send_everyone(Round round, Message message);
  void raise_in_use(Round end);
  void set_wake_up();
  [[nodiscard]] base::Duration least_patience() const;
  [[nodiscard]] base::Duration slowest_exchange() const;  // 2 RTT + w
  [[nodiscard]] bool busy() const;

  // node_barriers.cc
  void on(ReplicaId from, const message::Ask& ask);
  void on(ReplicaId from, const message::Answer& answer);
  void drive_reads();
  void drive_rejoin();
  [[nodiscard]] bool has_stayed_so_small(const Configuration& configuration) const;
  void begin_taking_part(Round from);
  void ask_again(Barrier& barrier);

  // node_agreement.cc
  void on(ReplicaId from, const message::Batch& batch);
  void on(ReplicaId from, const message::Skip& skip);
  void on(ReplicaId from, const message::State& state);
  void on(ReplicaId from, const message::CastVote& vote);
  void on(ReplicaId from, const message::Decided& decided);
  void on(ReplicaId from, const message::BatchCopy& copy);
  void hold_batch(SlotId id, const base::SharedBytes& bytes, bool refused);
  template <typename Said, typename Add, typename Excused>
  void count_said(ReplicaId from, const Said& said, Add add, Excused excused);
  void answer_decided(ReplicaId to, SlotId id, Bit decision);
  void on_durable(const message::State& state);
  void on_durable(const message::CastVote& vote);
  template <typename Said>
  void say_what_is_kept(Said said);
  template <typename Said>
  void send_ranges(Said said);
  void touch(SlotId id, Slot& slot);
  void touch_all();
  void run_rules();
  void run_rules_of(SlotId id, Slot& slot);
  [[nodiscard]] StepContext context_of(SlotId id, const Slot& slot) const;
  [[nodiscard]] bool others_silent(SlotId id, const Slot& slot) const;
  void write_state(SlotId id, Slot& slot, WriteState step);
  void write_vote(SlotId id, Slot& slot, WriteVote step);
  template <typename Recorded, typename Said>
  void write_or_extend(Recorded record, const Said& said);
  enum class Why : std::uint8_t { rule, skip, told };
  void decide(SlotId id, Slot& slot, Bit value, Why why);
  [[nodiscard]] bool created_here(SlotId id, const Slot& slot) const;
  void tell_own_decision(SlotId id, const Slot& slot, Bit value);
  void count_decision(const Slot& slot, Bit value, Why why);
  void record_decision(SlotId id, Bit value);
  void record_batch_if_new(SlotId id, Slot& slot);
  void execute();
  void change_members(Execution& execution);
  void enter_rounds(Round before);
  [[nodiscard]] bool disk_is_behind() const;
  bool keep_beyond_window(ReplicaId from, RoundRange rounds, const Message& message,
                          std::uint64_t bytes);
  void receive_kept();

  // node_lanes.cc
  [[nodiscard]] std::optional<Round> round_to_propose() const;
  [[nodiscard]] std::optional<Round> next_free_round() const;
  struct OwnLaneSeen {
    std::uint32_t interval = 1;
    base::Duration waited{};
  };
  [[nodiscard]] OwnLaneSeen own_lane_seen_by_voters() const;
  void skip_own_rounds();
  void skip_own(RoundRange rounds);
  void renew_reservation();
  void note_coverage(Lane lane, RoundRange rounds);
  void forfeit();
  void forfeit_round(Round round);
  [[nodiscard]] bool should_forfeit(SlotId id, const Slot& slot, base::Instant since);
  [[nodiscard]] bool is_open(Lane lane, Round round) const;
  void input_zeros_ahead();
  void watch_lanes();
  void raise_by_lane_from();

  // node_catch_up.cc
  void on(ReplicaId from, const message::Need& need);
  void on(ReplicaId from, const message::NeedEnd& end);
  void reply_to_need(ReplicaId to, Round from, const std::vector<SlotId>& wanted);
  std::uint64_t reply_with_slot(ReplicaId to, SlotId id, const Slot& slot, bool batch_wanted);
  void reply_with_own(ReplicaId to, SlotId id, const Slot& slot);
  void ask_for_what_is_missing();
  void send_need(ReplicaId to, std::vector<SlotId> wanted);
  void fetch_missing_batches();
  [[nodiscard]] std::optional<ReplicaId> holder_to_ask(SlotId id, const Slot& slot) const;

  NodeOptions options_;
  Configuration start_list_;
  ConfigurationHistory configurations_;
  Window window_;
  OwnLane own_lane_;
  std::optional<Founding> founding_;
  std::map<Lane, OtherLane> lanes_;  // Without the own one.
  std::map<ReplicaId, Peer> peers_;  // All others that it may speak with.

  Stage stage_ = Stage::founding;
  FoundingVector incarnation_vector_;
  Incarnation incarnation_ = 0;
  std::optional<record::Boot> last_boot_;
  bool cleanly_stopped_ = false;
  bool checkpoint_seen_ = false;
  bool stop_at_round_end_ = false;
  bool repeating_ = false;             // A checkpoint is being replayed.
  bool without_memory_ = false;        // Until a Rejoin is durable.
  bool began_without_memory_ = false;  // So says the first Boot of the log.
  std::string why_refused_;
  Round floor_;
  Round said_end_;       // Of all rounds of which anything was sent, or may have been.
  Round state_one_end_;  // Part of the frontier: states 1 that are durable here.

  base::Instant now_{};
  base::Instant started_at_{};
  base::Instant last_tick_{};
  base::Instant patience_since_{};  // Patience counts from here at the earliest.
  base::Instant wake_at_{};
  base::Instant next_beat_{};
  bool beat_changed_ = false;
  base::Duration write_time_{};  // w, smoothed.

  RecordNumber first_record_ = 0;  // That the log still has; 0: none was replayed.
  RecordNumber last_record_ = 0;
  Round dropped_below_;  // A checkpoint has left out what was said of rounds below.
  std::deque<Written> written_;
  std::uint64_t unsynced_bytes_ = 0;
  std::vector<SlotId> dirty_;   // Slots whose rules must be tried.
  std::vector<SlotId> trying_;  // Those of run_rules(): kept for their memory.
  std::vector<SlotId> held_;    // Slots whose vote ? is held back.
  bool stalled_ = false;        // The disk is behind: rules that write wait for it.
  std::size_t own_undecided_ = 0;
  std::uint64_t own_undecided_bytes_ = 0;
  Round avoid_below_;  // Others have input 0 ahead in the own lane below.
  std::uint64_t skip_ahead_rounds_ = 0;
  Round in_use_end_at_last_beat_;

  struct Kept {
    ReplicaId from;
    Message message;
    std::uint64_t bytes;
  };
  std::multimap<Round, Kept> beyond_window_;  // By the first round that the message speaks of.
  std::uint64_t beyond_window_bytes_ = 0;
  bool dropped_beyond_window_ = false;

  std::optional<Barrier> rejoin_;
  Round rejoin_written_;  // The Rejoin that is on its way to the disk; 0: none.
  std::optional<Barrier> barrier_;
  std::uint64_t reads_asked_ = 0;       // Tokens given.
  std::uint64_t reads_done_ = 0;        // Tokens up to this may look.
  std::uint64_t reads_in_barrier_ = 0;  // The barrier under way serves tokens up to this.
  std::uint64_t nonces_drawn_ = 0;

  Round need_stood_at_;  // L when it was last seen to move.
  base::Instant need_at_{};
  base::Duration need_after_{};

  Ready ready_;
  NodeCounters counters_;
};

}  // namespace rabia::consensus
