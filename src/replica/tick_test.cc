// Whole replicas whose machines wait for time to come. protocol.md, section 17.
#include <gtest/gtest.h>

#include <string>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Given a replica whose machine waits for a time that has come, and whose disk stands still, so
// that it can propose nothing, then it does not try again and again without an end: its core thread
// took all of a processor until the disk answered. Found by the simulator (seed 160).
TEST(Ticks, DoNotSpinWhileNothingCanBeProposed) {
  testing::Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  testing::TestClient& client = cluster.client(1);
  cluster.stall_disk(0, seconds(10));
  client.write("before");
  cluster.run_for(seconds(2));  // By now the disk counts as behind.
  cluster.machine(0).wait_for({1});
  client.write("behind");
  const base::Instant end = cluster.executor().now() + seconds(2);
  std::uint64_t steps = 0;
  while (cluster.executor().now() < end && steps < 100'000 && cluster.executor().step()) ++steps;
  EXPECT_LT(steps, 100'000U);
  EXPECT_TRUE(client.done());
}

}  // namespace
}  // namespace rabia::replica
