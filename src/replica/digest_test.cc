// Whole replicas of which one's state silently becomes another one. docs/architecture.md,
// "Digests".
#include <gtest/gtest.h>

#include <string>

#include "replica/testing/cluster.h"
#include "storage/divergence.h"

namespace rabia::replica {
namespace {

using std::chrono::seconds;
using testing::Cluster;
using testing::TestClient;
using Kind = TestClient::Answer::Kind;

class DigestTest : public ::testing::Test {
 protected:
  void found(const Cluster::Options& options) {
    cluster_.emplace(options);
    cluster_->start_all();
    ASSERT_TRUE(cluster_->run_until([&] { return cluster_->all_serving(); }));
  }
  // One after the other, each a batch of its own.
  void write(std::size_t at, int count) {
    for (int i = 0; i < count; ++i) {
      TestClient& client = cluster_->client(at);
      client.write("w");
      ASSERT_TRUE(cluster_->run_until([&] { return client.done(); }));
      ASSERT_EQ(client.count(Kind::executed), 1U);
    }
  }
  [[nodiscard]] bool stopped(std::size_t at) { return !cluster_->stopped(at).ok(); }
  [[nodiscard]] bool stops(std::size_t at) {
    return cluster_->run_until([&] { return stopped(at); }, seconds(10));
  }
  [[nodiscard]] std::string reason(std::size_t at) { return cluster_->stopped(at).message(); }
  [[nodiscard]] bool marked(std::size_t at) {
    return storage::has_diverged(cluster_->files(at), "data").value();
  }

  std::optional<Cluster> cluster_;
};

// Given healthy replicas, when they have executed and all is quiet, then each has seen the others
// equal at its own position, and none differs.
TEST_F(DigestTest, HealthyReplicasAgreeAtTheirLastPosition) {
  found({.replicas = 5});
  for (std::size_t i = 0; i < 5; ++i) write(i, 3);
  cluster_->run_for(seconds(3));
  for (std::size_t i = 0; i < 5; ++i) {
    const ReplicaStatus status = cluster_->replica(i).status();
    EXPECT_EQ(status.position.value, 15U);
    EXPECT_EQ(status.digest, cluster_->machine(i).digest());
    EXPECT_EQ(status.digest_agrees, status.position);
    EXPECT_FALSE(status.digest_differs);
    for (const PeerStatus& peer : status.peers) {
      EXPECT_EQ(peer.digest_agrees, status.position);
      EXPECT_EQ(peer.digest_differs.value, 0U);
    }
  }
}

// Given three replicas, when one misapplies a command, then it stops, says from whom it differs
// since when, and marks its directory; the others name it, and go on.
TEST_F(DigestTest, TheReplicaThatDiffersFromAMajorityStops) {
  found({});
  write(0, 5);
  cluster_->run_for(seconds(3));
  cluster_->machine(1).misapply_next();
  write(0, 1);
  ASSERT_TRUE(stops(1)) << cluster_->describe();
  EXPECT_EQ(cluster_->stopped(1).code(), Code::failed_precondition);
  EXPECT_NE(reason(1).find("differs from that of 2 of the 2 other members"), std::string::npos);
  for (const char* member : {"member 1", "member 3"}) {
    EXPECT_NE(reason(1).find(member + std::string(" since batch 6 (equal at 5)")),
              std::string::npos)
        << reason(1);
  }
  EXPECT_NE(reason(1).find("--rejoin"), std::string::npos);
  EXPECT_TRUE(marked(1));
  for (const std::size_t healthy : {std::size_t{0}, std::size_t{2}}) {
    cluster_->run_for(seconds(1));
    EXPECT_FALSE(stopped(healthy)) << reason(healthy);
    const ReplicaStatus status = cluster_->replica(healthy).status();
    EXPECT_TRUE(status.digest_differs);
    for (const PeerStatus& peer : status.peers) {
      EXPECT_EQ(peer.digest_differs.value, peer.id == ReplicaId{2} ? 6U : 0U);
    }
    write(healthy, 1);
  }
}

// Given a replica that has stopped so, then what is still submitted there is refused at once, and a
// read is not answered from its state.
TEST_F(DigestTest, AReplicaThatStoppedSoAnswersNobody) {
  found({});
  TestClient& client = cluster_->client(1);
  cluster_->machine(1).misapply_next();
  write(0, 1);
  ASSERT_TRUE(stops(1));
  EXPECT_FALSE(cluster_->replica(1).status().serving);
  for (int i = 0; i < 3; ++i) {
    client.write("late");
    client.read();
  }
  ASSERT_TRUE(cluster_->run_until([&] { return client.done(); }, seconds(1)));
  EXPECT_EQ(client.count(Kind::not_executed), 6U);
}

// Given a marked directory, when its replica is started, then it is refused with the same advice;
// who clears the mark may start it.
TEST_F(DigestTest, AMarkedDirectoryIsRefusedUntilTheMarkIsCleared) {
  found({});
  write(0, 3);
  cluster_->machine(1).misapply_next();
  write(0, 1);
  ASSERT_TRUE(stops(1));
  cluster_->kill(1);
  cluster_->files(1).crash(cluster_->random());
  const Status refused = cluster_->start(1, true);
  EXPECT_EQ(refused.code(), Code::corrupted);
  EXPECT_NE(refused.message().find("data/DIVERGED"), std::string::npos) << refused.message();
  EXPECT_NE(refused.message().find("--rejoin"), std::string::npos);
  ASSERT_TRUE(storage::clear_divergence(cluster_->files(1), "data").ok());
  // Only its memory was wrong here: its log leads to the right state.
  ASSERT_TRUE(cluster_->start(1, false).ok());
  ASSERT_TRUE(cluster_->run_until([&] { return cluster_->all_serving() && cluster_->equal(); }));
  write(1, 1);
  cluster_->run_for(seconds(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(cluster_->replica(i).status().digest_differs);
  }
}

TEST_F(DigestTest, InModeMemoryItStopsWithoutAMark) {
  found({.durability = Durability::memory});
  cluster_->machine(2).misapply_next();
  write(0, 1);
  ASSERT_TRUE(stops(2));
  EXPECT_NE(reason(2).find("differs"), std::string::npos);
  EXPECT_FALSE(cluster_->files(2).exists("data/DIVERGED").value());
  write(0, 1);
}

// Given two replicas that differ, then nobody can say which is right: both stop.
TEST_F(DigestTest, OfTwoThatDifferBothStop) {
  found({.replicas = 2});
  cluster_->machine(1).misapply_next();
  write(0, 1);
  EXPECT_TRUE(stops(0));
  EXPECT_TRUE(stops(1));
}

// Given two that differ while the third is down, then both go on, for either may be right; when the
// third is back and has caught up from their logs, the odd one stops.
TEST_F(DigestTest, TwoThatDifferWaitForTheThird) {
  found({});
  write(0, 2);
  cluster_->kill(2);
  cluster_->machine(1).misapply_next();
  write(0, 3);
  cluster_->run_for(seconds(5));
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_FALSE(stopped(i)) << reason(i);
    EXPECT_TRUE(cluster_->replica(i).status().digest_differs);
    EXPECT_TRUE(cluster_->replica(i).status().serving);
  }
  ASSERT_TRUE(cluster_->start(2, false).ok());
  ASSERT_TRUE(stops(1));
  cluster_->run_for(seconds(3));
  EXPECT_FALSE(stopped(0)) << reason(0);
  EXPECT_FALSE(stopped(2)) << reason(2);
}

// Given a replica that is cut off before it has said the digest of what it misapplied, when the
// link is back and nobody writes any more, then it is found all the same: who connects is told.
TEST_F(DigestTest, ADifferenceIsFoundThoughNobodyWritesAnyMore) {
  found({});
  write(0, 1);  // Said at once; what comes now is said a second later.
  cluster_->machine(2).misapply_next();
  write(0, 1);
  ASSERT_TRUE(cluster_->run_until([&] { return cluster_->machine(2).commands().size() == 2; }));
  cluster_->isolate(2);
  cluster_->run_for(seconds(5));
  EXPECT_FALSE(stopped(2)) << reason(2);
  cluster_->heal(2);
  EXPECT_TRUE(stops(2)) << cluster_->describe();
  EXPECT_FALSE(stopped(0)) << reason(0);
  EXPECT_FALSE(stopped(1)) << reason(1);
}

}  // namespace
}  // namespace rabia::replica
