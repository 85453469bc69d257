// What a replica does when its disk fills up. docs/operations.md, "A disk that is full".
#include <utility>

#include "base/mutant.h"
#include "io/log.h"
#include "replica/core.h"

namespace rabia::replica {

using Room = DiskStatus::Room;

// ---- at start

// Before anything is written. A start needs a segment at most: the first one, or the next, for the
// few records that a start writes. All else that recovery writes lies where there was a file.
Status Core::look_for_room() {
  if (options_.durability == Durability::memory) return {};
  disk_room_.emplace(environment_.executor, environment_.files, environment_.log_worker,
                     DiskRoomOptions{.directory = options_.data_directory,
                                     .reserve_bytes = options_.disk_reserve_bytes,
                                     .look_every = options_.tuning.look_at_disk_every},
                     [this](Room before) { disk_changed(before); });
  if (Status status = disk_room_->look(); !status.ok()) return status;
  const DiskStatus& seen = disk_room_->status();
  if (seen.reserve_bytes == 0 || seen.free_bytes >= options_.segment_bytes) return {};
  return {Code::exhausted, "the disk of '" + options_.data_directory + "' has " +
                               std::to_string(seen.free_bytes) +
                               " bytes free, and a start may need a segment of the log, which is " +
                               std::to_string(options_.segment_bytes) +
                               " bytes: free room there, then start this replica again"};
}

void Core::watch_disk() {
  if (!disk_room_) return;
  if (disk_room_->status().room != Room::enough) disk_changed(Room::enough);
  disk_room_->begin();
}

// ---- what is done about it

const DiskStatus& Core::disk() const {
  static constexpr DiskStatus nobody_looks;
  return disk_room_ ? disk_room_->status() : nobody_looks;
}

void Core::set_disk_reserve(std::uint64_t bytes) {
  if (disk_room_) disk_room_->set_reserve(bytes);
}

bool Core::stepped_back() const {
  if (base::mutated(base::Mutant::disk_full_log_first)) return false;
  return disk().room == Room::critical;
}

// From the event loop, in no step.
void Core::disk_changed(Room before) {
  if (environment_.probe != nullptr) environment_.probe->disk_changed(disk().room);
  if (stepped_back()) {
    step_back();
  } else {
    if (before == Room::critical) come_back();
    if (disk().room == Room::low) make_room_by_a_snapshot();
  }
  schedule();
}

// Others' batches would fill the disk, and a log that cannot be written ends the replica. So it
// steps back in time, as if its network were cut: that harms nobody, and it comes back by itself.
// What the log holds by now is bounded (least_disk_quarter()), and has its room.
void Core::step_back() {
  wal_->set_prepare_ahead(false);
  if (taker_) taker_->give_up({Code::exhausted, "the disk is full: the log needs the room"});
  transport_->suspend(why_stepped_back);
}

void Core::come_back() {
  wal_->set_prepare_ahead(true);
  transport_->resume();
}

// By the size of the last one, and somewhat more; before there is one, by that of the log, from
// which all of the state has come.
bool Core::snapshot_would_fit() const {
  const std::uint64_t bytes = kept_.empty() ? wal_->log_bytes() : kept_.newest()->name.bytes;
  return !disk_room_ || disk_room_->fits(bytes + bytes / 4);
}

// What can be cut off behind it is all but the segment that is written to and the next one.
void Core::make_room_by_a_snapshot() {
  if (wal_->log_bytes() <= 2 * options_.segment_bytes) return;
  snapshot_asked_ = true;
  if (snapshot_would_fit()) return;
  io::log(io::Level::warning, "replica",
          "no snapshot is taken, though the log could then be cut off: it would not fit",
          {{"log_bytes", wal_->log_bytes()}});
}

}  // namespace rabia::replica
