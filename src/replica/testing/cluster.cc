#include "replica/testing/cluster.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/hash.h"

namespace rabia::replica::testing {

void LogMachine::apply(const ApplyContext& /*context*/, std::string_view command,
                       std::string* reply) {
  if (reply != nullptr) *reply = std::to_string(commands_.size());
  remember(std::string(command) + (std::exchange(misapply_next_, false) ? " misapplied" : ""));
}

void LogMachine::remember(std::string_view command) {
  commands_.emplace_back(command);
  digest_.high = commands_.size();
  digest_.low = base::hash64(command, digest_.low);
}

class LogMachine::Reader final : public SnapshotReader {
 public:
  explicit Reader(const LogMachine& machine) {
    base::Encoder encode(bytes_);
    encode.varint(machine.commands_.size());
    for (const std::string& command : machine.commands_) encode.bytes(command);
    encode.fixed(machine.digest_.low);
  }
  [[nodiscard]] bool read(std::size_t bytes_about, std::string& out) override {
    if (read_ == bytes_.size()) return false;
    const std::size_t size = std::min(std::max<std::size_t>(bytes_about, 1), bytes_.size() - read_);
    out.append(bytes_, read_, size);
    read_ += size;
    return true;
  }

 private:
  std::string bytes_;
  std::size_t read_ = 0;
};

class LogMachine::Loader final : public SnapshotLoader {
 public:
  explicit Loader(LogMachine& machine) : machine_(machine) {}
  Status add(std::string_view bytes) override {
    bytes_.append(bytes);
    return {};
  }
  Status finish() override {
    base::Decoder in(bytes_);
    LogMachine loaded;
    for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) loaded.remember(in.bytes());
    if (in.fixed<std::uint64_t>() != loaded.digest_.low) in.fail();
    if (!in.complete()) return {Code::corrupted, "not a list of commands with its digest"};
    std::swap(machine_.commands_, loaded.commands_);
    machine_.digest_ = loaded.digest_;
    return {};
  }

 private:
  LogMachine& machine_;
  std::string bytes_;
};

std::unique_ptr<SnapshotReader> LogMachine::begin_snapshot() {
  return std::make_unique<Reader>(*this);
}

std::unique_ptr<SnapshotLoader> LogMachine::begin_load() {
  return std::make_unique<Loader>(*this);
}

TestClient::TestClient(Replica& replica, const LogMachine& machine)
    : replica_(replica), machine_(machine), id_(replica.add_client(*this)) {}

void TestClient::write(std::string command) {
  waiting_.push_back({next_token_++, true, std::move(command)});
  submit_waiting();
}

void TestClient::read() {
  waiting_.push_back({next_token_++, false, "read"});
  submit_waiting();
}

void TestClient::leave() {
  replica_.remove_client(id_);
}

void TestClient::submit_waiting() {
  std::size_t taken = 0;
  for (; taken < waiting_.size() && replica_.accepts(id_); ++taken) {
    const Waiting& next = waiting_[taken];
    if (next.is_write) {
      replica_.submit_write(id_, next.token, next.bytes);
    } else {
      replica_.submit_read(id_, next.token, next.bytes);
    }
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void TestClient::answer(std::uint64_t token, Answer::Kind kind, std::size_t seen) {
  answers_.push_back({token, kind, seen});
}

void TestClient::on_executed(std::uint64_t token, std::string_view reply) {
  answer(token, Answer::Kind::executed, std::stoull(std::string(reply)));
}

void TestClient::on_readable(std::uint64_t token, std::string_view /*operation*/) {
  answer(token, Answer::Kind::read, machine_.commands().size());
}

void TestClient::on_failed(std::uint64_t token, Failure failure) {
  const bool unknown = failure == Failure::outcome_unknown;
  answer(token, unknown ? Answer::Kind::unknown : Answer::Kind::not_executed, 0);
}

std::size_t TestClient::count(Answer::Kind kind) const {
  return static_cast<std::size_t>(std::count_if(
      answers_.begin(), answers_.end(), [&](const Answer& answer) { return answer.kind == kind; }));
}

Cluster::Cluster(const Options& options)
    : options_(options),
      random_(options.seed),
      executor_(options.seed),
      network_(executor_, options.seed),
      hosts_(options.replicas) {
  network_.set_delay(std::chrono::microseconds(100));
  for (Host& host : hosts_) host.files = std::make_unique<io::testing::MemoryFileSystem>();
}

Cluster::~Cluster() {
  for (Host& host : hosts_) destroy(host);
}

void Cluster::destroy(Host& host) {
  host.replica.reset();
  host.worker.reset();
  host.snapshot_worker.reset();
  host.machine.reset();
}

Status Cluster::start(std::size_t index, bool bootstrap) {
  Host& host = hosts_[index];
  host.worker = executor_.make_worker(options_.sync_takes);
  host.snapshot_worker = executor_.make_worker(options_.sync_takes);
  host.machine = std::make_unique<LogMachine>();
  host.stopped = {};
  ReplicaOptions options;
  options.cluster_id = "test";
  options.self = {static_cast<std::uint16_t>(index + 1)};
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    options.members.push_back({{static_cast<std::uint16_t>(i + 1)},
                               {Cluster::host(i), static_cast<std::uint16_t>(7000)}});
  }
  options.data_directory = "data";
  options.durability = options_.durability;
  options.protocol = options_.protocol;
  options.bootstrap = bootstrap;
  options.segment_bytes = options_.segment_bytes;
  options.snapshots.log_bytes = options_.snapshot_log_bytes;
  options.snapshots.zstd_level = options_.snapshot_zstd_level;
  options.disk_reserve_bytes = options_.disk_reserve_bytes;
  auto replica =
      Replica::open({executor_, network_.at(Cluster::host(index)), *host.files, *host.worker,
                     *host.snapshot_worker},
                    options, *host.machine,
                    {.serving = {}, .stopped = [&host](Status why) { host.stopped = why; }});
  if (!replica.ok()) {
    destroy(host);
    return replica.status();
  }
  host.replica = replica.take();
  return {};
}

void Cluster::start_all() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (Status status = start(i, true); !status.ok()) std::abort();
  }
}

void Cluster::kill(std::size_t index) {
  destroy(hosts_[index]);
  hosts_[index].files->kill_process();
}

void Cluster::cut_power(std::size_t index) {
  destroy(hosts_[index]);
  hosts_[index].files->crash(random_);
}

Status Cluster::close(std::size_t index) {
  Status status = hosts_[index].replica->close();
  destroy(hosts_[index]);
  hosts_[index].files->kill_process();
  return status;
}

TestClient& Cluster::client(std::size_t index) {
  clients_.push_back(std::make_unique<TestClient>(*hosts_[index].replica, *hosts_[index].machine));
  return *clients_.back();
}

void Cluster::isolate(std::size_t index) {
  for (std::size_t other = 0; other < hosts_.size(); ++other) {
    if (other == index) continue;
    network_.cut(host(index), host(other));
    network_.cut(host(other), host(index));
  }
}

void Cluster::heal(std::size_t index) {
  for (std::size_t other = 0; other < hosts_.size(); ++other) {
    if (other == index) continue;
    network_.heal(host(index), host(other));
    network_.heal(host(other), host(index));
  }
}

void Cluster::stall_disk(std::size_t index, base::Duration duration) {
  for (auto* worker : {hosts_[index].worker.get(), hosts_[index].snapshot_worker.get()}) {
    worker->stall_until(executor_.now() + duration);
  }
}

bool Cluster::run_until(const std::function<bool()>& condition, base::Duration limit) {
  return executor_.run_until(condition, limit);
}

bool Cluster::all_serving() const {
  return std::all_of(hosts_.begin(), hosts_.end(), [](const Host& host) {
    return host.replica == nullptr || host.replica->status().serving;
  });
}

std::string Cluster::describe() const {
  std::string text;
  for (const Host& host : hosts_) {
    if (host.replica == nullptr) {
      text += "down; " + host.stopped.message() + "\n";
      continue;
    }
    const ReplicaStatus status = host.replica->status();
    text += "executed " + std::to_string(status.executed_round) + " in use " +
            std::to_string(status.top_round) + " commands " +
            std::to_string(host.machine->commands().size()) +
            (status.serving ? " serving" : " not serving: " + status.not_serving_because) + " " +
            host.stopped.message() + "\n";
  }
  return text;
}

bool Cluster::equal() const {
  const LogMachine* first = nullptr;
  for (const Host& host : hosts_) {
    if (host.replica == nullptr) continue;
    if (first != nullptr && host.machine->commands() != first->commands()) return false;
    first = host.machine.get();
  }
  return true;
}

}  // namespace rabia::replica::testing
