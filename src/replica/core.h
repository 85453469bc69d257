// Replica, carried out: one Node, one log, one transport, one state machine. See replica.h.
//
// Everything happens in steps. Inputs (frames, durable records, submissions, timers) are given to
// the node or gathered; at the end of the turn one step cuts a batch of what has gathered, carries
// out the node's Ready until nothing is left, sends one frame to each peer, and answers clients.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/node.h"
#include "replica/client_table.h"
#include "replica/digest_watch.h"
#include "replica/disk_room.h"
#include "replica/group.h"
#include "replica/history.h"
#include "replica/kept_snapshots.h"
#include "replica/log_clock.h"
#include "replica/members.h"
#include "replica/one_per_peer.h"
#include "replica/outbox.h"
#include "replica/probe.h"
#include "replica/replica.h"
#include "replica/snapshot_fetch.h"
#include "replica/snapshot_giver.h"
#include "replica/snapshot_requests.h"
#include "replica/snapshot_taker.h"
#include "storage/data_directory.h"
#include "storage/snapshot_directory.h"

namespace rabia::replica {

class Core final : public Replica {
 public:
  // `directory`: locked, null in mode `memory`.
  Core(const Environment& environment, ReplicaOptions options,
       std::shared_ptr<const storage::DataDirectory> directory, StateMachine& machine,
       Callbacks callbacks);

  // Recovers and joins; see Replica::open(). Once: of no use when it fails.
  Status start();

  ClientId add_client(Client& client) override { return clients_.add(client); }
  void remove_client(ClientId client) override { clients_.remove(client); }
  [[nodiscard]] bool accepts(ClientId client) const override;
  [[nodiscard]] bool idle(ClientId client) const override { return clients_.idle(client); }
  void submit_write(ClientId client, std::uint64_t token, std::string_view command) override;
  void submit_read(ClientId client, std::uint64_t token, std::string_view operation) override;
  void take_snapshot(OnSnapshot done) override;
  void change_members(const MemberChange& change, std::function<void(Status)> done) override;
  void begin_backup(OnBackup done) override;
  void read_backup(std::uint64_t backup, BackupPart part, OnBackupPart done) override;
  Status end_backup(std::uint64_t backup) override;
  [[nodiscard]] std::size_t peers_holding_everything() const override;
  [[nodiscard]] ReplicaStatus status() const override;
  [[nodiscard]] const StageTimes& stage_times() const override { return times_; }
  [[nodiscard]] const DiskStatus& disk() const override;
  void set_disk_reserve(std::uint64_t bytes) override;
  [[nodiscard]] LogTime log_time() const override;
  void set_snapshot_rule(const SnapshotRule& rule) override;
  Status close() override;

 private:
  // core_start.cc
  Status open_log();
  Status open_transport();
  void open_members();
  [[nodiscard]] consensus::NodeOptions node_options();
  void make_node();
  Status recover(const storage::Wal::Recovered& record);

  // core.cc
  void schedule();
  void step_later();
  void on_timer();
  void step();
  bool step_once();
  void receive(ReplicaId from, std::string_view frame);
  void on_durable(storage::Lsn lsn);
  void stop_because(Status status);
  void halt();
  void append_records();
  void note_written(storage::Lsn up_to, base::Instant now);
  void note_place(const consensus::Record& record, storage::Lsn lsn,
                  const storage::RecordLocation& location);
  void send(const consensus::Outgoing& outgoing);
  void execute(const consensus::Execution& execution);
  void apply_batch(const consensus::Execution& execution, Group* group);
  void members_changed(const Status& status, Group* group);
  void notice_stage();
  void notice_rejoin();
  [[nodiscard]] std::string why_no_quorum() const;
  [[nodiscard]] std::string why_not_serving() const;
  void notice_serving();
  void status_of_lanes(ReplicaStatus& status) const;
  void set_timer();
  void flush_lazy_records();
  void refuse_after_stop();

  // core_clients.cc
  Group& open_group_for(ClientId client);
  void cut();
  void submit_change(base::SharedBytes batch, std::function<void(Status)> done);
  [[nodiscard]] bool pace_allows() const;
  [[nodiscard]] base::Instant pace_allows_at() const;
  void propose(std::unique_ptr<Group> group);
  void start_barrier();
  void own_decision(const consensus::OwnDecision& decision);
  void reads_done(std::uint64_t token);
  void fail(Group& group, Failure failure);
  void fail_what_cannot_wait();
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool available() const;
  void unblock();
  void notify_accepting();
  [[nodiscard]] std::unique_ptr<Group> take_open();

  // core_clock.cc
  void judge_stamp(ReplicaId from, consensus::Message& message);
  [[nodiscard]] LogTime supported_by_a_quorum() const;
  [[nodiscard]] bool own_clock_is_wrong() const;
  void say_what_is_supported(consensus::Message& message) const;
  [[nodiscard]] LogTime own_stamp() const;
  void stamp(Group& group);
  [[nodiscard]] std::optional<base::Instant> tick_at() const;
  void propose_tick();

  // core_digests.cc
  void note_digest();
  void compare_digests(const std::vector<consensus::DigestClaim>& claims);
  void judge_digests();
  void claim_digest();
  [[nodiscard]] bool claims_digest() const;
  void stop_as_diverged();
  [[nodiscard]] std::string divergence_note() const;
  [[nodiscard]] Status refuse_if_diverged() const;
  void status_of_digests(ReplicaStatus& status) const;
  [[nodiscard]] const consensus::Configuration& members_in_force() const;

  // core_history.cc
  struct HistoryReply;
  void reply_from_history(const consensus::HistoryRequest& request);
  void read_batches(const std::shared_ptr<HistoryReply>& reply);
  void finish_history(HistoryReply& reply);
  void send_history(HistoryReply& reply);

  // core_snapshots.cc
  struct CheckpointPlace {
    storage::Lsn lsn = 0;
    std::uint32_t segment = 0;
  };
  struct Cut {
    LogPosition position;
    StateDigest digest;
    std::uint64_t commands = 0;  // commands_executed_ then.
  };
  struct Saved {
    std::optional<base::WallTime> at;  // See ReplicaStatus.
    std::uint64_t commands = 0;  // commands_executed_ at the cut; 0: it was found at the start.
    bool last_failed = false;
    std::optional<base::Duration> last_took;
  };
  Status open_snapshots();
  Status load_newest_snapshot();
  Status load_snapshot(storage::SnapshotFile& file);
  [[nodiscard]] Status check_snapshots(const consensus::Record& record) const;
  void tick_snapshots();
  [[nodiscard]] bool snapshot_is_due() const;
  [[nodiscard]] bool log_asks_for_snapshot() const;
  void begin_snapshot();
  void snapshot_taken(Result<storage::SnapshotId> id);
  void keep(const consensus::SnapshotName& name, const Cut& of);
  void note_saved_at_start(std::uint64_t round);
  void compact();
  void talk_about_snapshots(const consensus::SnapshotTalk& talk);
  void offer_snapshot(ReplicaId peer, consensus::Round from);
  void remove_unpinned_snapshots();
  void status_of_snapshots(ReplicaStatus& status) const;
  [[nodiscard]] bool is_wanted(const storage::SnapshotHeader& header) const;
  void install(const storage::SnapshotHeader& header);

  // core_backup.cc
  void serve_snapshot_requests();
  [[nodiscard]] SnapshotInfo info_of(const KeptSnapshot& kept) const;
  void read_part(const consensus::SnapshotName& name, std::uint64_t offset, std::size_t size,
                 OnBackupPart done);

  // core_disk.cc
  // For clients and peers. Constant, so that a peer logs it once.
  static constexpr const char* why_stepped_back =
      "its disk is full: it takes no part until there is room";
  Status look_for_room();
  void watch_disk();
  void disk_changed(DiskStatus::Room before);
  [[nodiscard]] bool stepped_back() const;
  void step_back();
  void come_back();
  [[nodiscard]] bool snapshot_would_fit() const;
  void make_room_by_a_snapshot();

  Environment environment_;
  ReplicaOptions options_;
  StateMachine& machine_;
  Callbacks callbacks_;

  std::shared_ptr<const storage::DataDirectory> directory_;
  std::unique_ptr<consensus::Engine> node_;
  consensus::Node* lanes_ = nullptr;  // The same, unless it runs the protocol as published.
  std::unique_ptr<storage::Wal> wal_;
  std::unique_ptr<transport::Transport> transport_;
  std::optional<Outbox> outbox_;
  History history_;
  std::unique_ptr<io::Timer> timer_;

  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For what was posted.
  bool scheduled_ = false;
  bool in_step_ = false;
  bool again_ = false;  // More came while the step was under way.
  bool stopped_ = false;
  base::Instant now_{};
  std::optional<base::Instant> timer_at_;
  base::Instant last_commit_{};
  std::string record_bytes_;
  std::string reply_bytes_;

  LogPosition position_;
  LogClock clock_;
  base::Instant last_tick_{};
  std::map<ReplicaId, base::Instant> stamps_refused_at_;  // When it was logged last, by origin.
  std::uint64_t commands_executed_ = 0;
  std::uint64_t reproposed_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t groups_ = 0;  // Proposed in this life.
  StageTimes times_;
  struct Write {
    storage::Lsn last = 0;
    base::Instant at{};
  };
  std::deque<Write> writes_;  // Given to the log, for what waits for them, and not durable yet.

  mutable ClientTable clients_;  // Who asks accepts() and is told no is remembered.
  std::unique_ptr<Group> open_;
  std::deque<std::unique_ptr<Group>> repropose_;
  std::map<consensus::Round, std::unique_ptr<Group>> proposed_;
  std::unique_ptr<Group> barrier_;
  std::uint64_t waiting_bytes_ = 0;  // Of all groups but the open one.
  base::Instant last_cut_{};
  base::Duration commit_time_{};  // From proposal to decision, smoothed.
  std::optional<base::Instant> unavailable_since_;
  std::uint64_t serving_token_ = 0;  // Of the read that tells that it serves; 0: not asked yet.
  bool serving_ = false;
  base::Instant opened_at_{};
  bool told_of_founding_ = false;

  std::optional<Members> members_;
  bool rejoining_ = false;
  DigestWatch digests_;
  bool claim_owed_ = false;   // Peers do not know the newest digest.
  base::Instant claim_at_{};  // No sooner.

  // Absent in mode `memory`. The jobs outlive those who have them done.
  std::optional<storage::SnapshotDirectory> snapshots_;
  std::unique_ptr<Jobs> snapshot_jobs_;
  std::unique_ptr<SnapshotTaker> taker_;
  std::unique_ptr<SnapshotFetch> fetch_;
  std::unique_ptr<SnapshotGiver> giver_;
  KeptSnapshots kept_;
  SnapshotRequests snapshot_requests_;
  std::uint64_t last_backup_ = 0;  // Its number.
  std::optional<base::Instant> requests_held_up_since_;
  Cut cut_;  // Of the snapshot that is being taken.
  Saved saved_;
  std::map<consensus::Round, consensus::Incarnation> found_incarnations_;  // At the start.
  std::map<consensus::Round, CheckpointPlace> checkpoints_;                // In the log.
  storage::Lsn durable_lsn_ = 0;
  std::uint64_t log_since_snapshot_ = 0;  // Bytes, roughly.
  bool snapshot_asked_ = false;
  base::Instant last_snapshot_at_{};
  base::Instant no_snapshot_before_{};
  std::optional<base::Instant> peer_asked_at_;  // Last, for a part of a snapshot.
  std::uint64_t snapshots_taken_ = 0;
  std::uint64_t snapshots_failed_ = 0;
  std::uint64_t snapshots_damaged_ = 0;

  std::optional<DiskRoom> disk_room_;  // Absent in mode `memory`.

  OnePerPeer<consensus::HistoryRequest> history_requests_;
};

}  // namespace rabia::replica
