// Snapshots that somebody reads, part by part, while newer ones are taken.
#include <gtest/gtest.h>

#include <optional>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using std::chrono::seconds;
using testing::Cluster;
using testing::TestClient;

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.start_all();
    ASSERT_TRUE(cluster_.run_until([&] { return cluster_.all_serving(); }));
  }
  // At the given replica.
  void write(std::size_t index, const std::string& command) {
    TestClient& client = cluster_.client(index);
    client.write(command);
    ASSERT_TRUE(cluster_.run_until([&] { return client.done(); }));
    client.leave();
  }
  SnapshotInfo take(std::size_t index = 0) {
    std::optional<Result<SnapshotInfo>> answer;
    cluster_.replica(index).take_snapshot(
        [&](const Result<SnapshotInfo>& taken) { answer = taken; });
    EXPECT_TRUE(cluster_.run_until([&] { return answer && answer->ok(); }));
    return answer->value();
  }
  Result<Backup> begin() {
    std::optional<Result<Backup>> answer;
    cluster_.replica(0).begin_backup([&](const Result<Backup>& begun) { answer = begun; });
    EXPECT_TRUE(cluster_.run_until([&] { return answer.has_value(); }));
    return *answer;
  }
  Result<std::string> read(std::uint64_t backup, std::uint64_t offset, std::size_t bytes) {
    std::optional<Result<std::string>> answer;
    cluster_.replica(0).read_backup(backup, {offset, bytes},
                                    [&](Result<std::string> part) { answer = std::move(part); });
    EXPECT_TRUE(cluster_.run_until([&] { return answer.has_value(); }));
    return *answer;
  }
  // They cannot be packed.
  std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(cluster_.random().next());
    return bytes;
  }
  bool exists(const SnapshotInfo& snapshot, std::size_t index = 0) {
    return cluster_.files(index).exists(snapshot.path).value();
  }
  // Takes so many, each of a state of its own.
  void take_more(int count) {
    for (int i = 0; i < count; ++i) {
      write(0, "more");
      take();
    }
    cluster_.run_for(seconds(1));  // Files are removed by a worker.
  }

  Cluster cluster_{{}};
};

// Given a backup that is read in small parts, when newer snapshots are taken meanwhile, then its
// bytes are those of the file, which stays until the backup ends.
TEST_F(BackupTest, StaysWhileItIsRead) {
  write(0, std::string(5000, 'a'));
  const Result<Backup> backup = begin();
  ASSERT_TRUE(backup.ok()) << backup.status().message();
  const SnapshotInfo& snapshot = backup.value().snapshot;
  std::string file;
  ASSERT_TRUE(cluster_.files(0)
                  .open(snapshot.path, io::OpenMode::read)
                  .value()
                  ->read_at(0, 1 << 20, file)
                  .ok());
  ASSERT_EQ(file.size(), snapshot.bytes);
  std::string bytes;
  while (bytes.size() < snapshot.bytes) {
    const Result<std::string> part = read(backup.value().id, bytes.size(), 100);
    ASSERT_TRUE(part.ok()) << part.status().message();
    ASSERT_FALSE(part.value().empty());
    bytes += part.value();
    if (bytes.size() == 100) take_more(3);
  }
  EXPECT_EQ(bytes, file);
  EXPECT_TRUE(exists(snapshot));
  ASSERT_TRUE(cluster_.replica(0).end_backup(backup.value().id).ok());
  cluster_.run_for(seconds(1));
  EXPECT_FALSE(exists(snapshot));
  EXPECT_EQ(read(backup.value().id, 0, 100).status().code(), Code::not_found);
  EXPECT_EQ(cluster_.replica(0).end_backup(backup.value().id).code(), Code::not_found);
}

// Given a reader that has gone silent, then its snapshot goes after half a minute; given one that
// reads now and then, it stays.
TEST_F(BackupTest, EndsWhenItsReaderIsSilent) {
  write(0, "a");
  const Backup backup = begin().value();
  take_more(3);
  for (int i = 0; i < 5; ++i) {
    cluster_.run_for(seconds(20));
    ASSERT_TRUE(read(backup.id, 0, 10).ok());
  }
  cluster_.run_for(seconds(25));
  EXPECT_TRUE(exists(backup.snapshot));
  cluster_.run_for(seconds(10));
  EXPECT_FALSE(exists(backup.snapshot));
  EXPECT_EQ(read(backup.id, 0, 10).status().code(), Code::not_found);
}

// Given as many backups as there may be, when one more is begun, then it is refused; when one has
// ended, then not.
TEST_F(BackupTest, ThereAreOnlySoMany) {
  write(0, "a");
  std::vector<Backup> backups;
  for (std::size_t i = 0; i < backups_max; ++i) backups.push_back(begin().value());
  EXPECT_EQ(begin().status().code(), Code::exhausted);
  ASSERT_TRUE(cluster_.replica(0).end_backup(backups[1].id).ok());
  EXPECT_TRUE(begin().ok());
}

// Given a part that is not there, too large or empty, then it is refused, and others are read.
TEST_F(BackupTest, RefusesPartsThatCannotBe) {
  write(0, "a");
  const Backup backup = begin().value();
  const std::uint64_t bytes = backup.snapshot.bytes;
  EXPECT_EQ(read(backup.id, bytes, 1).status().code(), Code::invalid_argument);
  EXPECT_EQ(read(backup.id, UINT64_MAX, 1).status().code(), Code::invalid_argument);
  EXPECT_EQ(read(backup.id, 0, 0).status().code(), Code::invalid_argument);
  EXPECT_EQ(read(backup.id, 0, backup_part_bytes_max + 1).status().code(), Code::invalid_argument);
  EXPECT_EQ(read(backup.id + 1, 0, 1).status().code(), Code::not_found);
  EXPECT_EQ(read(backup.id, bytes - 1, backup_part_bytes_max).value().size(), 1U);
}

// Given a file that cannot be read any more, then who reads it is told, and a new snapshot is
// taken.
TEST_F(BackupTest, SaysThatItIsDamaged) {
  write(0, "a");
  const Backup backup = begin().value();
  cluster_.files(0).cut(backup.snapshot.path, backup.snapshot.bytes - 1);
  EXPECT_EQ(read(backup.id, 0, 10).status().code(), Code::corrupted);
  write(0, "b");
  ASSERT_TRUE(
      cluster_.run_until([&] { return cluster_.replica(0).status().snapshots_taken == 2; }));
}

// Given a peer that takes a snapshot, when two newer ones are taken at the giver, then the file
// that the peer takes is still there, and the peer gets the whole of it.
TEST_F(BackupTest, APeerHasItsSnapshotToTheEnd) {
  cluster_.kill(2);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) write(0, random_bytes(30'000));
    for (const std::size_t index : {0, 1}) take(index);
  }
  const SnapshotInfo newest[] = {take(0), take(1)};
  cluster_.run_for(seconds(1));
  cluster_.network().set_delay(std::chrono::milliseconds(20));  // Each part takes a while.
  ASSERT_TRUE(cluster_.start(2, false).ok());
  ASSERT_TRUE(cluster_.run_until(
      [&] { return cluster_.replica(2).status().snapshot_fetched_percent > 0; }));
  for (int i = 0; i < 2; ++i) {
    write(0, "more");
    for (const std::size_t index : {0, 1}) take(index);
  }
  cluster_.run_for(std::chrono::milliseconds(10));  // Files are removed by a worker.
  ASSERT_LT(cluster_.replica(2).status().snapshot_fetched_percent, 90U);
  EXPECT_NE(exists(newest[0], 0), exists(newest[1], 1));
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.replica(2).status().snapshot_round > 0; }));
  const std::uint64_t first = cluster_.replica(2).status().snapshot_round;
  EXPECT_TRUE(first == newest[0].round || first == newest[1].round);
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.all_serving() && cluster_.equal(); }));
}

}  // namespace
}  // namespace rabia::replica
