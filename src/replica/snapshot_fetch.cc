#include "replica/snapshot_fetch.h"

#include <algorithm>
#include <utility>

#include "io/log.h"
#include "replica/snapshot_name.h"

namespace rabia::replica {

bool SnapshotFetch::is_avoided(ReplicaId peer, const consensus::SnapshotName& name) const {
  const auto found = avoided_.find(peer);
  return found != avoided_.end() && now_ < found->second.until &&
         found->second.checksum.value_or(name.checksum) == name.checksum;
}

void SnapshotFetch::offered(ReplicaId from, const consensus::SnapshotName& name,
                            base::Instant now) {
  now_ = now;
  if (is_avoided(from, name)) return;
  if (name.bytes > options_.bytes_max) {
    avoided_[from] = {std::nullopt, now + options_.avoid_for};
    io::log(io::Level::error, "replica", "a peer names a snapshot that cannot be as large",
            {{"peer", from}, {"round", name.round.value}, {"bytes", name.bytes}});
    return;
  }
  if (state_ == State::asking && name == name_ && unanswered_ > 1) {  // From somebody who lives.
    giver_ = from;
    ask(now);
  }
  if (state_ != State::idle || now < not_before_) return;
  state_ = State::opening;
  giver_ = from;
  givers_.clear();
  name_ = name;
  ask_at_ = now;
  unanswered_ = 0;
  io::log(io::Level::info, "replica", "taking a snapshot from a peer",
          {{"peer", from}, {"round", name.round.value}, {"bytes", name.bytes}});
  jobs_.run(
      [&files = files_, directory = directory_, id = id_of(name), stop = jobs_.stop_token()] {
        return storage::IncomingSnapshot::begin(files, directory, id, stop);
      },
      [this](auto begun) { opened(std::move(begun)); });
}

void SnapshotFetch::opened(Result<std::unique_ptr<storage::IncomingSnapshot>> opened) {
  if (!opened.ok()) return fail(opened.status());
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
  now_ = now;
  if (state_ != State::asking || from != giver_) return;
  if (part.snapshot != name_ || part.offset != offset_) return;
  if (part.bytes.size() == 0) return give_up({Code::not_found, "the peer no longer has it"});
  state_ = State::storing;
  givers_.insert(from);
  unanswered_ = 0;
  const auto pace = std::chrono::nanoseconds(std::chrono::seconds(1)) *
                    static_cast<std::int64_t>(part.bytes.size()) /
                    static_cast<std::int64_t>(options_.bytes_per_second);
  ask_at_ = now + pace;
  jobs_.run([incoming = incoming_, part] { return incoming->add(part.offset, part.bytes.view()); },
            [this](const Result<bool>& taken) { stored(taken); });
}

void SnapshotFetch::stored(const Result<bool>& taken) {
  if (!taken.ok()) return fail(taken.status());
  offset_ = incoming_->offset();
  state_ = State::asking;
  if (offset_ == name_.bytes) {
    state_ = State::loading;
    jobs_.run([incoming = incoming_] { return incoming->begin_reading(); },
              [this](const Status& readable) { begin_loading(readable); });
  }
  callbacks_.schedule();
}

void SnapshotFetch::tick(base::Instant now) {
  now_ = now;
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

// ---- all of the file is here

void SnapshotFetch::begin_loading(const Status& readable) {
  if (!readable.ok()) return fail(readable);
  if (!callbacks_.wanted(incoming_->header())) {
    return refuse({Code::failed_precondition, "it is of no use here"});
  }
  loader_ = machine_.begin_load();
  load();
}

// Chunk by chunk: the worker reads, the core thread loads.
void SnapshotFetch::load() {
  jobs_.run(
      [incoming = incoming_]() -> Result<std::string> {
        std::string chunk;
        const Result<bool> more = incoming->read(chunk);
        if (!more.ok()) return more.status();
        if (!more.value()) chunk.clear();
        return chunk;
      },
      [this](Result<std::string> chunk) { load_next(std::move(chunk)); });
}

void SnapshotFetch::load_next(Result<std::string> chunk) {
  if (!chunk.ok()) return fail(chunk.status());
  if (chunk.value().empty()) return publish();  // All of it was right.
  chunk_ = chunk.take();
  loaded_ = 0;
  callbacks_.schedule();
}

// A slice in each turn: clients wait meanwhile.
void SnapshotFetch::load_slice() {
  const std::string_view slice = std::string_view(chunk_).substr(loaded_, options_.slice_bytes);
  if (Status status = loader_->add(slice); !status.ok()) return refuse(status);
  loaded_ += slice.size();
  if (loaded_ < chunk_.size()) return callbacks_.schedule();
  chunk_.clear();
  load();
}

// Before it is the state: what the log says from then on needs it.
void SnapshotFetch::publish() {
  state_ = State::publishing;
  jobs_.run([incoming = incoming_] { return incoming->publish(); },
            [this](const Status& published) {
              if (!published.ok()) return fail(published);
              install();
            });
}

void SnapshotFetch::install() {
  const storage::SnapshotHeader header = incoming_->header();
  if (!callbacks_.wanted(header)) {
    return refuse({Code::failed_precondition, "the log was faster"});
  }
  if (Status status = loader_->finish(); !status.ok()) return refuse(status);
  io::log(io::Level::info, "replica", "a peer's snapshot is the state now",
          {{"peer", giver_}, {"round", header.round}, {"batches", header.position}});
  end();
  callbacks_.loaded(header);
}

// ---- it was in vain

void SnapshotFetch::fail(const Status& why) {
  const bool is_wrong = why.code() == Code::corrupted || why.code() == Code::failed_precondition ||
                        why.code() == Code::invalid_argument;
  if (is_wrong) {
    refuse(why);
  } else {
    give_up(why);
  }
}

// What came stays, where it is right. The next word of a peer begins again.
void SnapshotFetch::give_up(const Status& why) {
  io::log(io::Level::warning, "replica", "a peer's snapshot was not taken",
          {{"peer", giver_}, {"round", name_.round.value}, {"reason", why.message()}});
  if (why.code() == Code::exhausted || why.code() == Code::io_error) {
    not_before_ = now_ + options_.retry_after;
  }
  end();
}

// Nothing of it is left, and somebody else's will do. For a while only: who gave it may have a good
// one by then, or another one was to blame.
void SnapshotFetch::refuse(const Status& why) {
  givers_.insert(giver_);
  for (const ReplicaId giver : givers_) {
    io::log(io::Level::warning, "replica", "a peer's snapshot is refused, and removed here",
            {{"peer", giver},
             {"round", name_.round.value},
             {"reason", why.message()},
             {"not_taken_from_it_for_s",
              std::chrono::duration_cast<std::chrono::seconds>(options_.avoid_for).count()}});
    avoided_[giver] = {name_.checksum, now_ + options_.avoid_for};
    if (why.code() == Code::corrupted) {
      callbacks_.send(giver, consensus::message::SnapshotAsk{name_, name_.bytes});
    }
  }
  if (incoming_) {
    jobs_.run([incoming = incoming_] { return incoming->remove(); },
              [](const Status& removed) {
                if (removed.ok()) return;
                io::log(io::Level::warning, "replica", "a refused snapshot could not be removed",
                        {{"reason", removed.message()}});
              });
  }
  end();
}

void SnapshotFetch::end() {
  state_ = State::idle;
  chunk_.clear();
  incoming_.reset();
  loader_.reset();
}

}  // namespace rabia::replica
