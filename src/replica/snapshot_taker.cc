#include "replica/snapshot_taker.h"

#include <utility>

#include "base/check.h"

namespace rabia::replica {

void SnapshotTaker::begin(storage::SnapshotHeader header, storage::SnapshotOptions options) {
  RABIA_CHECK(!busy_);
  busy_ = true;
  reader_ = machine_.begin_snapshot();
  jobs_.run(
      [&files = files_, directory = directory_, header = std::move(header), options] {
        return storage::SnapshotWriter::create(files, directory, header, options);
      },
      [this](Result<std::unique_ptr<storage::SnapshotWriter>> created) {
        if (!created.ok()) return end(created.status());
        writer_ = created.take();
        written({});
      });
}

bool SnapshotTaker::pump() {
  if (!worker_waits_) return false;
  std::string piece;
  const bool more = reader_->read(piece_bytes_, piece);
  if (more && piece.empty()) return true;  // Much was passed over: go on in the next turn.
  worker_waits_ = false;
  if (more) {
    jobs_.run([writer = writer_, piece = std::move(piece)] { return writer->add(piece); },
              [this](const Status& status) { written(status); });
    return false;
  }
  reader_.reset();
  jobs_.run([writer = writer_] { return writer->finish(); },
            [this](Result<storage::SnapshotId> id) { end(std::move(id)); });
  return false;
}

void SnapshotTaker::written(const Status& status) {
  if (!status.ok()) return end(status);
  if (!given_up_.ok()) return abandon();
  worker_waits_ = true;
  callbacks_.schedule();
}

// The worker may have a job of it just now: then when that is done.
void SnapshotTaker::give_up(Status why) {
  if (!busy_) return;
  given_up_ = std::move(why);
  if (worker_waits_) abandon();
}

void SnapshotTaker::abandon() {
  worker_waits_ = false;
  reader_.reset();
  jobs_.run(
      [writer = writer_, why = given_up_] {
        writer->abandon(why);
        return why;
      },
      [this](const Status& why) { end(why); });
}

void SnapshotTaker::end(Result<storage::SnapshotId> result) {
  busy_ = worker_waits_ = false;
  given_up_ = {};
  reader_.reset();
  writer_.reset();
  callbacks_.done(std::move(result));
}

}  // namespace rabia::replica
