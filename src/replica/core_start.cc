// From a data directory to a replica that takes part. protocol.md, section 12.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "consensus/published/node.h"
#include "io/log.h"
#include "replica/core.h"
#include "storage/divergence.h"

namespace rabia::replica {

namespace {

constexpr std::string_view suffix_as_published = ".published";

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
  if (options.protocol == Protocol::published &&
      !is_valid_cluster_id(options.cluster_id + std::string(suffix_as_published))) {
    return {Code::invalid_argument,
            "the name of the cluster is too long for the protocol as "
            "published, which adds '.published' to it"};
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

// Null in mode `memory`.
Result<std::shared_ptr<const storage::DataDirectory>> open_directory(
    io::FileSystem& files, const ReplicaOptions& options) {
  using Opened = std::shared_ptr<const storage::DataDirectory>;
  const std::string& path = options.data_directory;
  Result<bool> known = files.exists(path + "/IDENTITY");
  if (!known.ok()) return known.status();
  if (options.durability == Durability::memory) {
    Status status = refuse_log_left_behind(path, !path.empty() && known.value());
    if (!status.ok()) return status;
    return Opened();
  }
  if (!known.value() && !options.bootstrap && !options.rejoin) {
    return {
        Code::failed_precondition,
        "the data directory '" + path +
            "' holds no replica: if this replica had data, point --data at it; if that is lost, "
            "or this replica is a new member, start it with --rejoin; only to found a new "
            "cluster start all members with --bootstrap"};
  }
  auto directory = storage::DataDirectory::open(files, path, {options.cluster_id, options.self});
  if (!directory.ok()) return directory.status();
  if (Status status = files.create_directories(path + "/wal"); !status.ok()) return status;
  if (Status status = files.sync_directory(path); !status.ok()) return status;
  return Opened(directory.take());
}

// What the machine writes before any command.
std::string empty_state_of(StateMachine& machine, const ReplicaOptions& options) {
  std::string state;
  const auto reader = machine.begin_snapshot();
  while (reader->read(options.tuning.snapshot_piece_bytes, state)) {
  }
  return state;
}

// What a replica had is put aside until its rejoin is over, and its machine emptied.
Status begin_without_memory(io::FileSystem& files, const std::string& path, StateMachine& machine,
                            std::string_view empty_state) {
  const auto loader = machine.begin_load();
  if (Status status = loader->add(empty_state); !status.ok()) return status;
  if (Status status = loader->finish(); !status.ok()) return status;
  if (Status status = storage::DataDirectory::set_aside(files, path); !status.ok()) return status;
  if (Status status = storage::clear_divergence(files, path); !status.ok()) return status;
  if (Status status = files.create_directories(path + "/wal"); !status.ok()) return status;
  return files.sync_directory(path);
}

}  // namespace

Result<std::unique_ptr<Replica>> Replica::open(const Environment& environment,
                                               ReplicaOptions options, StateMachine& machine,
                                               Callbacks callbacks) {
  if (Status status = check_options(options); !status.ok()) return status;
  const auto directory = open_directory(environment.files, options);
  if (!directory.ok()) return directory.status();
  const bool may_begin_anew = options.rejoin && directory.value() != nullptr;
  const std::string empty_state = may_begin_anew ? empty_state_of(machine, options) : "";
  auto core = std::make_unique<Core>(environment, options, directory.value(), machine, callbacks);
  Status status = core->start();
  if (status.code() == Code::corrupted && may_begin_anew) {
    io::log(io::Level::warning, "replica", "what the directory holds is put aside for a rejoin",
            {{"reason", status.message()}});
    core.reset();
    status = begin_without_memory(environment.files, options.data_directory, machine, empty_state);
    if (!status.ok()) return status;
    core = std::make_unique<Core>(environment, std::move(options), directory.value(), machine,
                                  std::move(callbacks));
    status = core->start();
  }
  if (!status.ok()) return status;
  return std::unique_ptr<Replica>(std::move(core));
}

Status Core::start() {
  if (Status status = look_for_room(); !status.ok()) return status;
  if (directory_) {
    if (Status status = refuse_if_diverged(); !status.ok()) return status;
  }
  make_node();
  open_members();
  if (environment_.probe != nullptr) environment_.probe->attached(*node_);
  if (Status status = open_snapshots(); !status.ok()) return status;
  if (Status status = open_log(); !status.ok()) return status;
  log_since_snapshot_ = wal_->recovery().bytes;
  now_ = opened_at_ = last_commit_ = last_snapshot_at_ = environment_.executor.now();
  if (Status status = node_->start(now_); !status.ok()) return status;
  timer_ = environment_.executor.make_timer([this] { on_timer(); });
  if (Status status = open_transport(); !status.ok()) return status;
  outbox_.emplace(*transport_, options_.tuning.frame_bytes_max);
  members_->link_by(transport_.get());
  watch_disk();
  schedule();
  return {};
}

void Core::make_node() {
  if (options_.protocol == Protocol::published) {
    consensus::NodeOptions node = node_options();
    // Slots come one after the other, so a second own batch would only wait for the first: what
    // comes meanwhile makes the next one larger instead. Pace as for lanes halves the throughput.
    node.own_undecided_max = 1;
    node_ = std::make_unique<consensus::published::Node>(
        consensus::published::Options{.node = std::move(node),
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

void Core::open_members() {
  Members::Callbacks callbacks{
      .propose = [this](base::SharedBytes batch,
                        Members::Done done) { submit_change(std::move(batch), std::move(done)); },
      .schedule = [this] { schedule(); },
      .left =
          [this] {
            halt();
            if (callbacks_.stopped) callbacks_.stopped({});
          }};
  members_.emplace(options_, environment_.executor, *node_, std::move(callbacks));
}

Status Core::open_transport() {
  transport::TransportOptions options;
  options.cluster_id = options_.cluster_id;
  // Members of the two protocols refuse each other, and say why, before they found a cluster.
  if (options_.protocol == Protocol::published) options.cluster_id += suffix_as_published;
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
