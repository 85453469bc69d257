#include "rabia/local_cluster.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <set>

#include "library/testing/note_cluster.h"

namespace rabia {
namespace {

using testing::notes_of;
using testing::open_cluster;

// Given three replicas, when commands are submitted at each, then all execute all of them in one
// order, and a read at any sees what was answered at another.
TEST(LocalCluster, AllReplicasExecuteTheSame) {
  const auto cluster = open_cluster();
  for (int i = 0; i < 30; ++i) {
    const std::size_t at = static_cast<std::size_t>(i) % 3;
    const Replica::Reply reply = cluster->replica(at).submit(std::to_string(i)).get();
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_EQ(reply.value(), std::to_string(i + 1));
    ASSERT_EQ(notes_of(*cluster, (at + 1) % 3).size(), static_cast<std::size_t>(i) + 1);
  }
  ASSERT_TRUE(cluster->wait_until_equal().ok());
  EXPECT_EQ(notes_of(*cluster, 0), notes_of(*cluster, 2));
}

// Given many commands under way from many threads, then each is executed once, and each `done` is
// called once.
TEST(LocalCluster, EachCommandIsExecutedOnce) {
  const auto cluster = open_cluster();
  constexpr int threads = 4;
  constexpr int commands = 500;
  std::latch answered(threads * commands);
  std::atomic<int> failed = 0;
  std::vector<std::thread> submitting;
  for (int thread = 0; thread < threads; ++thread) {
    submitting.emplace_back([&, thread] {
      for (int i = 0; i < commands; ++i) {
        const std::size_t at = static_cast<std::size_t>(thread + i) % 3;
        cluster->replica(at).submit(std::to_string(thread) + "/" + std::to_string(i),
                                    [&](const Replica::Reply& reply) {
                                      if (!reply.ok()) ++failed;
                                      answered.count_down();
                                    });
      }
    });
  }
  for (std::thread& each : submitting) each.join();
  answered.wait();
  EXPECT_EQ(failed, 0);
  const std::vector<std::string> notes = notes_of(*cluster, 1);
  EXPECT_EQ(notes.size(), std::size_t{threads} * commands);
  EXPECT_EQ(std::set(notes.begin(), notes.end()).size(), notes.size());
}

// Given a minority that stops and comes back, then the others go on, and it has everything again;
// without a quorum commands fail, and nothing that was refused is executed.
TEST(LocalCluster, GoesOnWithoutAMinority) {
  const auto cluster = open_cluster();
  ASSERT_TRUE(cluster->replica(0).submit("a").get().ok());
  ASSERT_TRUE(cluster->stop(2).ok());
  EXPECT_FALSE(cluster->running(2));
  ASSERT_TRUE(cluster->replica(1).submit("b").get().ok());
  ASSERT_TRUE(cluster->start(2).ok());
  EXPECT_EQ(notes_of(*cluster, 2), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(cluster->wait_until_equal().ok());
}

// Given a cluster on disk that is stopped as a whole, when it is opened again, then it has what it
// had.
TEST(LocalCluster, GoesOnWithItsDirectory) {
  const std::filesystem::path directory =
      std::filesystem::path(::testing::TempDir()) / "local_cluster_test";
  std::filesystem::remove_all(directory);
  const LocalClusterOptions options{.data_directory = directory.string(),
                                    .durability = Durability::os};
  {
    const auto cluster = open_cluster(options);
    ASSERT_TRUE(cluster->replica(0).submit("kept").get().ok());
    ASSERT_TRUE(cluster->replica(1).take_snapshot().ok());
    ASSERT_TRUE(cluster->replica(0).submit("and this").get().ok());
  }
  {
    const auto cluster = open_cluster(options);
    EXPECT_EQ(notes_of(*cluster, 1), (std::vector<std::string>{"kept", "and this"}));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace rabia
