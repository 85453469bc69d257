// From a data directory to a replica that takes part. protocol.md, section 12.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "consensus/published/node.h"
#include "io/log.h"
#include "replica/core.h"
#include "storage/damage.h"
#include "storage/divergence.h"

namespace rabia::replica {

namespace {

Status check_options(const ReplicaOptions& options) {
  if (options.bootstrap && options.rejoin) {
    return {Code::invalid_argument,
            "a replica either helps to found a cluster (bootstrap) or comes into one that exists "
            "(rejoin): give one of the two"};
  }
  std::set<ReplicaId> ids;
  for (const Member& member : options.members) {
    if (member.id.value == 0) return {Code::invalid_argument, "member ids start at 1"};
    if (!ids.insert(member.id).second) {
      return {Code::invalid_argument,
              "member " + std::to_string(member.id.value) + " is given twice"};
    }
  }
  if (!ids.contains(options.self)) {
    return {Code::invalid_argument, "member " + std::to_string(options.self.value) +
                                        " (this replica) is not in the list of members"};
  }
  if (options.protocol == Protocol::published &&
      (options.durability != Durability::memory || options.rejoin)) {
    return {Code::failed_precondition,
            "the protocol as published keeps nothing and takes nobody back: it needs durability "
            "'memory', and knows no rejoin; use the protocol 'lanes' for either"};
  }
  if (ids.size() > consensus::members_max) {
    return {Code::invalid_argument,
            "a cluster has at most " + std::to_string(consensus::members_max) + " members"};
  }
  return {};
}

// A life in mode `memory` says what no log remembers: a log from before it must not be gone back
// to, since it would be taken for all that was ever said.
Status refuse_log_left_behind(const std::string& path, bool is_there) {
  if (!is_there) return {};
  return {Code::failed_precondition,
          "the data directory '" + path +
              "' holds the log of a replica, which would lack what is said in durability mode "
              "'memory' and must not be used after it: remove the directory, or start with 'os' or "
              "'always'"};
}

}  // namespace

Result<std::unique_ptr<Replica>> Replica::open(const Environment& environment,
                                               ReplicaOptions options, StateMachine& machine,
                                               Callbacks callbacks) {
  if (Status status = check_options(options); !status.ok()) return status;
  auto core =
      std::make_unique<Core>(environment, std::move(options), machine, std::move(callbacks));
  if (Status status = core->start(); !status.ok()) return status;
  return std::unique_ptr<Replica>(std::move(core));
}

Status Core::start() {
  if (Status status = open_directory(); !status.ok()) return status;
  if (Status status = look_for_room(); !status.ok()) return status;
  if (options_.rejoin && options_.durability != Durability::memory) {
    const auto reader = machine_.begin_snapshot();
    while (reader->read(options_.tuning.snapshot_piece_bytes, empty_state_)) {
    }
  }
  Status status = recover_everything();
  if (status.code() == Code::corrupted && options_.rejoin) {
    io::log(io::Level::warning, "replica", "what the directory holds is put aside for a rejoin",
            {{"reason", status.message()}});
    status = begin_without_memory();
  }
  if (!status.ok()) return status;
  timer_ = environment_.executor.make_timer([this] { on_timer(); });
  if (status = open_transport(); !status.ok()) return status;
  outbox_.emplace(*transport_, options_.tuning.frame_bytes_max);
  follow_members();
  watch_disk();
  schedule();
  return {};
}

Status Core::recover_everything() {
  if (directory_) {
    if (Status status = refuse_if_diverged(); !status.ok()) return status;
  }
  make_node();
  if (environment_.probe != nullptr) environment_.probe->attached(*node_);
  if (Status status = open_snapshots(); !status.ok()) return status;
  if (Status status = open_log(); !status.ok()) return status;
  log_since_snapshot_ = wal_->recovery().bytes;
  now_ = opened_at_ = last_commit_ = last_snapshot_at_ = environment_.executor.now();
  return node_->start(now_);
}

// As a replica whose directory is empty: what it holds is put aside until the rejoin is over.
Status Core::begin_without_memory() {
  fetch_.reset();
  giver_.reset();
  taker_.reset();
  snapshot_jobs_.reset();
  snapshots_.reset();
  found_incarnations_.clear();
  wal_.reset();
  node_.reset();
  kept_ = {};
  checkpoints_.clear();
  history_ = History(false, options_.tuning.memory_history_bytes);
  position_ = {};
  durable_lsn_ = 0;
  commands_executed_ = 0;
  const auto loader = machine_.begin_load();
  if (Status status = loader->add(empty_state_); !status.ok()) return status;
  if (Status status = loader->finish(); !status.ok()) return status;
  digests_.begin({position_, machine_.digest()});
  const std::string& path = options_.data_directory;
  if (Status status = storage::DataDirectory::set_aside(environment_.files, path); !status.ok()) {
    return status;
  }
  if (Status status = storage::clear_divergence(environment_.files, path); !status.ok()) {
    return status;
  }
  if (Status status = environment_.files.create_directories(path + "/wal"); !status.ok()) {
    return status;
  }
  if (Status status = environment_.files.sync_directory(path); !status.ok()) return status;
  return recover_everything();
}

Status Core::open_directory() {
  const std::string& path = options_.data_directory;
  Result<bool> known = environment_.files.exists(path + "/IDENTITY");
  if (!known.ok()) return known.status();
  if (options_.durability == Durability::memory) {
    return refuse_log_left_behind(path, !path.empty() && known.value());
  }
  if (!known.value() && !options_.bootstrap && !options_.rejoin) {
    return {
        Code::failed_precondition,
        "the data directory '" + path +
            "' holds no replica: if this replica had data, point --data at it; if that is lost, "
            "or this replica is a new member, start it with --rejoin; only to found a new "
            "cluster start all members with --bootstrap"};
  }
  auto directory =
      storage::DataDirectory::open(environment_.files, path, {options_.cluster_id, options_.self});
  if (!directory.ok()) return directory.status();
  directory_ = directory.take();
  if (Status status = environment_.files.create_directories(path + "/wal"); !status.ok()) {
    return status;
  }
  return environment_.files.sync_directory(path);
}

void Core::make_node() {
  if (options_.protocol == Protocol::published) {
    lanes_ = nullptr;
    node_ = std::make_unique<consensus::published::Node>(
        consensus::published::Options{.node = node_options(),
                                      .wall = environment_.executor.wall_now(),
                                      .log_bytes_max = options_.tuning.memory_history_bytes});
  } else {
    auto lanes = std::make_unique<consensus::Node>(node_options());
    lanes_ = lanes.get();
    node_ = std::move(lanes);
  }
}

consensus::NodeOptions Core::node_options() {
  consensus::NodeOptions options;
  options.cluster_id = options_.cluster_id;
  options.self = options_.self;
  for (const Member& member : options_.members) options.members.push_back(member.id);
  options.mode = options_.durability;
  // Mode `memory` has nothing that a second bootstrap could destroy.
  options.may_found = options_.bootstrap || options_.durability == Durability::memory;
  options.rejoin = options_.rejoin;
  options.vouched = options_.vouched;
  // Without one (section 8 doubts it then) a log of mode `os` needs a clean stop.
  if (Result<std::string> boot_id = environment_.files.boot_id(); boot_id.ok()) {
    options.boot_id = boot_id.take();
  }
  const Tuning& tuning = options_.tuning;
  options.window_rounds = tuning.window_rounds;
  options.ahead_rounds = std::min<std::uint64_t>(options.ahead_rounds, tuning.window_rounds / 4);
  auto& watch = options.lane_watch;
  watch.interval_max =
      std::min(watch.interval_max, static_cast<std::uint32_t>(options.ahead_rounds));
  watch.interval_first = std::min(watch.interval_first, watch.interval_max);
  options.reply_bytes_max = tuning.reply_bytes_max;
  options.own_undecided_max = tuning.own_undecided_max;
  options.own_undecided_bytes_max = tuning.own_undecided_bytes_max;
  options.beyond_window_bytes_max = tuning.beyond_window_bytes_max;
  options.unsynced_bytes_max = tuning.unsynced_bytes_max;
  std::array<std::byte, sizeof options.life> random;
  environment_.executor.fill_random(random);
  std::memcpy(&options.life, random.data(), sizeof options.life);
  return options;
}

Status Core::open_log() {
  storage::WalOptions options{.durability = options_.durability,
                              .segment_bytes = options_.segment_bytes};
  environment_.executor.fill_random(std::as_writable_bytes(std::span(&options.salt, 1)));
  storage::Wal::Callbacks callbacks{
      .recovered = [this](const storage::Wal::Recovered& record) { return recover(record); },
      .durable = [this](storage::Lsn lsn) { on_durable(lsn); },
      .failed = [this](Status status) { stop_because(std::move(status)); }};
  auto wal = storage::Wal::open(environment_.files, options_.data_directory + "/wal", options,
                                environment_.log_worker, std::move(callbacks));
  if (!wal.ok()) return wal.status();
  wal_ = wal.take();
  if (wal_->empty() && directory_ && !directory_->is_new() && !options_.bootstrap &&
      !options_.rejoin) {
    return {
        Code::failed_precondition,
        "the data directory '" + options_.data_directory +
            "' belongs to this replica but its log is gone: restore it, or start with --rejoin; "
            "if the cluster was never founded, with --bootstrap"};
  }
  const auto& found = wal_->recovery();
  if (environment_.probe != nullptr) environment_.probe->log_recovered(found);
  io::log(io::Level::info, "replica", "log recovered",
          {{"segments", found.segments},
           {"records", found.records},
           {"bytes", found.bytes},
           {"torn_bytes_cut", found.torn_bytes_cut},
           {"torn_at", found.torn_at},
           {"round", node_->executed_end().value},
           {"batches", position_.value}});
  return {};
}

// One record of the log: told to the node; what it makes executable is executed.
Status Core::recover(const storage::Wal::Recovered& recovered) {
  const Result<consensus::Record> record = consensus::decode_record(recovered.payload);
  if (!record.ok()) return record.status();
  if (Status status = check_snapshots(record.value()); !status.ok()) return status;
  if (environment_.probe != nullptr) environment_.probe->recovered(recovered.lsn, record.value());
  note_place(record.value(), recovered.lsn, recovered.location);
  durable_lsn_ = recovered.lsn;
  if (Status status = lanes_->restore(record.value(), recovered.lsn); !status.ok()) return status;
  for (const consensus::Execution& execution : node_->ready().executions) execute(execution);
  node_->ready().clear();
  return {};
}

Status Core::open_transport() {
  transport::TransportOptions options;
  options.cluster_id = options_.cluster_id;
  options.self = options_.self;
  options.frame_bytes_max = options_.tuning.frame_bytes_max;
  options.queue_bytes_max = options_.tuning.peer_queue_bytes;
  for (const Member& member : options_.members) {
    if (member.id == options_.self) {
      options.listen = member.peer_address;
    } else {
      options.peers.push_back({member.id, member.peer_address});
    }
  }
  transport::Transport::Callbacks callbacks{
      .peer_up =
          [this](ReplicaId peer) {
            node_->peer_up(peer, environment_.executor.now());
            claim_owed_ = true;
            schedule();
          },
      .peer_down =
          [this](ReplicaId peer) {
            node_->peer_down(peer, environment_.executor.now());
            schedule();
          },
      .received = [this](ReplicaId peer, std::string_view frame) { receive(peer, frame); },
      .round_trip = [this](ReplicaId peer,
                           base::Duration measured) { node_->round_trip(peer, measured); }};
  auto transport = transport::Transport::open(environment_.executor, environment_.network,
                                              std::move(options), std::move(callbacks));
  if (!transport.ok()) return transport.status();
  transport_ = transport.take();
  return {};
}

}  // namespace rabia::replica
