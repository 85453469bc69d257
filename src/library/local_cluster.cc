#include "rabia/local_cluster.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/check.h"
#include "io/real_runtime.h"

namespace rabia {
namespace {

constexpr std::chrono::seconds serving_within(30);
constexpr std::chrono::milliseconds look_again_after(5);

Result<std::string> make_temporary_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "rabia-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return {Code::io_error, "cannot make a temporary directory at " + path};
  }
  return path;
}

// Ports that nobody listens on; all are held until the last is known, so they differ.
Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  io::RealRuntime runtime;
  std::vector<std::unique_ptr<io::Listener>> listeners;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i) {
    auto listener = runtime.network().listen({"127.0.0.1", 0}, [](const auto&) {});
    if (!listener.ok()) return listener.status();
    listeners.push_back(listener.take());
    ports.push_back(listeners.back()->port());
  }
  return ports;
}

}  // namespace

LocalCluster::LocalCluster(LocalClusterOptions options, MakeStateMachine make)
    : options_(std::move(options)), make_(std::move(make)) {}

LocalCluster::~LocalCluster() {
  // At once: a quorum that is gone makes the last ones wait.
  std::vector<std::thread> stopping;
  for (Member& member : members_) {
    stopping.emplace_back([&member] { member.replica.reset(); });
  }
  for (std::thread& each : stopping) each.join();
  members_.clear();
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(options_.data_directory, ignored);
}

Result<std::unique_ptr<LocalCluster>> LocalCluster::open(const LocalClusterOptions& options,
                                                         MakeStateMachine make) {
  if (options.replicas < 1 || options.replicas > cluster_members_max) {
    return {Code::invalid_argument, "replicas: from 1 to " + std::to_string(cluster_members_max)};
  }
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(options, std::move(make)));
  if (options.data_directory.empty()) {
    auto made = make_temporary_directory();
    if (!made.ok()) return made.status();
    cluster->options_.data_directory = made.take();
    cluster->temporary_ = true;
  }
  const Result<std::vector<std::uint16_t>> ports = free_ports(options.replicas);
  if (!ports.ok()) return ports.status();
  for (std::size_t i = 0; i < options.replicas; ++i) {
    const ReplicaId id{static_cast<std::uint16_t>(i + 1)};
    cluster->members_.push_back({{id, "127.0.0.1", ports.value()[i]}, nullptr, nullptr});
  }
  for (std::size_t i = 0; i < options.replicas; ++i) {
    if (Status opened = cluster->open_member(i); !opened.ok()) return opened;
  }
  for (Member& member : cluster->members_) {
    if (!member.replica->wait_until_serving(serving_within)) {
      return {Code::unavailable,
              "replica " + std::to_string(member.address.id.value) +
                  " does not serve: " + member.replica->status().not_serving_because};
    }
  }
  return cluster;
}

Status LocalCluster::open_member(std::size_t index) {
  Member& member = members_[index];
  ReplicaOptions options;
  options.cluster_id = options_.cluster_id;
  options.self = member.address.id;
  for (const Member& each : members_) options.members.push_back(each.address);
  options.data_directory =
      (std::filesystem::path(options_.data_directory) / std::to_string(index + 1)).string();
  options.durability = options_.durability;
  options.bootstrap = true;
  member.machine = make_();
  auto opened = Replica::open(options, *member.machine);
  if (!opened.ok()) return opened.status();
  member.replica = opened.take();
  return {};
}

Replica& LocalCluster::replica(std::size_t index) {
  RABIA_CHECK(running(index));
  return *members_[index].replica;
}

StateMachine& LocalCluster::machine(std::size_t index) {
  RABIA_CHECK(running(index));
  return *members_[index].machine;
}

bool LocalCluster::running(std::size_t index) const {
  return index < members_.size() && members_[index].replica != nullptr;
}

Status LocalCluster::stop(std::size_t index) {
  if (!running(index)) return {Code::failed_precondition, "that replica is not running"};
  Status closed = members_[index].replica->close();
  members_[index].replica.reset();
  members_[index].machine.reset();
  return closed;
}

Status LocalCluster::start(std::size_t index) {
  if (index >= members_.size()) return {Code::not_found, "there is no such replica"};
  if (running(index)) return {Code::failed_precondition, "that replica is running"};
  if (Status opened = open_member(index); !opened.ok()) return opened;
  Replica& replica = *members_[index].replica;
  if (replica.wait_until_serving(serving_within)) return {};
  return {Code::unavailable, "it does not serve: " + replica.status().not_serving_because};
}

Status LocalCluster::wait_until_equal(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    std::vector<ReplicaStatus> all;
    for (Member& member : members_) {
      if (member.replica) all.push_back(member.replica->status());
    }
    const bool level = std::ranges::all_of(
        all, [&](const ReplicaStatus& each) { return each.position == all.front().position; });
    const bool equal = level && std::ranges::all_of(all, [&](const ReplicaStatus& each) {
                         return each.digest == all.front().digest;
                       });
    if (equal) return {};
    if (level) return {Code::failed_precondition, "equal positions have different states"};
    if (std::chrono::steady_clock::now() >= end) {
      return {Code::failed_precondition, "the replicas do not come to one position"};
    }
    std::this_thread::sleep_for(look_again_after);
  }
}

}  // namespace rabia
