// One replica: feeds the consensus core, obeys its Ready, applies decided batches to the state
// machine, and answers the clients that wait here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/executor.h"
#include "io/files.h"
#include "io/network.h"
#include "rabia/durability.h"
#include "rabia/ids.h"
#include "rabia/protocol.h"
#include "rabia/result.h"
#include "rabia/state_machine.h"
#include "replica/stage_times.h"

namespace rabia::replica {

class Probe;

// Why something submitted has no result.
enum class Failure : std::uint8_t {
  not_executed,     // It was not and will not be executed: safe to retry, here or elsewhere.
  outcome_unknown,  // It may have been executed or may be yet: read before retrying.
};

// One connection of one client, in order. The replica calls it; core thread only.
// Items of one client are answered in the order in which they were submitted.
class Client {
 public:
  virtual ~Client() = default;
  // The write `token` was executed here and is durable on a quorum; `reply` is what the state
  // machine appended, valid during the call.
  virtual void on_executed(std::uint64_t token, std::string_view reply) = 0;
  // The read `token` may look at the state now: it is linearizable, and behind this client's
  // earlier items. `operation` are the bytes that were submitted, valid during the call.
  virtual void on_readable(std::uint64_t token, std::string_view operation) = 0;
  virtual void on_failed(std::uint64_t token, Failure failure) = 0;
  // accepts() has become true again. May submit from inside.
  virtual void on_accepting() = 0;
  // The end of a step in which this client was answered: the moment to write replies to the socket.
  // Never submit from inside.
  virtual void on_step_end() = 0;
};

// Names a client that was added and not yet removed.
struct ClientId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

struct Member {
  ReplicaId id;
  io::Endpoint peer_address;
};

// Bounds and constants of the protocol. Not settings: all members must have one window, and nobody
// but a simulator, which makes everything small, has a reason to change them.
struct Tuning {
  std::uint64_t window_rounds = 1024;  // α (protocol.md, section 1); a power of two, from 8.
  std::uint64_t reply_bytes_max = 1ULL << 20;           // Of one reply to Need.
  std::uint64_t history_reply_bytes = 256ULL << 10;     // Of batches in it that the log holds.
  std::uint64_t memory_history_bytes = 256ULL << 20;    // Mode `memory`: of batches kept for peers.
  std::size_t own_undecided_max = 16;                   // Own batches under way at once,
  std::uint64_t own_undecided_bytes_max = 16ULL << 20;  // and their bytes.
  std::uint64_t beyond_window_bytes_max = 32ULL << 20;
  std::uint64_t unsynced_bytes_max = 64ULL << 20;
  std::size_t batch_bytes_max = 1ULL << 20;        // A larger batch holds one command.
  std::size_t cut_at_once_bytes = 64ULL << 10;     // So much waits: no pace (section 3).
  std::uint64_t frame_bytes_max = 48ULL << 20;     // Of the transport.
  std::uint64_t peer_queue_bytes = 64ULL << 20;    // Of the transport, for each peer.
  std::size_t snapshot_piece_bytes = 64ULL << 10;  // Read, or loaded, by the core thread at once.
  std::size_t snapshot_part_bytes = 256ULL << 10;  // Sent to a peer at once.
  std::uint64_t snapshot_bytes_per_second = 64ULL << 20;  // Asked of a peer.
  std::size_t digest_positions = 4096;  // Own digests kept, to compare with peers'; a power of two.
  base::Duration digest_every = std::chrono::seconds(1);  // Said to peers, when there is news.
  std::uint64_t snapshot_bytes_max = 1ULL << 40;          // A peer that names a larger one lies.
  base::Duration look_at_disk_every = std::chrono::milliseconds(250);
  // A batch for the clock's sake: each further member waits so much longer, and no two follow each
  // other faster.
  base::Duration tick_stagger = std::chrono::milliseconds(50);
  base::Duration tick_every = std::chrono::milliseconds(10);
};

// A snapshot is taken when so much was written to the log since the last one, and, if anything was,
// after so long. Two are kept, and the log since the older one.
struct SnapshotRule {
  std::uint64_t log_bytes = 256ULL << 20;
  base::Duration every = std::chrono::hours(1);
  int zstd_level = 3;  // 0: not compressed.
};

struct ReplicaOptions {
  std::string cluster_id;
  ReplicaId self;
  std::vector<Member> members;  // The start list, self included; equal on all members.
  std::string data_directory;
  Durability durability = Durability::always;
  // As published: with durability `memory` only, and nobody comes, goes or comes back.
  Protocol protocol = Protocol::lanes;
  bool bootstrap = false;  // The operator's word: found a new cluster when the directory is empty.
  // The operator's word that what this replica had is lost, or that it is new: with an empty
  // directory, or one whose log is damaged, it comes into the cluster that exists and takes
  // everything from the others (protocol.md, section 8). What a damaged directory held is put aside
  // until then. No effect on one that is whole.
  bool rejoin = false;
  // The operator's word that a log of durability `os` is whole although its machine was restarted.
  bool vouched = false;
  std::uint64_t segment_bytes = 64ULL << 20;
  // A replica without a quorum for this long refuses what is not yet in a batch, and what arrives.
  base::Duration unavailable_after = std::chrono::milliseconds(500);
  // What waits longer than this for its result is answered "outcome unknown".
  base::Duration answer_within = std::chrono::seconds(5);
  std::uint64_t waiting_bytes_max = 256ULL << 20;  // Submitted, not answered: beyond it, refuse.
  SnapshotRule snapshots;
  // Room that the disk of the data directory should have; 0: nobody looks. Below it the server
  // refuses what makes data grow, below a quarter of it the replica takes no part. A quarter should
  // be least_disk_quarter() or more, or a log that grows fast may still meet a full disk.
  std::uint64_t disk_reserve_bytes = 0;
  // A batch whose stamp is further ahead of this replica's time of day is not supported. Clocks
  // that differ by less never matter. Whole milliseconds.
  base::Duration clock_ahead_max = std::chrono::seconds(60);
  Tuning tuning;
};

// One whole snapshot on this replica's disk.
struct SnapshotInfo {
  std::uint64_t round = 0;     // The state is that after all rounds below it,
  LogPosition position;        // and after so many batches.
  StateDigest digest;          // Of the state.
  std::uint64_t bytes = 0;     // Of the file,
  std::uint64_t checksum = 0;  // and of all of it.
  std::string path;
};
using OnSnapshot = std::function<void(const Result<SnapshotInfo>&)>;

enum class Role : std::uint8_t { voter, learner };
[[nodiscard]] constexpr std::string_view name_of(Role role) {
  return role == Role::voter ? "voter" : "learner";
}

// A snapshot that stays on this replica's disk while somebody reads it.
struct Backup {
  std::uint64_t id = 0;  // In this life of the replica.
  SnapshotInfo snapshot;
};
using OnBackup = std::function<void(const Result<Backup>&)>;
struct BackupPart {
  std::uint64_t offset = 0;  // In the file.
  std::size_t bytes = 0;     // From 1 to backup_part_bytes_max.
};
using OnBackupPart = std::function<void(Result<std::string>)>;
inline constexpr std::size_t backup_part_bytes_max = 1U << 20;
inline constexpr std::size_t backups_max = 4;  // That are read at once.

// What the log may still write when a replica has stopped taking part: the records that wait, and
// the segments that they need.
[[nodiscard]] constexpr std::uint64_t least_disk_quarter(std::uint64_t segment_bytes) {
  return 2 * segment_bytes + Tuning{}.unsynced_bytes_max;
}

// How much room the disk of the data directory has.
struct DiskStatus {
  enum class Room : std::uint8_t {
    enough,
    low,       // Less than the reserve is free, and not yet leaves_low_at().
    critical,  // Less than a quarter of it, and not yet leaves_critical_at(): it takes no part.
  };
  Room room = Room::enough;
  std::uint64_t free_bytes = 0;     // As it was last seen; 0 as long as nobody looks.
  std::uint64_t reserve_bytes = 0;  // 0: nobody looks.

  [[nodiscard]] std::uint64_t critical_bytes() const { return reserve_bytes / 4; }
  // Each mark is left an eighth of the reserve above where it was entered: what a snapshot takes
  // and frees would open and close the door all the time.
  [[nodiscard]] std::uint64_t leaves_low_at() const { return reserve_bytes + reserve_bytes / 8; }
  [[nodiscard]] std::uint64_t leaves_critical_at() const {
    return critical_bytes() + reserve_bytes / 8;
  }
};

struct PeerStatus {
  ReplicaId id;
  io::Endpoint address;
  Role role = Role::voter;
  bool connected = false;
  std::uint64_t executed_round = 0;  // As last reported by it.
  base::Duration round_trip{};
  // Where its state was compared with the one here: the highest position at which it was equal, and
  // the lowest at which it differs; 0: none.
  LogPosition digest_agrees{};
  LogPosition digest_differs{};
  // Its link, over all connections of this life.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t frames_dropped = 0;  // The queue to it was full, or it was away.
  std::uint64_t connects = 0;
  // Its lane, as this replica sees it (protocol.md, section 4). Of voters, in the protocol `lanes`.
  std::uint64_t waits = 0;           // How often it was given up on; waits that overlap count once.
  std::uint64_t forfeits = 0;        // Slots of it that this replica gave up after waiting,
  std::uint64_t zeros_ahead = 0;     // and without, since it was late before.
  std::uint32_t trust_interval = 1;  // It is waited for in one round of so many.
  base::Duration recent_wait{};
  base::Duration patience{};  // How long it would be waited for.
};

// A picture for INFO, logs and metrics.
struct ReplicaStatus {   // NOLINT(clang-analyzer-optin.performance.Padding): there is one.
  bool serving = false;  // Has a quorum, and has executed everything it found at start.
  std::string not_serving_because;
  std::uint64_t executed_round = 0;  // L: every round below is executed.
  std::uint64_t top_round = 0;
  LogPosition position;         // Batches executed.
  StateDigest digest;           // Of the state after them.
  LogPosition digest_agrees;    // The highest at which some peer had an equal state; 0: none.
  bool digest_differs = false;  // From some peer's.
  std::uint64_t incarnation = 0;
  std::uint64_t batches_proposed = 0;
  std::uint64_t batches_reproposed = 0;
  std::uint64_t commands_executed = 0;
  std::uint64_t barriers = 0;
  std::uint64_t forfeits = 0;
  LogTime log_time;                   // The log's clock.
  std::uint64_t batches_refused = 0;  // Of others, since their stamp was ahead.
  bool own_clock_is_wrong = false;    // It is further ahead than a quorum supports.
  Protocol protocol = Protocol::lanes;
  std::uint64_t slots_decided = 0;       // In which a batch was proposed, as far as is known here.
  std::uint64_t slots_empty = 0;         // Of those: ⊥.
  std::uint64_t slots_skipped = 0;       // In which nobody proposed, and nobody waited.
  std::uint64_t slots_decided_late = 0;  // Of those decided: in a later phase than the first.
  std::uint64_t slots_learned = 0;       // Of those decided: told by a peer.
  std::uint64_t coins = 0;
  std::uint64_t zeros_ahead = 0;
  std::uint64_t needs_sent = 0;   // Questions to peers about what this replica missed.
  std::uint64_t fetches = 0;      // Batches asked of peers, since only their decision came.
  double phases_per_slot = 0;     // As published: of the slots that this replica voted to an end.
  std::uint64_t log_commits = 0;  // Groups of records that became durable.
  std::uint64_t history_entries = 0;  // Executed batches that can be given to a peer.
  std::uint64_t log_bytes = 0;        // On the disk, room included.
  std::uint64_t waiting_bytes = 0;    // Submitted, not answered; and the most that may be.
  std::uint64_t waiting_bytes_max = 0;
  std::uint64_t snapshot_round = 0;  // Of the newest snapshot; 0: there is none.
  std::uint64_t snapshots_taken = 0;
  std::uint64_t snapshots_installed = 0;  // From peers.
  std::uint64_t snapshots_failed = 0;
  std::uint64_t snapshots_damaged = 0;  // Found at the start, and not used.
  bool taking_snapshot = false;
  std::optional<base::Duration> taking_snapshot_for;
  bool snapshot_requested = false;  // By take_snapshot(), and not begun.
  // When the newest snapshot was taken, or was found to hold the present state already. One that
  // was found at the start: when its file was written. None: there is none.
  std::optional<base::WallTime> saved_at;
  bool last_snapshot_failed = false;
  std::optional<base::Duration> last_snapshot_took;  // Absent: none was tried in this life.
  std::uint64_t commands_since_snapshot = 0;
  bool installing_snapshot = false;
  unsigned snapshot_fetched_percent = 0;
  // Who belongs to the cluster, as last changed, and in the round that is executed now.
  std::uint64_t membership_number = 0;
  bool membership_in_force = true;  // The last change is.
  bool removed = false;             // It was a member, and is none.
  bool rejoining = false;           // It has no memory, and takes no part yet.
  std::uint64_t rejoins = 0;        // In this life.
  PeerStatus self;
  std::vector<PeerStatus> peers;  // The other members.
};

// A change of the members (protocol.md, section 5).
struct MemberChange {
  enum class Kind : std::uint8_t {
    add,      // `id` at `address` becomes a learner, and a voter as soon as it is near.
    promote,  // The learner `id` becomes a voter now.
    remove,   // `id`, a voter or a learner, leaves for ever: its number is not given again.
    replace,  // `id`, as in add; when it becomes a voter, the voter `replaced` leaves.
  };
  Kind kind = Kind::add;
  ReplicaId id{};
  io::Endpoint address{};
  bool stays_learner = false;  // add: until it is promoted.
  ReplicaId replaced{};
};

// Core thread only.
class Replica {
 public:
  // What it runs on; outlives it.
  struct Environment {
    io::Executor& executor;
    io::Network& network;
    io::FileSystem& files;
    io::Worker& log_worker;
    io::Worker& snapshot_worker;
    Probe* probe = nullptr;  // For simulators.
  };
  struct Callbacks {
    std::function<void()> serving;        // First time that clients can be served.
    std::function<void(Status)> stopped;  // It must stop (a failed write, say): end the process.
  };

  // Opens (and locks) the data directory, recovers, listens for peers and joins the cluster. Blocks
  // while it replays the log into `machine`. Refuses with a message that says what to do.
  static Result<std::unique_ptr<Replica>> open(const Environment& environment,
                                               ReplicaOptions options, StateMachine& machine,
                                               Callbacks callbacks);
  virtual ~Replica() = default;

  virtual ClientId add_client(Client& client) = 0;
  // Its items are forgotten (those in a batch may still be executed); nothing more is called.
  virtual void remove_client(ClientId client) = 0;

  // Whether the client may submit its next item now. False while its last batch is undecided
  // (protocol.md, section 3: commands of one connection are in at most one undecided batch), or
  // while too much waits. on_accepting() tells when it is true again. Commands that need no
  // replica wait until idle(). Whoever is told false is told by on_accepting() when to try again.
  [[nodiscard]] virtual bool accepts(ClientId client) const = 0;
  // Nothing of this client is unanswered. on_accepting() is also called when this becomes true.
  [[nodiscard]] virtual bool idle(ClientId client) const = 0;

  // Both copy the bytes; need accepts(). The answer never comes from inside the call.
  // A write goes into the log as given: the machine's apply() gets it on every replica.
  virtual void submit_write(ClientId client, std::uint64_t token, std::string_view command) = 0;
  // A read is never sent: it is given back by on_readable() when the state may be looked at.
  virtual void submit_read(ClientId client, std::uint64_t token, std::string_view operation) = 0;

  // Takes a snapshot now, or, while one is being taken, the next one; or none, when the newest is
  // of the present state already. `done` is called once, maybe from inside the call, when it is
  // durable on this replica's disk: everything executed here before the call is in it. Not a write
  // for the cluster: it needs no quorum, but for a round that has begun. Code::failed_precondition
  // in mode `memory`; Code::unavailable when none can be begun for 10 s, or the replica stops; else
  // what the disk says. Not called when the replica is destroyed before.
  virtual void take_snapshot(OnSnapshot done) = 0;

  // Says in the log who the members are from now on. `done` is called once: ok when it was executed
  // here (a voter counts from a window of rounds later on). Code::invalid_argument or not_found
  // when it cannot be; failed_precondition when it would be unsafe now; unavailable when nothing
  // was done and it can be tried again, unknown_outcome when it may have been or be done. The
  // message says why. Not called when the replica is destroyed before.
  virtual void change_members(const MemberChange& change, std::function<void(Status)> done) = 0;

  // As take_snapshot(), and the snapshot stays until end_backup(), or until nothing was read of it
  // for 30 s. Code::exhausted when backups_max are being read.
  virtual void begin_backup(OnBackup done) = 0;
  // Bytes of its file, by the snapshot worker; fewer than asked for only at its end. `done` is
  // called once, maybe from inside the call, and not when the replica is destroyed before.
  // Code::not_found when the backup has ended; Code::invalid_argument for a part that there cannot
  // be; else what the disk says, and then the backup is of no more use.
  virtual void read_backup(std::uint64_t backup, BackupPart part, OnBackupPart done) = 0;
  // Code::not_found when it has ended already.
  virtual Status end_backup(std::uint64_t backup) = 0;

  // How many members besides this one hold everything that is executed here, for sure.
  [[nodiscard]] virtual std::size_t peers_holding_everything() const = 0;
  [[nodiscard]] virtual ReplicaStatus status() const = 0;
  [[nodiscard]] virtual const StageTimes& stage_times() const = 0;

  // Where the log's clock would stand if somebody wrote now: for what nobody must agree about.
  [[nodiscard]] virtual LogTime log_time() const = 0;

  // Costs nothing: for every command. While room is low, what makes data grow should not be
  // submitted; while it is critical, nothing that is submitted will be executed.
  [[nodiscard]] virtual const DiskStatus& disk() const = 0;
  // In force soon, without effect in mode `memory`. See ReplicaOptions::disk_reserve_bytes.
  virtual void set_disk_reserve(std::uint64_t bytes) = 0;
  // For the next snapshot: one that is being taken goes on as it began.
  virtual void set_snapshot_rule(const SnapshotRule& rule) = 0;

  // Stops taking part, answers what waits, marks the log as cleanly stopped. Blocks shortly.
  virtual Status close() = 0;
};

}  // namespace rabia::replica
