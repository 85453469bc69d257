// Snapshots that somebody asks for.
#include <gtest/gtest.h>

#include <optional>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using testing::Cluster;
using testing::TestClient;

class SnapshotRequest : public ::testing::Test {
 protected:
  void found(Durability durability = Durability::always) {
    cluster_ = std::make_unique<Cluster>(Cluster::Options{.durability = durability});
    cluster_->start_all();
    ASSERT_TRUE(cluster_->run_until([&] { return cluster_->all_serving(); }));
  }
  void write(const std::string& command) {
    TestClient& client = cluster_->client(0);
    client.write(command);
    ASSERT_TRUE(cluster_->run_until([&] { return client.done(); }));
  }
  // Asks replica 0; the answer comes into `answer`.
  void ask(std::optional<Result<SnapshotInfo>>& answer) {
    cluster_->replica(0).take_snapshot([&](const Result<SnapshotInfo>& taken) { answer = taken; });
  }
  Result<SnapshotInfo> take() {
    std::optional<Result<SnapshotInfo>> answer;
    ask(answer);
    if (!cluster_->run_until([&] { return answer.has_value(); })) {
      return {Code::unavailable, "there was no answer"};
    }
    return *answer;
  }

  std::unique_ptr<Cluster> cluster_;
};

// Given writes, when a snapshot is asked for, then its file is there, it holds all of them, and is
// what a restart begins with.
TEST_F(SnapshotRequest, HoldsWhatWasExecutedBefore) {
  found();
  for (int i = 0; i < 10; ++i) write("w" + std::to_string(i));
  const LogPosition before = cluster_->replica(0).status().position;
  const StateDigest digest = cluster_->machine(0).digest();
  const Result<SnapshotInfo> taken = take();
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(taken.value().position, before);
  EXPECT_EQ(taken.value().digest, digest);
  EXPECT_TRUE(cluster_->files(0).exists(taken.value().path).value());
  EXPECT_EQ(cluster_->replica(0).status().snapshot_round, taken.value().round);
  cluster_->cut_power(0);
  ASSERT_TRUE(cluster_->start(0, false).ok());
  EXPECT_EQ(cluster_->replica(0).status().snapshot_round, taken.value().round);
  ASSERT_TRUE(cluster_->run_until([&] { return cluster_->all_serving() && cluster_->equal(); }));
}

// Given a snapshot that is being taken, when another is asked for after more writes, then the next
// one answers, and holds these.
TEST_F(SnapshotRequest, ALaterOneIsServedByTheNextSnapshot) {
  found();
  write("a");
  std::optional<Result<SnapshotInfo>> first;
  std::optional<Result<SnapshotInfo>> second;
  ask(first);
  ASSERT_TRUE(cluster_->run_until([&] { return cluster_->replica(0).status().taking_snapshot; }));
  ASSERT_FALSE(first.has_value());
  TestClient& client = cluster_->client(0);
  client.write("b");
  ASSERT_TRUE(cluster_->run_until([&] { return client.done(); }));
  const LogPosition before = cluster_->replica(0).status().position;
  ask(second);
  ASSERT_TRUE(cluster_->run_until([&] { return second.has_value(); }));
  ASSERT_TRUE(first.has_value() && first->ok() && second->ok());
  EXPECT_LT(first->value().position, before);
  EXPECT_EQ(second->value().position, before);
}

// Given a snapshot of the present state, when one is asked for, then it is that, and none is taken.
TEST_F(SnapshotRequest, TakesNoneOfTheSameStateTwice) {
  found();
  write("a");
  const Result<SnapshotInfo> first = take();
  const Result<SnapshotInfo> second = take();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first.value().round, second.value().round);
  EXPECT_EQ(first.value().checksum, second.value().checksum);
  EXPECT_EQ(cluster_->replica(0).status().snapshots_taken, 1U);
}

// Given nobody who asked, then nothing counts as saved; given an answer, also one for which nothing
// was written, then it does, as of then; a restart finds the file, and counts what came after it.
TEST_F(SnapshotRequest, TellsWhenTheStateWasSaved) {
  found();
  EXPECT_FALSE(cluster_->replica(0).status().saved_at.has_value());
  write("a");
  write("b");
  EXPECT_EQ(cluster_->replica(0).status().commands_since_snapshot, 2U);
  ASSERT_TRUE(take().ok());
  EXPECT_EQ(cluster_->replica(0).status().commands_since_snapshot, 0U);
  EXPECT_TRUE(cluster_->replica(0).status().last_snapshot_took.has_value());
  const auto first = cluster_->replica(0).status().saved_at;
  ASSERT_TRUE(first.has_value());
  cluster_->run_for(std::chrono::seconds(5));
  ASSERT_TRUE(take().ok());
  EXPECT_GE(*cluster_->replica(0).status().saved_at - *first, std::chrono::seconds(5));
  write("c");
  cluster_->kill(0);
  ASSERT_TRUE(cluster_->start(0, false).ok());
  ASSERT_TRUE(cluster_->run_until([&] { return cluster_->all_serving() && cluster_->equal(); }));
  EXPECT_TRUE(cluster_->replica(0).status().saved_at.has_value());
  EXPECT_EQ(cluster_->replica(0).status().commands_since_snapshot, 1U);
}

// Given a full disk, then the answer is what the disk says; given room again, then at once one is
// taken, though the replica would have waited before it tries by itself.
TEST_F(SnapshotRequest, SaysWhatTheDiskSays) {
  found();
  write("a");
  cluster_->files(0).set_capacity(0);
  EXPECT_EQ(take().status().code(), Code::exhausted);
  EXPECT_EQ(cluster_->replica(0).status().snapshots_failed, 1U);
  cluster_->files(0).set_capacity(UINT64_MAX);
  const base::Instant asked_at = cluster_->executor().now();
  EXPECT_TRUE(take().ok());
  EXPECT_LT(cluster_->executor().now() - asked_at, std::chrono::seconds(1));
}

// Given a replica without a disk, then it says so at once.
TEST_F(SnapshotRequest, IsRefusedInModeMemory) {
  found(Durability::memory);
  std::optional<Result<SnapshotInfo>> answer;
  ask(answer);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status().code(), Code::failed_precondition);
}

// Given a replica that waits for the others before it founds a cluster, then it says so in bounded
// time; given one that stops, then at once.
TEST_F(SnapshotRequest, DoesNotWaitForEver) {
  cluster_ = std::make_unique<Cluster>(Cluster::Options{});
  ASSERT_TRUE(cluster_->start(0, true).ok());
  const Status refused = take().status();
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_NE(refused.message().find("not founded"), std::string::npos) << refused.message();
  std::optional<Result<SnapshotInfo>> answer;
  ask(answer);
  ASSERT_TRUE(cluster_->close(0).ok());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status().code(), Code::unavailable);
}

// Given a replica without the others, when a snapshot is asked for, then it takes one of what it
// has.
TEST_F(SnapshotRequest, NeedsNoQuorum) {
  found();
  write("a");
  cluster_->isolate(0);
  cluster_->run_for(std::chrono::seconds(2));
  ASSERT_FALSE(cluster_->replica(0).status().serving);
  EXPECT_TRUE(take().ok());
}

}  // namespace
}  // namespace rabia::replica
