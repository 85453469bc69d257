// Of the replica itself: health, agreement, stages of a commit, log, disk, snapshots, members.
#include <string>

#include "metrics/families.h"
#include "metrics/family.h"

namespace rabia::metrics {
namespace {

void add_health(const Picture& picture, Families& families) {
  const replica::ReplicaStatus& status = picture.replica;
  families.gauges("rabia_info", "What this replica is, in labels; always 1.")
      .value(1, {{"version", RABIA_VERSION},
                 {"cluster", picture.cluster_id},
                 {"replica", std::to_string(status.self.id.value)},
                 {"protocol", std::string(name_of(status.protocol))}});
  families.gauge("rabia_serving", "1 while linearizable reads and writes are served.",
                 status.serving);
  families.gauge("rabia_digest_differs", "1 when the state differs from some member's.",
                 status.digest_differs);
  families.gauge("rabia_rejoining", "1 while it comes back without its memory.", status.rejoining);
  families.counter("rabia_rejoins_total", "Returns without memory.", status.rejoins);
  Family members = families.gauges("rabia_members", "Members of the cluster, this one included.");
  std::size_t voters = status.self.role == replica::Role::voter ? 1 : 0;
  for (const replica::PeerStatus& peer : status.peers) {
    voters += peer.role == replica::Role::voter ? 1 : 0;
  }
  members.value(voters, {{"role", "voter"}});
  members.value(status.peers.size() + 1 - voters, {{"role", "learner"}});
}

void add_agreement(const replica::ReplicaStatus& status, Families& families) {
  families.gauge("rabia_executed_round", "Every round below it is executed here.",
                 status.executed_round);
  families.gauge("rabia_top_round", "The first round that is not in use yet.", status.top_round);
  families.counter("rabia_batches_executed_total",
                   "Batches executed since the cluster was founded: the position of the log.",
                   status.position.value);
  families.counter("rabia_commands_executed_total", "Commands of the log executed in this life.",
                   status.commands_executed);
  families.counter("rabia_batches_proposed_total", "Own batches proposed.",
                   status.batches_proposed);
  families.counter("rabia_batches_reproposed_total",
                   "Own batches proposed once more, since their slot was decided empty.",
                   status.batches_reproposed);
  {
    Family slots = families.counters("rabia_slots_total", "Slots by how they ended.");
    slots.value(status.slots_decided - status.slots_empty, {{"outcome", "batch"}});
    slots.value(status.slots_empty, {{"outcome", "empty"}});
    slots.value(status.slots_skipped, {{"outcome", "skipped"}});
  }
  families.counter("rabia_slots_late_total", "Slots decided in a later phase than the first.",
                   status.slots_decided_late);
  families.counter("rabia_slots_learned_total", "Slots whose outcome a peer told.",
                   status.slots_learned);
  families.counter("rabia_coins_total", "Common coins tossed.", status.coins);
  families.counter("rabia_forfeits_total", "Slots of others given up after waiting.",
                   status.forfeits);
  families.counter("rabia_zeros_ahead_total",
                   "Slots of late or absent members given up without waiting.", status.zeros_ahead);
  families.counter("rabia_needs_total", "Questions to peers about what was missed.",
                   status.needs_sent);
  families.counter("rabia_fetches_total", "Batches asked of peers after their decision.",
                   status.fetches);
  families.counter("rabia_read_barriers_total", "Barriers for reads that no batch carried.",
                   status.barriers);
}

void add_times(const replica::StageTimes& times, Families& families) {
  families.histogram("rabia_commit_seconds",
                     "Of own batches: from the first command to its execution.", times.commit);
  {
    Family stages = families.histograms("rabia_commit_stage_seconds",
                                        "The stages that make up rabia_commit_seconds.");
    stages.histogram(times.queue, {{"stage", "queue"}});
    stages.histogram(times.replicate, {{"stage", "replicate"}});
    stages.histogram(times.execute, {{"stage", "execute"}});
  }
  families.histogram("rabia_log_write_seconds",
                     "Until records that something waits for are durable here.", times.log_write);
  families.histogram("rabia_read_barrier_seconds",
                     "From the first read of a barrier until it may look at the state.",
                     times.read_barrier);
  families.histogram("rabia_step_seconds", "The core thread at work, without rest.", times.step);
}

void add_limits(const Picture& picture, Families& families) {
  using Room = replica::DiskStatus::Room;
  const replica::ReplicaStatus& status = picture.replica;
  families.gauge("rabia_waiting_bytes", "Submitted by clients and not answered.",
                 status.waiting_bytes);
  families.gauge("rabia_waiting_limit_bytes", "Above it clients have to wait.",
                 status.waiting_bytes_max);
  families.counter("rabia_log_commits_total", "Groups of log records that became durable.",
                   status.log_commits);
  families.gauge("rabia_log_bytes", "The log on the disk, room included.", status.log_bytes);
  families.gauge("rabia_history_entries", "Executed batches that a peer can be given.",
                 status.history_entries);
  families.gauge("rabia_disk_free_bytes", "Free on the disk of the data directory.",
                 picture.disk.free_bytes);
  families.gauge("rabia_disk_reserve_bytes", "To be kept free there; 0: the disk is not watched.",
                 picture.disk.reserve_bytes);
  families.gauge("rabia_disk_writes_refused", "1 while data may not grow, for want of room.",
                 picture.disk.room != Room::enough);
  families.gauge("rabia_disk_stepped_back", "1 while it takes no part, for want of room.",
                 picture.disk.room == Room::critical);
}

void add_snapshots(const replica::ReplicaStatus& status, Families& families) {
  families.counter("rabia_snapshots_taken_total", "Snapshots taken.", status.snapshots_taken);
  families.counter("rabia_snapshots_failed_total", "Snapshots that could not be taken.",
                   status.snapshots_failed);
  families.counter("rabia_snapshots_installed_total", "Snapshots of peers that became the state.",
                   status.snapshots_installed);
  families.gauge("rabia_snapshot_in_progress", "1 while one is being taken.",
                 status.taking_snapshot);
  families.gauge("rabia_commands_since_snapshot", "Commands that the newest snapshot lacks.",
                 status.commands_since_snapshot);
  if (!status.saved_at) return;
  families.gauge("rabia_snapshot_timestamp_seconds", "When the newest snapshot was taken.",
                 std::chrono::duration<double>(status.saved_at->time_since_epoch()).count());
}

}  // namespace

void add_replica_families(const Picture& picture, std::vector<prometheus::MetricFamily>& out) {
  Families families(out);
  add_health(picture, families);
  add_agreement(picture.replica, families);
  add_times(picture.times, families);
  add_limits(picture, families);
  add_snapshots(picture.replica, families);
}

}  // namespace rabia::metrics
