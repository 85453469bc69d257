// Snapshots given to peers: to those that ask too much, and from files that are damaged.
#include "replica/snapshot_giver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/log.h"
#include "replica/testing/snapshot_files.h"

namespace rabia::replica {
namespace {

using consensus::SnapshotName;
using storage::testing::SnapshotWorld;
using testing::file_of;
using testing::header_of;
using testing::PeerFile;

constexpr std::size_t part_bytes = 1000;

// Counts jobs, each of which takes a millisecond.
class CountingWorker final : public io::Worker {
 public:
  explicit CountingWorker(io::testing::ManualExecutor& executor)
      : below_(executor.make_worker(std::chrono::milliseconds(1))) {}
  void run(io::Task job, io::Task done) override {
    ++jobs;
    below_->run(std::move(job), std::move(done));
  }
  int jobs = 0;

 private:
  std::unique_ptr<io::Worker> below_;
};

// A replica with one snapshot, of round 7.
class SnapshotGiverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    io::set_log_sink([](io::Level, std::string_view) {});
    world_.put(SnapshotWorld::path(7), file_.bytes);
  }
  void TearDown() override { io::set_log_sink({}); }

  void ask(std::uint16_t peer, std::uint64_t offset) { ask(peer, file_.name, offset); }
  void ask(std::uint16_t peer, const SnapshotName& name, std::uint64_t offset) {
    giver_.asked({peer}, {name, offset});
  }
  void complain(std::uint16_t peer) { ask(peer, file_.name.bytes); }
  void run() { executor_.run_for(std::chrono::seconds(10)); }

  io::testing::ManualExecutor executor_;
  CountingWorker worker_{executor_};
  SnapshotWorld world_;
  Jobs jobs_{worker_};
  PeerFile file_ = file_of(header_of(7), std::string(20000, 's'));
  bool has_ = true;
  std::vector<Status> damaged_;
  std::map<std::uint16_t, std::vector<consensus::message::SnapshotPart>> given_;
  SnapshotGiver giver_{
      world_.files,
      storage::testing::snapshots,
      part_bytes,
      jobs_,
      {.send =
           [this](ReplicaId to, const consensus::Message& message) {
             given_[to.value].push_back(std::get<consensus::message::SnapshotPart>(message));
           },
       .has = [this](const SnapshotName& name) { return has_ && name == file_.name; },
       .damaged =
           [this](const SnapshotName& name, const Status& why) {
             EXPECT_EQ(name, file_.name);
             damaged_.push_back(why);
             has_ = false;
           }}};
};

// Given a peer that asks for part after part, when all have come, then together they are the file.
TEST_F(SnapshotGiverTest, GivesTheFileInParts) {
  std::string bytes;
  while (bytes.size() < file_.bytes.size()) {
    ask(2, bytes.size());
    run();
    const auto& part = given_[2].back();
    EXPECT_EQ(part.snapshot, file_.name);
    EXPECT_EQ(part.offset, bytes.size());
    EXPECT_LE(part.bytes.size(), part_bytes);
    ASSERT_GT(part.bytes.size(), 0U);
    bytes += part.bytes.view();
  }
  EXPECT_TRUE(bytes == file_.bytes);
}

// Given a peer that asks ten thousand times at once, and another that asks once, when the first
// job is done, then the first peer has cost two jobs, and its latest ask was answered; the other
// one has its part. When it asks again and again, then it has one part under way at any time.
TEST_F(SnapshotGiverTest, APeerThatAsksWithoutEndHasOnePartUnderWay) {
  for (std::uint64_t i = 0; i < 10000; ++i) ask(2, i);
  ask(3, 5000);
  EXPECT_EQ(worker_.jobs, 2);
  run();
  EXPECT_EQ(worker_.jobs, 3);
  ASSERT_EQ(given_[2].size(), 2U);
  EXPECT_EQ(given_[2][0].offset, 0U);
  EXPECT_EQ(given_[2][1].offset, 9999U);
  EXPECT_EQ(given_[3].size(), 1U);
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 100; ++i) ask(2, 77);
    executor_.run_for(std::chrono::microseconds(100));
  }
  run();
  EXPECT_LE(worker_.jobs, 3 + 10 + 2);
  EXPECT_EQ(given_[2].size() + 1, static_cast<std::size_t>(worker_.jobs));
}

// Given an ask for a snapshot that is not there, or is another one by now, when it comes, then the
// answer is empty.
TEST_F(SnapshotGiverTest, SaysThatItHasItNoLonger) {
  ask(2, {{8}, 100, 5}, 0);
  ask(2, {{8}, 100, 5}, 100);
  world_.put(SnapshotWorld::path(7), file_of(header_of(7), "another state").bytes);
  ask(2, 0);
  run();
  ASSERT_EQ(given_[2].size(), 3U);
  for (const auto& part : given_[2]) EXPECT_EQ(part.bytes.size(), 0U);
  EXPECT_TRUE(damaged_.empty());
}

// Given a file that cannot be opened, when it is asked for, then the answer is empty, and it counts
// as damaged.
TEST_F(SnapshotGiverTest, WhatCannotBeReadIsDamaged) {
  world_.disk.flip_bit(SnapshotWorld::path(7), 0);
  ask(2, 0);
  run();
  ASSERT_EQ(given_[2].size(), 1U);
  EXPECT_EQ(given_[2][0].bytes.size(), 0U);
  ASSERT_EQ(damaged_.size(), 1U);
}

// Given a file that is damaged inside, when a peer that has taken it complains, then it is looked
// through, counts as damaged, and is not given any more.
TEST_F(SnapshotGiverTest, AComplaintFindsTheDamage) {
  world_.disk.flip_bit(SnapshotWorld::path(7), (file_.bytes.size() / 2) * 8);
  ask(2, 0);
  run();
  EXPECT_GT(given_[2].at(0).bytes.size(), 0U);
  EXPECT_TRUE(damaged_.empty());
  complain(2);
  run();
  ASSERT_EQ(damaged_.size(), 1U);
  EXPECT_EQ(damaged_[0].code(), Code::corrupted);
  ask(2, 0);
  run();
  EXPECT_EQ(given_[2].back().bytes.size(), 0U);
}

// Given a file that is right, when peers complain of it again and again, then it is looked through
// once, and goes on being given.
TEST_F(SnapshotGiverTest, AnUntrueComplaintCostsOneLook) {
  for (int i = 0; i < 100; ++i) {
    complain(2);
    run();
  }
  complain(3);
  run();
  EXPECT_EQ(worker_.jobs, 1);
  EXPECT_TRUE(damaged_.empty());
  EXPECT_TRUE(given_.empty());
  ask(2, 0);
  run();
  EXPECT_GT(given_[2].at(0).bytes.size(), 0U);
}

// Given a large file that is looked through, when the replica stops, then it need not be waited for
// longer than a chunk takes, and the file does not count as damaged.
TEST_F(SnapshotGiverTest, StopsLookingThroughAFile) {
  file_ = file_of(header_of(7), std::string(5000000, 's'));
  world_.put(SnapshotWorld::path(7), file_.bytes);
  int reads = 0;
  world_.files.on_access([&] {
    if (++reads == 10) jobs_.stop();
  });
  complain(2);
  run();
  EXPECT_GE(reads, 10);
  EXPECT_LE(reads, 13);
  EXPECT_TRUE(damaged_.empty());
  world_.files.on_access({});
}

// Given a replica that needs a snapshot, and a single peer to give one, whose file is damaged, in a
// cluster in which nobody writes, when the file was taken and refused, then the peer takes a new
// one without delay, and that brings the replica back.
TEST(SnapshotGiver, ADamagedSnapshotIsReplacedAndBringsAReplicaBack) {
  testing::Cluster cluster({.segment_bytes = 16 << 10, .snapshot_log_bytes = 20000});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  cluster.kill(2);
  for (int i = 0; i < 300; ++i) {
    testing::TestClient& client = cluster.client(0);
    client.write(std::string(1000, 'x'));
    ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
    client.leave();
  }
  cluster.run_for(std::chrono::seconds(1));
  cluster.kill(1);
  const std::string path = io::join_path(
      "data/snapshots", storage::snapshot_name(cluster.replica(0).status().snapshot_round));
  auto file = cluster.files(0).open(path, io::OpenMode::read);
  ASSERT_TRUE(file.ok());
  cluster.files(0).flip_bit(path, file.value()->size().value() / 2 * 8);
  const std::uint64_t taken = cluster.replica(0).status().snapshots_taken;
  ASSERT_TRUE(cluster.start(2, false).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); },
                                std::chrono::seconds(10)))
      << cluster.describe();
  EXPECT_EQ(cluster.replica(0).status().snapshots_taken, taken + 1);
  EXPECT_EQ(cluster.replica(2).status().snapshots_installed, 1U);
}

}  // namespace
}  // namespace rabia::replica
