// When the log asks for a snapshot.
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using testing::Cluster;
using testing::TestClient;

// Given a state that is larger than snapshot_log_bytes, then a snapshot is taken when as much was
// written as the last one has, and not sooner: this state grows with all that is written, so each
// one is twice the one before.
TEST(SnapshotPace, FollowsTheSizeOfTheState) {
  Cluster cluster({.snapshot_log_bytes = 4000});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  base::Random random(1);
  for (int i = 0; i < 300; ++i) {
    std::string command(1000, '\0');
    for (char& byte : command) byte = static_cast<char>(random.next());
    TestClient& client = cluster.client(0);
    client.write(command);
    ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
    client.leave();
  }
  // At 4, 8, 16, … up to 256 KB; one for each 4 KB would be 75.
  EXPECT_GE(cluster.replica(0).status().snapshots_taken, 5U);
  EXPECT_LE(cluster.replica(0).status().snapshots_taken, 9U);
}

// Given a replica that has written more than another rule allows, when it is given that rule, then
// it takes a snapshot although nothing more is written; and by time likewise.
TEST(SnapshotPace, AnotherRuleIsInForceAtOnce) {
  for (const SnapshotRule& rule :
       {SnapshotRule{.log_bytes = 1000}, SnapshotRule{.every = std::chrono::milliseconds(100)}}) {
    Cluster cluster({});
    cluster.start_all();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
    TestClient& client = cluster.client(0);
    client.write(std::string(2000, 'v'));
    ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
    EXPECT_EQ(cluster.replica(0).status().snapshots_taken, 0U);
    cluster.replica(0).set_snapshot_rule(rule);
    EXPECT_TRUE(
        cluster.run_until([&] { return cluster.replica(0).status().snapshots_taken == 1; }));
    EXPECT_EQ(cluster.replica(1).status().snapshots_taken, 0U);
    client.leave();
  }
}

}  // namespace
}  // namespace rabia::replica
