#include "rabia/local_cluster.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "base/check.h"
#include "io/real_runtime.h"
#include "library/patience.h"

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

// Ports that nobody listens on; all are held until the last is known, so they differ. Below those
// that systems give to outgoing connections: a replica that is stopped finds its own free again.
Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  constexpr std::uint16_t first = 10'240;
  constexpr std::uint16_t last = 32'767;
  constexpr int attempts = 2'000;
  io::RealRuntime runtime;
  std::vector<std::unique_ptr<io::Listener>> listeners;
  std::vector<std::uint16_t> ports;
  std::random_device random;
  for (int attempt = 0; attempt < attempts && ports.size() < count; ++attempt) {
    const auto port = static_cast<std::uint16_t>(first + random() % (last - first + 1));
    auto listener = runtime.network().listen({"127.0.0.1", port}, [](const auto&) {});
    if (!listener.ok()) continue;
    listeners.push_back(listener.take());
    ports.push_back(port);
  }
  if (ports.size() == count) return ports;
  return {Code::unavailable, "no ports of 127.0.0.1 from 10240 to 32767 are free"};
}

// Ports are drawn anew each time, and the log of changed members has those of before.
Status keeps_its_members() {
  return {Code::failed_precondition,
          "a local cluster with a data directory of its own keeps its members: use Replica for one "
          "that changes them"};
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
    if (Status opened = cluster->open_member(i, false); !opened.ok()) return opened;
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

Status LocalCluster::open_member(std::size_t index, bool is_new) {
  Member& member = members_[index];
  ReplicaOptions options;
  options.cluster_id = options_.cluster_id;
  options.self = member.address.id;
  for (const Member& each : members_) {
    if (!each.removed) options.members.push_back(each.address);
  }
  options.data_directory =
      (std::filesystem::path(options_.data_directory) / std::to_string(index + 1)).string();
  options.durability = options_.durability;
  options.bootstrap = !is_new;
  options.rejoin = is_new;
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
  if (members_[index].removed) return {Code::failed_precondition, "that replica was removed"};
  if (running(index)) return {Code::failed_precondition, "that replica is running"};
  if (Status opened = open_member(index, false); !opened.ok()) return opened;
  Replica& replica = *members_[index].replica;
  if (replica.wait_until_serving(serving_within)) return {};
  const std::string why = replica.status().not_serving_because;
  static_cast<void>(stop(index));
  return {Code::unavailable, "it was stopped again, since it did not serve: " + why};
}

Replica* LocalCluster::any_running_but(std::size_t index) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i != index && running(i)) return members_[i].replica.get();
  }
  return nullptr;
}

Status LocalCluster::add_replica() {
  if (!temporary_) return keeps_its_members();
  Replica* const other = any_running_but(members_.size());
  if (other == nullptr) return {Code::failed_precondition, "no replica is running"};
  const Result<std::vector<std::uint16_t>> ports = free_ports(1);
  if (!ports.ok()) return ports.status();
  const std::size_t index = members_.size();
  const ReplicaId id{static_cast<std::uint16_t>(index + 1)};
  members_.push_back({{id, "127.0.0.1", ports.value().front()}, nullptr, nullptr});
  Status added = open_member(index, true);
  if (added.ok()) added = other->add_member(members_.back().address);
  if (added.ok()) return wait_until_voting(index);
  // Its id is given to nobody else: the cluster may have it.
  members_.back().removed = true;
  static_cast<void>(stop(index));
  return added;
}

Status LocalCluster::wait_until_voting(std::size_t index) {
  const auto end = std::chrono::steady_clock::now() + serving_within;
  for (;;) {
    const ReplicaStatus now = members_[index].replica->status();
    const auto self = std::ranges::find(now.members, members_[index].address.id, &MemberStatus::id);
    if (now.serving && self != now.members.end() && self->voter) return {};
    if (std::chrono::steady_clock::now() >= end) {
      return {Code::unknown_outcome,
              "it was added, and does not count yet: " + now.not_serving_because};
    }
    std::this_thread::sleep_for(look_again_after);
  }
}

Status LocalCluster::remove_replica(std::size_t index) {
  if (!temporary_) return keeps_its_members();
  if (index >= members_.size() || members_[index].removed) {
    return {Code::not_found, "there is no such replica"};
  }
  Replica* const other = any_running_but(index);
  if (other == nullptr) return {Code::failed_precondition, "no other replica is running"};
  if (Status removed = other->remove_member(members_[index].address.id); !removed.ok()) {
    return removed;
  }
  members_[index].removed = true;
  return running(index) ? stop(index) : Status();
}

Status LocalCluster::wait_until_equal(std::chrono::milliseconds patience) {
  const auto end = library::end_of(patience);
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
