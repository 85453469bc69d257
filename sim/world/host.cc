#include "sim/world/host.h"

#include <utility>

#include "storage/record.h"
#include "storage/segment.h"

namespace rabia::sim {

namespace {

constexpr const char* data_directory = "data";
constexpr const char* log_directory = "data/wal";
constexpr const char* snapshot_directory = "data/snapshots";
constexpr const char* directories[] = {"data/wal", "data/snapshots", "data/wal.before-rejoin",
                                       "data/snapshots.before-rejoin", "data"};

std::uint64_t told_bytes(std::string_view file) {
  const Result<storage::SegmentHeader> header = storage::decode_segment_header(file);
  if (!header.ok()) return file.size();  // A snapshot: all of it has checksums.
  std::uint64_t last_group = storage::segment_header_bytes;
  storage::Lsn group_first = 0;
  std::uint64_t at = storage::segment_header_bytes;
  while (true) {
    const auto record = storage::parse_record(header.value().salt, file, at);
    if (record.state != storage::RecordState::valid) return last_group;
    if (record.header.kind != storage::RecordKind::data) return at;
    if (record.header.group_first != group_first) last_group = at;
    group_first = record.header.group_first;
    at += storage::record_bytes(record.header.payload_bytes);
  }
}

}  // namespace

Host::Host(World& world, const Plan& plan, std::size_t index)
    : world_(world),
      plan_(plan),
      index_(index),
      name_(host_name(index)),
      random_(plan.seed * 31 + index),
      executor_(world.executor, plan.machines[index].clocks, plan.seed * 37 + index),
      network_(world.network.at(name_), executor_,
               {.effect = [this] { return effect(); },
                .road = [this](const std::string& to) { return world_.road(name_, to); }}),
      watch_({static_cast<std::uint16_t>(index + 1)}, world.watch, [this] { return effect(); }) {
  executor_.set_turn_takes(plan.machines[index].turn_takes);
}

Host::~Host() {
  destroy(Ending::kill);
}

// ---- the process

replica::ReplicaOptions Host::replica_options(bool rejoin,
                                              std::vector<replica::Member> list) const {
  replica::ReplicaOptions options;
  options.cluster_id = "sim";
  options.self = {static_cast<std::uint16_t>(index_ + 1)};
  options.members = std::move(list);
  options.data_directory = data_directory;
  options.durability = plan_.durability;
  options.protocol = plan_.protocol;
  options.bootstrap = !rejoin;
  options.rejoin = rejoin;
  options.segment_bytes = plan_.segment_bytes;
  options.unavailable_after = plan_.unavailable_after;
  options.answer_within = plan_.answer_within;
  options.snapshots.log_bytes = plan_.snapshot_log_bytes;
  options.snapshots.every = plan_.snapshot_every;
  options.snapshots.zstd_level = plan_.snapshot_zstd_level;
  options.disk_reserve_bytes = plan_.disk_reserve_bytes;
  options.tuning = plan_.tuning;
  return options;
}

Status Host::start(bool rejoin, std::vector<replica::Member> list) {
  executor_.begin_life();
  watch_.begin_life();
  files_.run();
  if (start_changes_ != UINT64_MAX) files_.halt_after(start_changes_);
  start_changes_ = UINT64_MAX;
  effects_left_ = UINT64_MAX;
  died_in_start_ = false;
  stopped_ = {};
  worker_ = std::make_unique<LogWorker>(executor_, plan_.machines[index_].job_takes, stalled_until_,
                                        random_.next());
  snapshot_worker_ = std::make_unique<LogWorker>(executor_, plan_.machines[index_].job_takes,
                                                 stalled_until_, random_.next());
  service_ = world_.make_service(
      {index_, name_, executor_, network_, [this] { return executor_.running(); }});
  corruptible_ = std::make_unique<CorruptibleMachine>(service_->machine());
  replica::Replica::Callbacks callbacks;
  callbacks.stopped = [this](Status why) {
    if (!executor_.running()) return;  // A ghost's.
    left_ = why.ok();
    stopped_ = std::move(why);
    report_end(Ending::kill);
  };
  auto replica = replica::Replica::open(
      {executor_, network_, files_, *worker_, *snapshot_worker_, &watch_},
      replica_options(rejoin, std::move(list)), *corruptible_, std::move(callbacks));
  Status status = replica.status();
  if (!replica.ok()) watch_.node_is_gone();
  if (replica.ok()) {
    replica_ = replica.take();
    status = service_->serve(*replica_);
  }
  died_in_start_ = files_.halted();
  if (!died_in_start_) files_.run();
  if (died_in_start_ && status.ok()) status = {Code::unavailable, "killed while it started"};
  if (!status.ok()) destroy(died_in_start_ ? ending_ : Ending::kill);
  return status;
}

bool Host::end(Ending how) {
  bool closed = false;
  if (how == Ending::clean) {
    if (random_.chance(30)) files_.halt_after(random_.below(6));
    closed = replica_->close().ok() && !files_.halted();  // It fails when the disk does.
  }
  destroy(how);
  return closed;
}

void Host::destroy(Ending how) {
  executor_.end_life();
  if (how == Ending::power) world_.network.drop_host(name_);
  // In the midst of one job: which of the two threads is cut down first is drawn.
  LogWorker* first = random_.chance(50) ? worker_.get() : snapshot_worker_.get();
  LogWorker* second = first == worker_.get() ? snapshot_worker_.get() : worker_.get();
  for (LogWorker* worker : {first, second}) {
    if (worker != nullptr) worker->die(files_);
  }
  watch_.end_life();
  last_flaw_ = flaw();
  ever_flawed_ = ever_flawed();
  if (service_ != nullptr) service_->stop();
  replica_.reset();
  corruptible_.reset();
  service_.reset();
  worker_.reset();
  snapshot_worker_.reset();
  if (how == Ending::power) {
    disk_.crash(random_);
  } else {
    disk_.kill_process();
  }
}

void Host::die_after_effects(std::uint64_t effects, Ending how) {
  effects_left_ = effects;
  ending_ = how;
}

void Host::die_in_next_start(std::uint64_t changes, Ending how) {
  start_changes_ = changes;
  ending_ = how;
}

// From here on the process is a ghost: what it still does in this turn has no effect.
bool Host::effect() {
  if (!executor_.running()) return false;
  if (effects_left_ == UINT64_MAX || effects_left_-- > 0) return true;
  report_end(ending_);
  return false;
}

void Host::report_end(Ending how) {
  executor_.end_life();
  world_.executor.post([this, how, life = executor_.life()] {
    if (executor_.life() != life || replica_ == nullptr) return;
    destroy(how);
    world_.ended(index_);
  });
}

// ---- the disk

void Host::stall_disk_until(base::Instant until) {
  stalled_until_ = until;
  for (LogWorker* worker : {worker_.get(), snapshot_worker_.get()}) {
    if (worker != nullptr) worker->stall_until(until);
  }
}

void Host::empty_disk() {
  for (const char* directory : directories) {
    const auto names = disk_.list(directory);
    if (!names.ok()) continue;
    for (const std::string& name : names.value()) {
      (void)disk_.remove(io::join_path(directory, name));
    }
    (void)disk_.remove(directory);
  }
  disk_.sync_all();
}

Host::StoredFile Host::some_file(base::Random& random) {
  std::vector<std::string> paths;
  for (const char* directory : {log_directory, snapshot_directory}) {
    const auto names = disk_.list(directory);
    if (!names.ok()) continue;
    for (const std::string& name : names.value()) paths.push_back(io::join_path(directory, name));
  }
  if (paths.empty()) return {};
  StoredFile chosen{paths[random.below(paths.size())]};
  auto file = disk_.open(chosen.path, io::OpenMode::read);
  if (!file.ok()) return chosen;
  std::string bytes;
  if (!file.value()->read_at(0, UINT32_MAX, bytes).ok()) return chosen;
  chosen.bytes = bytes.size();
  chosen.told_bytes = told_bytes(bytes);
  return chosen;
}

}  // namespace rabia::sim
