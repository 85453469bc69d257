// Snapshots and power failures: whatever has a snapshot's name is a whole one, always.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "storage/snapshot_incoming.h"
#include "storage/testing/snapshot_world.h"

namespace rabia::storage {
namespace {

using testing::finish;
using testing::header_of;
using testing::read_snapshot;
using testing::snapshots;
using testing::SnapshotWorld;
using testing::state_of;
using testing::write_snapshot;

// A few chunks, and more than is written between two syncs.
std::string state_of_round(std::uint64_t round) {
  return state_of(round, snapshot_chunk_bytes * 2 + round);
}

// Opens the directory after a crash: every snapshot there is whole, and has its state.
void expect_whole(SnapshotWorld& world, std::uint64_t must_have) {
  const auto directory = world.directory();
  ASSERT_TRUE(directory.ok()) << directory.status().message();
  const std::vector<std::uint64_t> rounds = directory.value().list().value();
  ASSERT_TRUE(std::find(rounds.begin(), rounds.end(), must_have) != rounds.end());
  for (const std::uint64_t round : rounds) {
    const Result<std::string> state = read_snapshot(world.files, SnapshotWorld::path(round));
    ASSERT_TRUE(state.ok()) << state.status().message();
    ASSERT_TRUE(state.value() == state_of_round(round)) << round;
  }
  for (const std::string& name : world.names()) {
    ASSERT_FALSE(is_unfinished_snapshot_name(name));
  }
}

// Given an older snapshot, when power fails before each single change of the disk while the next
// one is written, of the same or a later round, then the old one or the whole new one is there, and
// the new one once it was reported; also when the power fails once more while the directory is
// opened.
TEST(SnapshotCrash, AWriterLeavesTheOldOrTheWholeNewSet) {
  std::uint64_t reported = 0;
  for (const std::uint64_t round : {5U, 6U}) {
    for (std::uint64_t changes = 0; changes < 11; ++changes) {
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        SnapshotWorld world;
        ASSERT_TRUE(write_snapshot(world.files, header_of(5), state_of_round(5), 0).ok());
        base::Random random(seed);
        world.files.halt_after(changes);
        const bool finished =
            write_snapshot(world.files, header_of(round), state_of_round(round), 3, seed).ok();
        world.power_cut(random);
        world.files.halt_after(random.below(4));
        (void)world.directory();
        world.power_cut(random);
        expect_whole(world, finished ? round : 5);
        if (HasFailure()) FAIL() << round << " " << changes << " " << seed;
        reported += finished ? 1 : 0;
      }
    }
  }
  EXPECT_GT(reported, 20U);
}

// Given snapshots, when power fails before each change while old ones are removed one by one, then
// the newest is there, and those whose removal was reported are not.
TEST(SnapshotCrash, RemovalNeverTakesTheNewest) {
  for (std::uint64_t changes = 0; changes <= 6; ++changes) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SnapshotWorld world;
      for (std::uint64_t round = 1; round <= 4; ++round) {
        ASSERT_TRUE(write_snapshot(world.files, header_of(round), state_of_round(round), 0).ok());
      }
      SnapshotDirectory directory = world.directory().take();
      world.files.halt_after(changes);
      std::uint64_t removed = 0;
      while (removed < 3 && directory.remove(removed + 1).ok()) ++removed;
      EXPECT_EQ(removed, changes / 2);  // A name, a sync.
      base::Random random(seed);
      world.power_cut(random);
      expect_whole(world, 4);
      EXPECT_LE(world.names().size(), 4 - removed);
    }
  }
}

// A peer with one snapshot, and a replica that fetches it through many deaths.
class Fetch {
 public:
  explicit Fetch(std::uint64_t seed) : random_(seed) {
    SnapshotWorld peer;
    id_ = write_snapshot(peer.files, header_of(9), state_of_round(9), 3).value();
    bytes_ = peer.content(SnapshotWorld::path(9));
    EXPECT_TRUE(write_snapshot(world_.files, header_of(5), state_of_round(5), 3).ok());
  }

  // Lives until the snapshot is there; one life more shows that it stays.
  void run() {
    for (int life = 0; life < 200 && !finished_ && !::testing::Test::HasFailure(); ++life) {
      world_.files.halt_after(random_.below(25));
      if (random_.chance(20)) world_.disk.fail_sync(1 + random_.below(2));
      if (random_.chance(20)) world_.disk.fail_write(1 + random_.below(12));
      live();
      die();
      world_.disk.fail_sync(0);  // None any more.
      world_.disk.fail_write(0);
      expect_whole(world_, finished_ ? 9 : 5);
    }
    EXPECT_TRUE(finished_);
  }

 private:
  void live() {
    auto incoming = IncomingSnapshot::begin(world_.files, snapshots, id_);
    if (!incoming.ok()) {
      ASSERT_NE(incoming.status().code(), Code::corrupted);
      return;
    }
    while (incoming.value()->offset() < bytes_.size()) {
      const std::uint64_t offset = incoming.value()->offset();
      const std::string_view part =
          std::string_view(bytes_).substr(offset, 1 + random_.below(60000));
      if (!incoming.value()->add(offset, part).ok()) return;
    }
    const Status status = finish(*incoming.value());
    ASSERT_NE(status.code(), Code::corrupted) << status.message();
    finished_ = status.ok();
  }
  void die() {
    if (random_.chance(40)) {
      world_.disk.kill_process();
      world_.files.run();
    } else {
      world_.power_cut(random_);
    }
  }

  base::Random random_;
  SnapshotWorld world_;
  SnapshotId id_;
  std::string bytes_;
  bool finished_ = false;
};

// Given a snapshot that comes in parts, when the process or the machine dies at any change, and
// writes and syncs fail, again and again, then in the end it is there, and never anything else
// under its name.
TEST(SnapshotCrash, AFetchSurvivesAnyDeaths) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Fetch(seed).run();
    if (HasFailure()) return;
  }
}

// Given all of a snapshot, when power fails before each single change from its last part on, then
// the old set is there, or that and the whole new one.
TEST(SnapshotCrash, AFetchEndsWholeOrNotAtAll) {
  SnapshotWorld peer;
  const SnapshotId id = write_snapshot(peer.files, header_of(9), state_of_round(9), 3).value();
  const std::string bytes = peer.content(SnapshotWorld::path(9));
  for (std::uint64_t changes = 0; changes < 6; ++changes) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SnapshotWorld world;
      ASSERT_TRUE(write_snapshot(world.files, header_of(5), state_of_round(5), 3).ok());
      auto incoming = IncomingSnapshot::begin(world.files, snapshots, id).take();
      ASSERT_TRUE(incoming->add(0, std::string_view(bytes).substr(0, 100000)).value());
      world.files.halt_after(changes);
      (void)incoming->add(100000, std::string_view(bytes).substr(100000));
      const bool finished = finish(*incoming).ok();
      EXPECT_EQ(finished, changes >= 4) << changes;  // Write, sync, rename, sync.
      base::Random random(seed);
      world.power_cut(random);
      expect_whole(world, finished ? 9 : 5);
    }
  }
}

// Given a sync that failed while parts came, when the process dies and the next one goes on with
// what the operating system still shows, then all of the snapshot is on the disk once it has its
// name: a sync alone would have left that out.
TEST(SnapshotCrash, WhatAFailedSyncLeftOutIsWrittenAgain) {
  SnapshotWorld peer;
  const SnapshotId id = write_snapshot(peer.files, header_of(9), state_of_round(9), 0).value();
  const std::string bytes = peer.content(SnapshotWorld::path(9));
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SnapshotWorld world;
    auto incoming = IncomingSnapshot::begin(world.files, snapshots, id).take();
    ASSERT_TRUE(incoming->add(0, bytes).value());
    world.disk.fail_sync(1);
    EXPECT_EQ(finish(*incoming).code(), Code::io_error);
    EXPECT_EQ(finish(*incoming).code(), Code::io_error);
    EXPECT_FALSE(world.disk.exists(SnapshotWorld::path(9)).value());
    world.disk.kill_process();
    incoming = IncomingSnapshot::begin(world.files, snapshots, id).take();
    EXPECT_EQ(incoming->offset(), bytes.size());
    ASSERT_TRUE(finish(*incoming).ok());
    base::Random random(seed);
    world.power_cut(random);
    expect_whole(world, 9);
  }
}

}  // namespace
}  // namespace rabia::storage
