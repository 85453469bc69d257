#include "replica/snapshot_giver.h"

#include <algorithm>

#include "io/log.h"
#include "replica/snapshot_name.h"
#include "storage/snapshot_file.h"

namespace rabia::replica {

namespace {

// Nothing when another one lies there by now.
using Opened = Result<std::unique_ptr<storage::SnapshotFile>>;
Opened open_snapshot(io::FileSystem& files, const std::string& directory,
                     const consensus::SnapshotName& name) {
  auto file = storage::SnapshotFile::open(
      files, io::join_path(directory, storage::snapshot_name(name.round.value)));
  if (file.ok() && name_of(file.value()->id()) != name) return Opened(nullptr);
  return file;
}

}  // namespace

void SnapshotGiver::asked(ReplicaId peer, const Ask& ask) {
  if (asks_.begin(peer, ask)) serve(peer, ask);
}

void SnapshotGiver::serve(ReplicaId peer, const Ask& ask) {
  if (!callbacks_.has(ask.snapshot)) {
    answer(peer, ask, {});
  } else if (ask.offset < ask.snapshot.bytes) {
    give(peer, ask);
  } else if (is_found_right(ask.snapshot)) {
    served(peer);
  } else {
    look_through(peer, ask);
  }
}

bool SnapshotGiver::is_found_right(const consensus::SnapshotName& name) const {
  return std::find(found_right_.begin(), found_right_.end(), name) != found_right_.end();
}

void SnapshotGiver::give(ReplicaId peer, const Ask& ask) {
  jobs_.run(
      [&files = files_, directory = directory_, size = part_bytes_, ask]() -> Result<std::string> {
        const Opened file = open_snapshot(files, directory, ask.snapshot);
        if (!file.ok()) return file.status();
        std::string bytes;
        if (!file.value()) return bytes;
        if (Status status = file.value()->read_raw(ask.offset, size, bytes); !status.ok()) {
          return status;
        }
        return bytes;
      },
      [this, peer, ask](Result<std::string> bytes) {
        if (!bytes.ok()) cannot_give(peer, ask, bytes.status());
        answer(peer, ask, bytes.ok() ? bytes.take() : std::string());
      });
}

// What peers are given is not checked here but for its end: a peer that has taken all of it finds
// what is wrong inside.
void SnapshotGiver::look_through(ReplicaId peer, const Ask& ask) {
  jobs_.run(
      [&files = files_, directory = directory_, ask, stop = jobs_.stop_token()]() -> Status {
        const Opened file = open_snapshot(files, directory, ask.snapshot);
        if (!file.ok()) return file.status();
        return file.value() ? file.value()->verify(stop) : Status();
      },
      [this, peer, ask](const Status& status) {
        if (status.ok()) {
          std::erase_if(found_right_, [&](const auto& name) { return !callbacks_.has(name); });
          found_right_.push_back(ask.snapshot);
          io::log(io::Level::warning, "replica",
                  "a peer says that a snapshot is damaged; it is not",
                  {{"peer", peer}, {"round", ask.snapshot.round.value}});
        } else {
          cannot_give(peer, ask, status);
        }
        served(peer);
      });
}

void SnapshotGiver::answer(ReplicaId peer, const Ask& ask, std::string bytes) {
  consensus::message::SnapshotPart part{ask.snapshot, ask.offset, {}};
  if (!bytes.empty()) part.bytes = base::SharedBytes(std::move(bytes));
  callbacks_.send(peer, std::move(part));
  served(peer);
}

void SnapshotGiver::cannot_give(ReplicaId peer, const Ask& ask, const Status& why) {
  io::log(io::Level::error, "replica", "cannot give a snapshot to a peer",
          {{"peer", peer}, {"round", ask.snapshot.round.value}, {"reason", why.message()}});
  callbacks_.damaged(ask.snapshot, why);
}

void SnapshotGiver::served(ReplicaId peer) {
  if (const auto next = asks_.end(peer)) asked(peer, *next);
}

}  // namespace rabia::replica
