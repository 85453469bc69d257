#include "replica/snapshot_fetch.h"

#include <algorithm>
#include <utility>

#include "io/log.h"

namespace rabia::replica {

namespace {

constexpr std::size_t bad_max = 64;

storage::SnapshotId id_of(const consensus::SnapshotName& name) {
  return {name.round.value, name.bytes, name.checksum};
}

}  // namespace

void SnapshotFetch::offered(ReplicaId from, const consensus::SnapshotName& name,
                            base::Instant now) {
  if (state_ == State::asking && name == name_ && unanswered_ > 1) {  // From somebody who lives.
    giver_ = from;
    ask(now);
  }
  if (state_ != State::idle || now < not_before_ || bad_.contains({from, name.checksum})) return;
  state_ = State::opening;
  ask_at_ = now;
  giver_ = from;
  name_ = name;
  unanswered_ = 0;
  io::log(io::Level::info, "replica", "taking a snapshot from a peer",
          {{"peer", from}, {"round", name.round.value}, {"bytes", name.bytes}});
  jobs_.run([&files = files_, directory = directory_,
             id = id_of(name)] { return storage::IncomingSnapshot::begin(files, directory, id); },
            [this](auto begun) { opened(std::move(begun)); });
}

void SnapshotFetch::opened(Result<std::unique_ptr<storage::IncomingSnapshot>> opened) {
  if (!opened.ok()) return give_up(opened.status());
  incoming_ = opened.take();
  const std::uint64_t missing = name_.bytes - incoming_->offset();
  if (!callbacks_.fits(missing)) {
    return give_up({Code::exhausted, "the disk has no room for the " + std::to_string(missing) +
                                         " bytes that are missing"});
  }
  stored(true);
}

void SnapshotFetch::ask(base::Instant now) {
  ++unanswered_;
  ask_at_ = now + options_.repeat_after;
  callbacks_.send(giver_, consensus::message::SnapshotAsk{name_, offset_});
}

void SnapshotFetch::received(ReplicaId from, const consensus::message::SnapshotPart& part,
                             base::Instant now) {
  if (state_ != State::asking || part.snapshot != name_ || part.offset != offset_) return;
  if (part.bytes.size() == 0) {
    if (from == giver_) give_up({Code::not_found, "the peer no longer has it"});
    return;
  }
  state_ = State::storing;
  unanswered_ = 0;
  const auto pace = std::chrono::nanoseconds(std::chrono::seconds(1)) *
                    static_cast<std::int64_t>(part.bytes.size()) /
                    static_cast<std::int64_t>(options_.bytes_per_second);
  ask_at_ = now + pace;
  jobs_.run([incoming = incoming_, part] { return incoming->add(part.offset, part.bytes.view()); },
            [this](const Result<bool>& taken) { stored(taken); });
}

void SnapshotFetch::stored(const Result<bool>& taken) {
  if (!taken.ok()) return give_up(taken.status());
  offset_ = incoming_->offset();
  state_ = State::asking;
  if (offset_ == name_.bytes) {
    state_ = State::checking;
    jobs_.run([incoming = incoming_] { return incoming->finish(); },
              [this](const Status& status) { finished(status); });
  }
  callbacks_.schedule();
}

void SnapshotFetch::tick(base::Instant now) {
  if (state_ == State::loading && !chunk_.empty()) load_slice();
  if (state_ != State::asking || now < ask_at_) return;
  if (unanswered_ == options_.tries) {
    return give_up({Code::unavailable, "the peer does not answer"});
  }
  ask(now);
}

std::optional<base::Instant> SnapshotFetch::wake_at() const {
  return state_ == State::asking ? std::optional(ask_at_) : std::nullopt;
}

unsigned SnapshotFetch::percent() const {
  if (state_ == State::idle || name_.bytes == 0) return 0;
  return static_cast<unsigned>(static_cast<double>(offset_) * 100 /
                               static_cast<double>(name_.bytes));
}

// ---- the whole file is here, and right

void SnapshotFetch::finished(const Status& status) {
  if (!status.ok()) return give_up(status);
  incoming_.reset();
  const std::string path = io::join_path(directory_, storage::snapshot_name(name_.round.value));
  jobs_.run([&files = files_, path] { return storage::SnapshotFile::open(files, path); },
            [this](Result<std::unique_ptr<storage::SnapshotFile>> file) {
              if (!file.ok()) return give_up(file.status());
              file_ = file.take();
              if (!callbacks_.wanted(file_->header())) {
                return give_up({Code::failed_precondition, "it is of no use here"});
              }
              state_ = State::loading;
              loader_ = machine_.begin_load();
              load();
            });
}

// Chunk by chunk: the worker reads, the core thread loads.
void SnapshotFetch::load() {
  jobs_.run(
      [file = file_]() -> Result<std::string> {
        std::string chunk;
        const Result<bool> more = file->read(chunk);
        if (!more.ok()) return more.status();
        if (!more.value()) chunk.clear();
        return chunk;
      },
      [this](Result<std::string> chunk) { load_next(std::move(chunk)); });
}

void SnapshotFetch::load_next(Result<std::string> chunk) {
  if (!chunk.ok()) return give_up(chunk.status());
  if (chunk.value().empty()) return install();
  chunk_ = chunk.take();
  loaded_ = 0;
  callbacks_.schedule();
}

// A slice in each turn: clients wait meanwhile.
void SnapshotFetch::load_slice() {
  const std::string_view slice = std::string_view(chunk_).substr(loaded_, options_.slice_bytes);
  if (Status status = loader_->add(slice); !status.ok()) return give_up(status);
  loaded_ += slice.size();
  if (loaded_ < chunk_.size()) return callbacks_.schedule();
  chunk_.clear();
  load();
}

void SnapshotFetch::install() {
  const storage::SnapshotHeader header = file_->header();
  if (!callbacks_.wanted(header)) {
    return give_up({Code::failed_precondition, "the log was faster"});
  }
  if (Status status = loader_->finish(); !status.ok()) return give_up(status);
  io::log(io::Level::info, "replica", "a peer's snapshot is the state now",
          {{"peer", giver_}, {"round", header.round}, {"batches", header.position}});
  loader_.reset();
  file_.reset();
  state_ = State::idle;
  callbacks_.loaded(header);
}

// What came stays, where it is right. The next word of a peer begins again.
void SnapshotFetch::give_up(const Status& why) {
  io::log(io::Level::warning, "replica", "a peer's snapshot was not taken",
          {{"peer", giver_}, {"round", name_.round.value}, {"reason", why.message()}});
  if (why.code() == Code::corrupted) {  // Somebody else's will do; this one would come again.
    if (bad_.size() == bad_max) bad_.clear();
    bad_.insert({giver_, name_.checksum});
  }
  if (why.code() == Code::exhausted || why.code() == Code::io_error) {
    not_before_ = ask_at_ + options_.retry_after;
  }
  state_ = State::idle;
  chunk_.clear();
  incoming_.reset();
  loader_.reset();
  file_.reset();
}

}  // namespace rabia::replica
