// Which snapshots a start believes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "replica/testing/snapshot_files.h"

namespace rabia::replica {
namespace {

using testing::Cluster;
using testing::TestClient;

constexpr const char* directory = "data/snapshots";

// A cluster that has taken snapshots, of which replica 0 is down. Different seeds, different
// incarnations.
std::unique_ptr<Cluster> with_snapshots(std::uint64_t seed, int writes) {
  auto cluster =
      std::make_unique<Cluster>(Cluster::Options{.seed = seed, .snapshot_log_bytes = 20000});
  cluster->start_all();
  EXPECT_TRUE(cluster->run_until([&] { return cluster->all_serving(); }));
  for (int i = 0; i < writes; ++i) {
    TestClient& client = cluster->client(0);
    client.write(std::string(1000, 'x'));
    EXPECT_TRUE(cluster->run_until([&] { return client.done(); }));
    client.leave();
  }
  EXPECT_TRUE(cluster->run_until([&] {
    const ReplicaStatus status = cluster->replica(0).status();
    return status.snapshots_taken > 1 && !status.taking_snapshot;
  }));
  cluster->run_for(std::chrono::seconds(1));
  cluster->kill(0);
  return cluster;
}

std::vector<std::string> snapshots_of(Cluster& cluster) {
  return cluster.files(0).list(directory).take();
}

std::string content(Cluster& cluster, const std::string& name) {
  std::string bytes;
  auto file = cluster.files(0).open(io::join_path(directory, name), io::OpenMode::read);
  EXPECT_TRUE(file.ok());
  EXPECT_TRUE(file.value()->read_at(0, 1 << 30, bytes).ok());
  return bytes;
}

void put(Cluster& cluster, const std::string& name, std::string_view bytes) {
  auto file =
      cluster.files(0).open(io::join_path(directory, name), io::OpenMode::create_read_write);
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_TRUE(file.value()->write_at(0, bytes).ok());
}

// Given a snapshot of another incarnation of the same cluster, newer or older than the own ones,
// when the replica starts, then it refuses, says which file it is and what to do; without that file
// it starts.
TEST(SnapshotStart, AnotherIncarnationIsRefused) {
  for (const bool newer : {true, false}) {
    const auto cluster = with_snapshots(1, newer ? 60 : 400);
    const auto other = with_snapshots(2, newer ? 400 : 60);
    const std::string name = snapshots_of(*other).back();
    ASSERT_EQ(name > snapshots_of(*cluster).back(), newer);
    put(*cluster, name, content(*other, name));
    const Status status = cluster->start(0, false);
    EXPECT_EQ(status.code(), Code::failed_precondition) << status.message();
    EXPECT_NE(status.message().find(io::join_path(directory, name) +
                                    " is of another incarnation of cluster 'test'"),
              std::string::npos)
        << status.message();
    EXPECT_NE(status.message().find("move it out"), std::string::npos);
    cluster->files(0).kill_process();
    ASSERT_TRUE(cluster->files(0).remove(io::join_path(directory, name)).ok());
    ASSERT_TRUE(cluster->start(0, false).ok());
    EXPECT_TRUE(cluster->run_until([&] { return cluster->all_serving() && cluster->equal(); }));
  }
}

// Given a snapshot of another cluster, newer or older than the own ones, when the replica starts,
// then it refuses and says so.
TEST(SnapshotStart, AnotherClusterIsRefused) {
  for (const std::uint64_t round : {1ULL, 1000000ULL}) {
    const auto cluster = with_snapshots(1, 60);
    storage::SnapshotHeader header = testing::header_of(round);
    header.cluster_id = "shop";
    const testing::PeerFile file = testing::file_of(header, testing::state_after({"a"}));
    put(*cluster, storage::snapshot_name(round), file.bytes);
    const Status status = cluster->start(0, false);
    EXPECT_EQ(status.code(), Code::failed_precondition) << status.message();
    EXPECT_NE(status.message().find("is of cluster 'shop'"), std::string::npos);
  }
}

// Given a whole snapshot that the machine refuses, newer than the own ones, when the replica
// starts, then it is passed over and counted, and the replica has what it had; later it is removed.
TEST(SnapshotStart, OneThatTheMachineRefusesIsPassedOver) {
  const auto cluster = with_snapshots(1, 60);
  const testing::PeerFile file =
      testing::file_of(testing::header_of(1000000), "not a list of commands");
  put(*cluster, storage::snapshot_name(1000000), file.bytes);
  ASSERT_TRUE(cluster->start(0, false).ok());
  EXPECT_EQ(cluster->replica(0).status().snapshots_damaged, 1U);
  EXPECT_TRUE(cluster->run_until([&] { return cluster->all_serving() && cluster->equal(); }));
  for (int i = 0; i < 60; ++i) {
    TestClient& client = cluster->client(0);
    client.write(std::string(1000, 'y'));
    ASSERT_TRUE(cluster->run_until([&] { return client.done(); }));
  }
  cluster->run_for(std::chrono::seconds(1));
  const auto names = snapshots_of(*cluster);
  EXPECT_EQ(std::count(names.begin(), names.end(), storage::snapshot_name(1000000)), 0);
}

}  // namespace
}  // namespace rabia::replica
