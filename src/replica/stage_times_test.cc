// What a replica measures of its work.
#include "replica/stage_times.h"

#include <gtest/gtest.h>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using std::chrono::milliseconds;
using testing::Cluster;
using testing::TestClient;

base::Duration mean(const base::DurationHistogram& histogram) {
  if (histogram.count() == 0) return {};
  return histogram.sum() / static_cast<std::int64_t>(histogram.count());
}

// Given writes one after the other, then each batch is measured once in every stage, a write to the
// log takes what the disk takes, and the stages make up the whole.
TEST(StageTimes, TheStagesOfABatchMakeUpItsCommit) {
  Cluster cluster({.sync_takes = milliseconds(2)});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  TestClient& client = cluster.client(0);
  for (int i = 0; i < 20; ++i) {
    client.write("w");
    ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
  }
  const StageTimes& times = cluster.replica(0).stage_times();
  EXPECT_EQ(times.commit.count(), 20U);
  EXPECT_EQ(times.queue.count(), 20U);
  EXPECT_EQ(times.replicate.count(), 20U);
  EXPECT_EQ(times.execute.count(), 20U);
  EXPECT_GE(times.log_write.count(), 20U);
  EXPECT_GE(mean(times.log_write), milliseconds(2));
  EXPECT_LT(mean(times.log_write), milliseconds(5));
  EXPECT_GE(mean(times.replicate), milliseconds(2));
  EXPECT_EQ(times.commit.sum(), times.queue.sum() + times.replicate.sum() + times.execute.sum());
  EXPECT_EQ(cluster.replica(1).stage_times().commit.count(), 0U);
  EXPECT_GT(times.step.count(), 20U);
}

// Given reads alone, then what they waited for the barrier is measured, once for those that shared
// it.
TEST(StageTimes, ReadsAreMeasuredByTheirBarrier) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  TestClient& client = cluster.client(0);
  for (int i = 0; i < 10; ++i) client.read();
  ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
  const StageTimes& times = cluster.replica(0).stage_times();
  EXPECT_EQ(times.read_barrier.count(), 1U);
  EXPECT_GT(times.read_barrier.sum(), base::Duration{});
  EXPECT_EQ(times.commit.count(), 0U);
}

// Given a replica whose network stalls again and again while another one writes, then that one says
// of its lane, and of no other, that it waited for it and trusts it less.
TEST(StageTimes, WhoIsWaitedForIsSeen) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  TestClient& client = cluster.client(0);
  for (int stall = 0; stall < 5; ++stall) {
    cluster.isolate(2);
    for (int i = 0; i < 20; ++i) {
      client.write("w");
      cluster.run_for(milliseconds(5));
    }
    cluster.heal(2);
    cluster.run_for(milliseconds(5));
  }
  ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
  const ReplicaStatus status = cluster.replica(0).status();
  ASSERT_EQ(status.peers.size(), 2U);
  EXPECT_EQ(status.peers[0].waits, 0U);
  EXPECT_EQ(status.peers[0].trust_interval, 1U);
  EXPECT_GT(status.peers[1].waits, 0U);
  EXPECT_GE(status.peers[1].forfeits, status.peers[1].waits);
  EXPECT_GT(status.peers[1].trust_interval, 1U);
  EXPECT_GT(status.peers[1].zeros_ahead, 0U);
  EXPECT_GT(status.peers[1].patience, base::Duration{});
  EXPECT_GT(status.peers[1].bytes_sent, 0U);
  EXPECT_EQ(status.peers[1].connects, 1U);
}

}  // namespace
}  // namespace rabia::replica
