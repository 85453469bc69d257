// Snapshots: taken, given, installed; and the log that they make superfluous. protocol.md,
// section 7.
#include <algorithm>
#include <set>
#include <utility>

#include "io/log.h"
#include "replica/core.h"
#include "replica/snapshot_name.h"
#include "replica/snapshot_point.h"

namespace rabia::replica {

using consensus::Round;
using consensus::SnapshotName;

namespace {

// A failed attempt (the disk is full, say) is repeated after so long.
constexpr base::Duration retry_after = std::chrono::seconds(5);
// A replica that is behind may hold very many batches of rounds that it has not reached.
constexpr std::uint64_t checkpoint_bytes_max = 32ULL << 20;
// While a peer takes one no new one is begun, so that the log behind it is there when it has ended;
// but the log does not wait for ever.
constexpr base::Duration peer_takes_for = std::chrono::seconds(2);
constexpr std::uint64_t patience_for_peers = 2;

// A start goes no further: nobody can say what else in the directory is another replica's.
Status not_of_this_replica(const std::string& path, const std::string& why) {
  return {Code::failed_precondition,
          path + " " + why +
              ": point --data at this replica's own directory, or, if only this file was put into "
              "it, move it out"};
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

void say_not_removed(const Status& status) {
  if (status.ok()) return;
  io::log(io::Level::warning, "replica", "old snapshots were not removed",
          {{"reason", status.message()}});
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
                           .bytes_per_second = options_.tuning.snapshot_bytes_per_second,
                           .bytes_max = options_.tuning.snapshot_bytes_max},
      std::move(callbacks));
  giver_ = std::make_unique<SnapshotGiver>(
      environment_.files, path, options_.tuning.snapshot_part_bytes, *snapshot_jobs_,
      SnapshotGiver::Callbacks{
          .send =
              [this](ReplicaId to, consensus::Message message) {
                send({to, nullptr, std::move(message)});
                schedule();
              },
          .has = [this](const SnapshotName& name) { return kept_.find(name) != nullptr; },
          .damaged =
              [this](const SnapshotName& name, const Status& /*why*/) {
                kept_.forget(name.round);  // It will not be offered again; a new one will.
                snapshot_asked_ = true;
                schedule();
              }});
  return load_newest_snapshot();
}

// A damaged one is named and passed over: an older one and the log since then lead to the same
// state, or the node says what is missing. One of something else is never passed over: it would be
// what is left when the others are damaged.
Status Core::load_newest_snapshot() {
  Result<std::vector<std::uint64_t>> rounds = snapshots_->list();
  if (!rounds.ok()) return rounds.status();
  bool loaded = false;
  for (auto round = rounds.value().rbegin(); round != rounds.value().rend(); ++round) {
    auto file = storage::SnapshotFile::open(environment_.files, snapshots_->path_of(*round));
    Status status = file.status();
    if (file.ok() && file.value()->header().cluster_id != options_.cluster_id) {
      return not_of_this_replica(snapshots_->path_of(*round),
                                 "is of cluster '" + file.value()->header().cluster_id + "'");
    }
    if (file.ok() && !loaded) status = load_snapshot(*file.value());
    if (!loaded && status.code() == Code::failed_precondition) return status;
    if (status.ok()) {
      kept_.add({.name = name_of(file.value()->id()),
                 .position = {file.value()->header().position},
                 .digest = loaded ? std::nullopt : std::optional(machine_.digest())});
      if (!loaded) note_saved_at_start(*round);
      loaded = true;
      found_incarnations_[{*round}] = file.value()->header().incarnation;
    } else {
      ++snapshots_damaged_;
      io::log(io::Level::error, "replica", "a snapshot is damaged and is not used",
              {{"round", *round}, {"reason", status.message()}});
    }
  }
  return {};
}

// Of an earlier life nothing but the file tells when that was.
void Core::note_saved_at_start(std::uint64_t round) {
  const auto modified_at = environment_.files.modified_at(snapshots_->path_of(round));
  if (modified_at.ok()) saved_.at = modified_at.value();
}

// Only the log tells of which incarnation this replica is. Asked before anything of it is executed.
Status Core::check_snapshots(const consensus::Record& record) const {
  const consensus::record::Boot* boot = std::get_if<consensus::record::Boot>(&record);
  if (const auto* checkpoint = std::get_if<consensus::record::Checkpoint>(&record)) {
    boot = &checkpoint->boot;
  }
  if (boot == nullptr) return {};
  const consensus::Incarnation ours = consensus::incarnation_of(boot->incarnation);
  for (const auto& [round, incarnation] : found_incarnations_) {
    if (incarnation == ours) continue;
    return not_of_this_replica(
        snapshots_->path_of(round.value),
        "is of another incarnation of cluster '" + options_.cluster_id + "' than the log");
  }
  return {};
}

Status Core::load_snapshot(storage::SnapshotFile& file) {
  const storage::SnapshotHeader& header = file.header();
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
  lanes_->restore_snapshot(point.value());
  position_ = {header.position};
  clock_.restore({header.clock}, environment_.executor.now());
  digests_.begin({position_, machine_.digest()});
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
  remove_unpinned_snapshots();
  serve_snapshot_requests();
  const bool due = snapshot_is_due();
  // Under load the next round may always have begun by the end of a step.
  lanes_->stop_at_round_end(due && !lanes_->between_rounds());
  if (due && lanes_->between_rounds()) begin_snapshot();
}

void Core::set_snapshot_rule(const SnapshotRule& rule) {
  options_.snapshots = rule;
  schedule();  // One may be due now.
}

bool Core::snapshot_is_due() const {
  if (!snapshots_ || taker_->busy() || fetch_->busy()) return false;
  if (node_->stage() != consensus::Node::Stage::running) return false;
  if (stepped_back() || !snapshot_would_fit()) return false;
  const bool requested = snapshot_requests_.waiting();
  if (now_ < no_snapshot_before_ && !requested) return false;
  const bool nothing_new = !kept_.empty() && node_->executed_end() <= kept_.newest()->name.round;
  if (nothing_new || !(snapshot_asked_ || requested || log_asks_for_snapshot())) return false;
  return lanes_->checkpoint_bytes() <= checkpoint_bytes_max;  // Last: it goes through the window.
}

// Not before as much was written to the log as the last snapshot has: so a large state does not
// make a byte that is written cost more than another.
bool Core::log_asks_for_snapshot() const {
  const bool low = disk().room != DiskStatus::Room::enough;
  const std::uint64_t last_bytes = kept_.empty() ? 0 : kept_.newest()->name.bytes;
  const std::uint64_t enough = std::max(options_.snapshots.log_bytes, last_bytes);
  const std::uint64_t most = low ? enough / 4 : enough;
  const bool peer_takes = peer_asked_at_ && now_ - *peer_asked_at_ < peer_takes_for;
  if (peer_takes && log_since_snapshot_ < patience_for_peers * most) return false;
  return log_since_snapshot_ >= most ||
         (log_since_snapshot_ > 0 && now_ - last_snapshot_at_ >= options_.snapshots.every);
}

// The cut and the checkpoint are of one moment.
void Core::begin_snapshot() {
  snapshot_asked_ = false;
  last_snapshot_at_ = now_;
  log_since_snapshot_ = 0;
  cut_ = {position_, machine_.digest(), commands_executed_};
  snapshot_requests_.begin();
  const Round round = node_->executed_end();
  taker_->begin(
      {options_.cluster_id, node_->incarnation(), round.value, position_.value, clock_.time().value,
       consensus::encode_epochs(node_->configurations().from(round))},
      {options_.snapshots.zstd_level});
  lanes_->write_checkpoint();
  again_ = true;
}

void Core::snapshot_taken(Result<storage::SnapshotId> id) {
  saved_.last_took = environment_.executor.now() - last_snapshot_at_;
  saved_.last_failed = !id.ok();
  if (!id.ok()) {
    ++snapshots_failed_;
    snapshot_asked_ = true;
    no_snapshot_before_ = environment_.executor.now() + retry_after;
    io::log(io::Level::error, "replica", "no snapshot could be taken",
            {{"reason", id.status().message()}});
    snapshot_requests_.end(id.status());
    return;
  }
  ++snapshots_taken_;
  keep(name_of(id.value()), cut_);
  snapshot_requests_.end(info_of(*kept_.newest()));
  schedule();
}

void Core::keep(const SnapshotName& name, const Cut& of) {
  kept_.add({name, of.position, of.digest});
  (void)kept_.trim(environment_.executor.now());  // With all others, below.
  saved_.at = environment_.executor.wall_now();
  saved_.commands = of.commands;
  snapshot_jobs_->run(
      [directory = *snapshots_, rounds = kept_.rounds(),
       nothing_comes = !fetch_->busy()]() mutable {
        return remove_others(directory, rounds, nothing_comes);
      },
      say_not_removed);
  compact();
}

// Whose pins ended. These alone: a file that gets its name at this moment is none of them.
void Core::remove_unpinned_snapshots() {
  std::vector<std::uint64_t> rounds = kept_.trim(now_);
  if (rounds.empty()) return;
  snapshot_jobs_->run(
      [directory = *snapshots_, rounds = std::move(rounds)]() mutable {
        Status failed;
        for (const std::uint64_t round : rounds) {
          Status status = directory.remove(round);
          if (!status.ok() && status.code() != Code::not_found) failed = std::move(status);
        }
        return failed;
      },
      say_not_removed);
}

// What lies before the checkpoint of a snapshot is in that snapshot.
void Core::compact() {
  const std::optional<Round> fallback = kept_.fallback();
  if (!fallback) return;
  checkpoints_.erase(checkpoints_.begin(), checkpoints_.lower_bound(*fallback));
  if (checkpoints_.empty() || checkpoints_.begin()->first != *fallback) return;
  const CheckpointPlace& place = checkpoints_.begin()->second;
  if (place.lsn > durable_lsn_) return;
  wal_->remove_segments_before(place.segment);
  history_.forget_segments_before(place.segment);
}

void Core::status_of_snapshots(ReplicaStatus& status) const {
  status.log_bytes = wal_->log_bytes();
  status.snapshot_round = kept_.empty() ? 0 : kept_.newest()->name.round.value;
  status.snapshots_taken = snapshots_taken_;
  status.snapshots_failed = snapshots_failed_;
  status.snapshots_damaged = snapshots_damaged_;
  status.snapshots_installed = node_->counters().snapshots_installed;
  status.taking_snapshot = taker_ && taker_->busy();
  if (status.taking_snapshot) {
    status.taking_snapshot_for = environment_.executor.now() - last_snapshot_at_;
  }
  status.snapshot_requested = snapshot_requests_.waiting();
  status.saved_at = saved_.at;
  status.last_snapshot_failed = saved_.last_failed;
  status.last_snapshot_took = saved_.last_took;
  status.commands_since_snapshot = commands_executed_ - saved_.commands;
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
    const auto& ask = std::get<consensus::message::SnapshotAsk>(talk.message);
    peer_asked_at_ = now_;
    if (kept_.find(ask.snapshot) != nullptr) {
      kept_.pin({PinHolder::Kind::peer, talk.from.value}, ask.snapshot, now_);
    }
    giver_->asked(talk.from, ask);
  }
}

// A peer needs what the log no longer has. When the newest snapshot does not help, a newer one
// will.
void Core::offer_snapshot(ReplicaId peer, Round from) {
  if (kept_.empty() || kept_.newest()->name.round <= from) {
    snapshot_asked_ = snapshot_asked_ || !taker_->busy();
    return;
  }
  send({peer, nullptr, consensus::message::Below{kept_.newest()->name}});
}

// ---- installing

bool Core::is_wanted(const storage::SnapshotHeader& header) const {
  const Result<consensus::SnapshotPoint> point = point_of(header);
  return header.cluster_id == options_.cluster_id && header.incarnation == node_->incarnation() &&
         point.ok() && Round{header.round} > node_->executed_end();
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
  lanes_->install(point_of(header).value(), now_);
  members_->follow();
  position_ = {header.position};
  clock_.restore({header.clock}, now_);
  digests_.begin({position_, machine_.digest()});
  claim_owed_ = true;
  history_.begin_at(round);
  const std::string name = snapshots_->path_of(header.round);
  snapshot_jobs_->run(
      [&files = environment_.files, name] { return storage::SnapshotFile::open(files, name); },
      [this, of = Cut{position_, machine_.digest(), commands_executed_}](
          Result<std::unique_ptr<storage::SnapshotFile>> file) {
        if (file.ok()) keep(name_of(file.value()->id()), of);
        snapshot_asked_ = true;  // The log has a gap below it: one that is damaged would be all.
      });
  schedule();
}

}  // namespace rabia::replica
