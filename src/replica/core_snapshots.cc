// Snapshots: taken, given, installed; and the log that they make superfluous. protocol.md,
// section 7.
#include <algorithm>
#include <set>
#include <utility>

#include "base/codec.h"
#include "io/log.h"
#include "replica/core.h"

namespace rabia::replica {

using consensus::Round;
using consensus::SnapshotName;

namespace {

// A failed attempt (the disk is full, say) is repeated after so long.
constexpr base::Duration retry_after = std::chrono::seconds(5);
// A replica that is behind may hold very many batches of rounds that it has not reached.
constexpr std::uint64_t checkpoint_bytes_max = 32ULL << 20;
// While a peer takes one no new one is begun, so that it may end; but the log does not wait for
// ever.
constexpr base::Duration peer_takes_for = std::chrono::seconds(2);
constexpr std::uint64_t patience_for_peers = 2;

SnapshotName name_of(const storage::SnapshotId& id) {
  return {{id.round}, id.bytes, id.checksum};
}

// C(r) of the rounds from the snapshot's on: how many, then their numbers.
std::string encode_members(const consensus::Configuration& configuration) {
  std::string bytes;
  base::Encoder out(bytes);
  out.varint(configuration.size());
  for (const ReplicaId member : configuration.members()) out.varint(member.value);
  return bytes;
}

Result<consensus::SnapshotPoint> point_of(const storage::SnapshotHeader& header) {
  consensus::SnapshotPoint point{{header.round}, {}};
  base::Decoder in(header.extra);
  for (std::uint64_t left = in.varint_at_most(consensus::members_max); left > 0; --left) {
    point.members.push_back({static_cast<std::uint16_t>(in.varint_at_most(0xffff))});
  }
  if (!in.complete()) return {Code::corrupted, "its list of members cannot be read"};
  return point;
}

// Also those that were found damaged, and what came of one that nobody goes on with.
Status remove_others(storage::SnapshotDirectory& directory, const std::set<std::uint64_t>& kept,
                     bool nothing_comes) {
  Result<std::vector<std::uint64_t>> rounds = directory.list();
  if (!rounds.ok()) return rounds.status();
  for (const std::uint64_t round : rounds.value()) {
    if (kept.contains(round)) continue;
    if (Status status = directory.remove(round); !status.ok()) return status;
  }
  return nothing_comes ? directory.remove_incoming() : Status();
}

}  // namespace

// ---- at start

Status Core::open_snapshots() {
  if (options_.durability == Durability::memory) return {};
  const std::string path = options_.data_directory + "/snapshots";
  auto directory = storage::SnapshotDirectory::open(environment_.files, path);
  if (!directory.ok()) return directory.status();
  snapshots_ = directory.take();
  snapshot_jobs_ = std::make_unique<Jobs>(environment_.snapshot_worker);
  taker_ = std::make_unique<SnapshotTaker>(
      machine_, environment_.files, path, options_.tuning.snapshot_piece_bytes, *snapshot_jobs_,
      SnapshotTaker::Callbacks{
          .schedule = [this] { schedule(); },
          .done = [this](Result<storage::SnapshotId> id) { snapshot_taken(std::move(id)); }});
  SnapshotFetch::Callbacks callbacks{
      .send =
          [this](ReplicaId to, consensus::Message message) {
            send({to, nullptr, std::move(message)});
            schedule();
          },
      .loaded = [this](const storage::SnapshotHeader& header) { install(header); },
      .wanted = [this](const storage::SnapshotHeader& header) { return is_wanted(header); },
      .fits = [this](std::uint64_t bytes) { return disk_room_->fits(bytes); },
      .schedule = [this] { step_later(); }};
  fetch_ = std::make_unique<SnapshotFetch>(
      machine_, environment_.files, path, *snapshot_jobs_,
      SnapshotFetchOptions{.slice_bytes = options_.tuning.snapshot_piece_bytes,
                           .bytes_per_second = options_.tuning.snapshot_bytes_per_second},
      std::move(callbacks));
  return load_newest_snapshot();
}

// A damaged one is named and passed over: an older one and the log since then lead to the same
// state, or the node says what is missing.
Status Core::load_newest_snapshot() {
  Result<std::vector<std::uint64_t>> rounds = snapshots_->list();
  if (!rounds.ok()) return rounds.status();
  bool loaded = false;
  for (auto round = rounds.value().rbegin(); round != rounds.value().rend(); ++round) {
    auto file = storage::SnapshotFile::open(environment_.files, snapshots_->path_of(*round));
    Status status = file.status();
    if (file.ok() && !loaded) status = load_snapshot(*file.value());
    if (!loaded && status.code() == Code::failed_precondition) return status;
    if (status.ok()) {
      loaded = true;
      kept_[{*round}] = name_of(file.value()->id());
    } else {
      ++snapshots_damaged_;
      io::log(io::Level::error, "replica", "a snapshot is damaged and is not used",
              {{"round", *round}, {"reason", status.message()}});
    }
  }
  return {};
}

Status Core::load_snapshot(storage::SnapshotFile& file) {
  const storage::SnapshotHeader& header = file.header();
  if (header.cluster_id != options_.cluster_id) {
    return {Code::failed_precondition, "the snapshot of round " + std::to_string(header.round) +
                                           " is of cluster '" + header.cluster_id +
                                           "': point --data at this replica's own directory"};
  }
  Result<consensus::SnapshotPoint> point = point_of(header);
  if (!point.ok()) return point.status();
  const auto loader = machine_.begin_load();
  std::string chunk;
  while (true) {
    const Result<bool> more = file.read(chunk);
    if (!more.ok()) return more.status();
    if (!more.value()) break;
    if (Status status = loader->add(chunk); !status.ok()) return status;
  }
  // The machine first: it checks the state by its own digest.
  if (Status status = loader->finish(); !status.ok()) return status;
  if (Status status = node_->restore_snapshot(point.value()); !status.ok()) return status;
  position_ = {header.position};
  history_.begin_at({header.round});
  io::log(io::Level::info, "replica", "snapshot loaded",
          {{"round", header.round}, {"batches", header.position}});
  return {};
}

// ---- taking

// At the end of a step.
void Core::tick_snapshots() {
  fetch_->tick(now_);
  if (taker_->pump()) step_later();
  const bool due = snapshot_is_due();
  // Under load the next round may always have begun by the end of a step.
  node_->stop_at_round_end(due && !node_->between_rounds());
  if (due && node_->between_rounds()) begin_snapshot();
}

bool Core::snapshot_is_due() const {
  if (!snapshots_ || taker_->busy() || fetch_->busy() || now_ < no_snapshot_before_) return false;
  if (stepped_back() || !snapshot_would_fit()) return false;
  const bool nothing_new = !kept_.empty() && node_->executed_end() <= kept_.rbegin()->first;
  if (nothing_new || node_->checkpoint_bytes() > checkpoint_bytes_max) return false;
  if (snapshot_asked_) return true;
  const bool low = disk().room != DiskStatus::Room::enough;
  const std::uint64_t most = low ? options_.snapshot_log_bytes / 4 : options_.snapshot_log_bytes;
  const bool peer_takes = peer_asked_at_ && now_ - *peer_asked_at_ < peer_takes_for;
  if (peer_takes && log_since_snapshot_ < patience_for_peers * most) return false;
  return log_since_snapshot_ >= most ||
         (log_since_snapshot_ > 0 && now_ - last_snapshot_at_ >= options_.snapshot_every);
}

// The cut and the checkpoint are of one moment.
void Core::begin_snapshot() {
  snapshot_asked_ = false;
  last_snapshot_at_ = now_;
  log_since_snapshot_ = 0;
  const Round round = node_->executed_end();
  taker_->begin({options_.cluster_id, node_->incarnation(), round.value, position_.value,
                 encode_members(node_->configurations().at(round))},
                {options_.snapshot_zstd_level});
  node_->write_checkpoint();
  again_ = true;
}

void Core::snapshot_taken(Result<storage::SnapshotId> id) {
  if (!id.ok()) {
    ++snapshots_failed_;
    snapshot_asked_ = true;
    no_snapshot_before_ = environment_.executor.now() + retry_after;
    io::log(io::Level::error, "replica", "no snapshot could be taken",
            {{"reason", id.status().message()}});
    return;
  }
  ++snapshots_taken_;
  keep(name_of(id.value()));
  schedule();
}

// Two are kept: the older one is what there is when the newer one is found damaged.
void Core::keep(const SnapshotName& name) {
  kept_[name.round] = name;
  while (kept_.size() > snapshots_kept) kept_.erase(kept_.begin());
  std::set<std::uint64_t> rounds;
  for (const auto& [round, kept] : kept_) rounds.insert(round.value);
  snapshot_jobs_->run(
      [directory = *snapshots_, rounds = std::move(rounds),
       nothing_comes = !fetch_->busy()]() mutable {
        return remove_others(directory, rounds, nothing_comes);
      },
      [](const Status& status) {
        if (status.ok()) return;
        io::log(io::Level::warning, "replica", "old snapshots were not removed",
                {{"reason", status.message()}});
      });
  compact();
}

// What lies before the checkpoint of the oldest snapshot is in that snapshot.
void Core::compact() {
  if (kept_.size() < snapshots_kept) return;
  checkpoints_.erase(checkpoints_.begin(), checkpoints_.lower_bound(kept_.begin()->first));
  if (checkpoints_.empty() || checkpoints_.begin()->first != kept_.begin()->first) return;
  const CheckpointPlace& place = checkpoints_.begin()->second;
  if (place.lsn > durable_lsn_) return;
  wal_->remove_segments_before(place.segment);
  history_.forget_segments_before(place.segment);
}

void Core::status_of_snapshots(ReplicaStatus& status) const {
  status.log_bytes = wal_->log_bytes();
  status.snapshot_round = kept_.empty() ? 0 : kept_.rbegin()->first.value;
  status.snapshots_taken = snapshots_taken_;
  status.snapshots_failed = snapshots_failed_;
  status.snapshots_damaged = snapshots_damaged_;
  status.snapshots_installed = node_->counters().snapshots_installed;
  status.taking_snapshot = taker_ && taker_->busy();
  status.installing_snapshot = fetch_ && fetch_->busy();
  status.snapshot_fetched_percent = fetch_ ? fetch_->percent() : 0;
}

// ---- giving

void Core::talk_about_snapshots(const consensus::SnapshotTalk& talk) {
  if (!snapshots_) return;
  if (const auto* below = std::get_if<consensus::message::Below>(&talk.message)) {
    if (below->snapshot.round > node_->executed_end() && !taker_->busy()) {
      fetch_->offered(talk.from, below->snapshot, now_);
    }
  } else if (const auto* part = std::get_if<consensus::message::SnapshotPart>(&talk.message)) {
    fetch_->received(talk.from, *part, now_);
  } else {
    give_part(talk.from, std::get<consensus::message::SnapshotAsk>(talk.message));
  }
}

// A peer needs what the log no longer has. When the newest snapshot does not help, a newer one
// will.
void Core::offer_snapshot(ReplicaId peer, Round from) {
  if (kept_.empty() || kept_.rbegin()->first <= from) {
    snapshot_asked_ = snapshot_asked_ || !taker_->busy();
    return;
  }
  send({peer, nullptr, consensus::message::Below{kept_.rbegin()->second}});
}

void Core::give_part(ReplicaId to, const consensus::message::SnapshotAsk& ask) {
  peer_asked_at_ = now_;
  const auto kept = kept_.find(ask.snapshot.round);
  if (kept == kept_.end() || kept->second != ask.snapshot || ask.offset >= ask.snapshot.bytes) {
    send({to, nullptr, consensus::message::SnapshotPart{ask.snapshot, ask.offset, {}}});
    return;
  }
  const std::size_t size = options_.tuning.snapshot_part_bytes;
  snapshot_jobs_->run(
      [&files = environment_.files, path = snapshots_->path_of(ask.snapshot.round.value), ask,
       size]() -> Result<std::string> {
        auto file = storage::SnapshotFile::open(files, path);
        if (!file.ok()) return file.status();
        if (name_of(file.value()->id()) != ask.snapshot) return std::string();  // Another by now.
        std::string bytes;
        Status status = file.value()->read_raw(ask.offset, size, bytes);
        if (!status.ok()) return status;
        return bytes;
      },
      [this, to, ask](Result<std::string> bytes) {
        if (!bytes.ok()) {  // It will not be offered again; a new one will.
          kept_.erase(ask.snapshot.round);
          snapshot_asked_ = true;
          io::log(io::Level::error, "replica", "cannot give a snapshot to a peer",
                  {{"peer", to}, {"reason", bytes.status().message()}});
        }
        consensus::message::SnapshotPart part{ask.snapshot, ask.offset, {}};
        if (bytes.ok()) part.bytes = base::SharedBytes(bytes.take());
        send({to, nullptr, std::move(part)});
        schedule();
      });
}

// ---- installing

bool Core::is_wanted(const storage::SnapshotHeader& header) const {
  const Result<consensus::SnapshotPoint> point = point_of(header);
  return header.cluster_id == options_.cluster_id && header.incarnation == node_->incarnation() &&
         point.ok() &&
         point.value().members == node_->configurations().at({header.round}).members() &&
         Round{header.round} > node_->executed_end();
}

void Core::install(const storage::SnapshotHeader& header) {
  const Round round{header.round};
  // What became of own batches below it is in the state, and cannot be told from it.
  while (!proposed_.empty() && proposed_.begin()->first < round) {
    Group& group = *proposed_.begin()->second;
    waiting_bytes_ -= group.bytes();
    fail(group, Failure::outcome_unknown);
    proposed_.erase(proposed_.begin());
  }
  if (environment_.probe != nullptr) environment_.probe->installed(header);
  now_ = environment_.executor.now();
  node_->install(point_of(header).value(), now_);
  position_ = {header.position};
  history_.begin_at(round);
  const std::string name = snapshots_->path_of(header.round);
  snapshot_jobs_->run(
      [&files = environment_.files, name] { return storage::SnapshotFile::open(files, name); },
      [this](Result<std::unique_ptr<storage::SnapshotFile>> file) {
        if (file.ok()) keep(name_of(file.value()->id()));
        snapshot_asked_ = true;  // The log has a gap below it: one that is damaged would be all.
      });
  schedule();
}

}  // namespace rabia::replica
