// Snapshots for those who ask from outside of the cluster: taken on request, and read part by part.
#include <utility>

#include "io/log.h"
#include "replica/core.h"

namespace rabia::replica {

using consensus::SnapshotName;

namespace {

// Who asks for a snapshot is refused when none could be begun for so long.
constexpr base::Duration request_waits_for = std::chrono::seconds(10);

PinHolder holder_of(std::uint64_t backup) {
  return {PinHolder::Kind::backup, backup};
}

Status no_such_backup() {
  return {Code::not_found,
          "no such backup: it has ended, nothing was read of it for too long, or the replica was "
          "started anew"};
}

}  // namespace

// ---- on request

void Core::take_snapshot(OnSnapshot done) {
  if (stopped_) return done({Code::unavailable, "the replica is stopping"});
  if (!snapshots_) {
    return done(
        {Code::failed_precondition,
         "this replica runs with durability 'memory' and has no disk: snapshots need 'os' or "
         "'always'"});
  }
  snapshot_requests_.add(std::move(done));
  schedule();
}

// Those who wait: is there nothing to write, or did they wait too long?
void Core::serve_snapshot_requests() {
  if (!snapshot_requests_.waiting() || taker_->busy()) {
    requests_held_up_since_.reset();
    return;
  }
  const KeptSnapshot* newest = kept_.newest();
  if (newest != nullptr && newest->position == position_ && newest->digest) {
    saved_.at = environment_.executor.wall_now();
    snapshot_requests_.answer_waiting(info_of(*newest));
    return;
  }
  if (!requests_held_up_since_) requests_held_up_since_ = now_;
  if (now_ - *requests_held_up_since_ < request_waits_for) return;
  requests_held_up_since_.reset();
  const std::string reason = fetch_->busy() ? "it takes in a peer's snapshot"
                             : !available() ? status().not_serving_because
                                            : "it does not come to the end of a round of the log";
  snapshot_requests_.answer_waiting(
      {Code::unavailable, "this replica can take no snapshot now: " + reason});
}

SnapshotInfo Core::info_of(const KeptSnapshot& kept) const {
  return {.round = kept.name.round.value,
          .position = kept.position,
          .digest = kept.digest.value_or(StateDigest()),
          .bytes = kept.name.bytes,
          .checksum = kept.name.checksum,
          .path = snapshots_->path_of(kept.name.round.value)};
}

// ---- read part by part

void Core::begin_backup(OnBackup done) {
  take_snapshot([this, done = std::move(done)](const Result<SnapshotInfo>& taken) {
    if (!taken.ok()) return done(taken.status());
    if (kept_.pins(PinHolder::Kind::backup) >= backups_max) {
      return done({Code::exhausted, std::to_string(backups_max) +
                                        " backups are being read already: end one, or try again "
                                        "when one has ended"});
    }
    const SnapshotInfo& info = taken.value();
    ++last_backup_;
    kept_.pin(holder_of(last_backup_), {{info.round}, info.bytes, info.checksum},
              environment_.executor.now());
    done(Backup{last_backup_, info});
  });
}

void Core::read_backup(std::uint64_t backup, BackupPart part, OnBackupPart done) {
  if (stopped_) return done({Code::unavailable, "the replica is stopping"});
  const KeptSnapshot* kept = kept_.touch(holder_of(backup), environment_.executor.now());
  if (kept == nullptr) return done(no_such_backup());
  if (part.offset >= kept->name.bytes) {
    return done({Code::invalid_argument, "the backup has " + std::to_string(kept->name.bytes) +
                                             " bytes, and none at offset " +
                                             std::to_string(part.offset)});
  }
  if (part.bytes == 0 || part.bytes > backup_part_bytes_max) {
    return done({Code::invalid_argument, "from 1 to " + std::to_string(backup_part_bytes_max) +
                                             " bytes of a backup can be read at once"});
  }
  read_part(kept->name, part.offset, part.bytes, std::move(done));
}

Status Core::end_backup(std::uint64_t backup) {
  if (!kept_.unpin(holder_of(backup))) return no_such_backup();
  schedule();
  return {};
}

void Core::read_part(const SnapshotName& name, std::uint64_t offset, std::size_t size,
                     OnBackupPart done) {
  snapshot_jobs_->run(
      [&files = environment_.files, path = snapshots_->path_of(name.round.value), name, offset,
       size]() -> Result<std::string> {
        auto file = storage::SnapshotFile::open(files, path);
        if (!file.ok()) return file.status();
        const storage::SnapshotId& id = file.value()->id();
        if (SnapshotName{{id.round}, id.bytes, id.checksum} != name) {
          return {Code::corrupted, path + " is not the snapshot that it was"};
        }
        std::string bytes;
        if (Status status = file.value()->read_raw(offset, size, bytes); !status.ok())
          return status;
        return bytes;
      },
      [this, name, done = std::move(done)](Result<std::string> bytes) {
        if (!bytes.ok()) {  // It will not be offered again; a new one will.
          kept_.forget(name.round);
          snapshot_asked_ = true;
          io::log(io::Level::error, "replica", "cannot read a snapshot",
                  {{"round", name.round.value}, {"reason", bytes.status().message()}});
        }
        done(std::move(bytes));
        schedule();
      });
}

}  // namespace rabia::replica
