// New clusters from a backup: what they begin with, and what must not come of a restore that was
// broken off, or mixed with another one.
#include "replica/restore.h"

#include <gtest/gtest.h>

#include <optional>

#include "replica/testing/cluster.h"
#include "storage/data_directory.h"
#include "storage/snapshot_writer.h"
#include "storage/testing/halting_files.h"

namespace rabia::replica {
namespace {

using std::chrono::seconds;
using testing::Cluster;
using testing::LogMachine;
using testing::TestClient;

const std::string backup_path = "backup.rabia";

void copy_tree(io::FileSystem& from, const std::string& directory, io::FileSystem& to,
               const std::string& to_directory) {
  if (!to.create_directories(to_directory).ok()) std::abort();
  for (const std::string& name : from.list(directory).take()) {
    const std::string path = io::join_path(directory, name);
    const std::string to_path = io::join_path(to_directory, name);
    if (from.list(path).ok()) {
      copy_tree(from, path, to, to_path);
      continue;
    }
    std::string bytes;
    const auto source = from.open(path, io::OpenMode::read);
    if (!source.ok() || !source.value()->read_at(0, 1U << 30, bytes).ok()) std::abort();
    const auto copy = to.open(to_path, io::OpenMode::create_read_write);
    if (!copy.ok() || !copy.value()->write_at(0, bytes).ok()) std::abort();
  }
}

class RestoreTest : public ::testing::Test {
 protected:
  // A backup of so many commands, of a cluster of five members.
  void make_backup(int commands, std::uint64_t round = 5000) {
    for (int i = 0; i < commands; ++i) {
      const std::string command = std::to_string(i) + std::string(5000, 'x');
      machine_.apply({.position = {static_cast<std::uint64_t>(i)}, .origin = {1}}, command,
                     nullptr);
    }
    auto writer = storage::SnapshotWriter::create(disk_, "",
                                                  {.cluster_id = "old",
                                                   .incarnation = 77,
                                                   .round = round,
                                                   .position = 4000,
                                                   .extra = "whatever the old cluster kept"});
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    const auto reader = machine_.begin_snapshot();
    std::string state;
    while (reader->read(1000, state)) {
    }
    ASSERT_TRUE(writer.value()->add(state).ok());
    ASSERT_TRUE(writer.value()->finish().ok());
    ASSERT_TRUE(disk_.rename(storage::snapshot_name(round), backup_path).ok());
    disk_.sync_all();
  }
  static RestoreOptions options_for(std::size_t members, const std::string& into = "out") {
    RestoreOptions options{.backup = backup_path, .cluster_id = "test", .members = {}};
    for (std::uint16_t id = 1; id <= members; ++id) {
      options.members.push_back({{id}, into + "/" + std::to_string(id) + "/data"});
    }
    return options;
  }
  Result<Restored> restore_to(const RestoreOptions& options) {
    return restore(disk_, options, [this](std::span<std::byte> out) {
      for (std::byte& byte : out) byte = static_cast<std::byte>(random_.next());
    });
  }
  // Puts the directory of one member in the place where the cluster's host has its own.
  void carry(const std::string& from, Cluster& cluster, std::size_t index) {
    copy_tree(disk_, from, cluster.files(index), "data");
    cluster.files(index).sync_all();
  }
  static bool write_and_compare(Cluster& cluster, std::size_t at) {
    TestClient& client = cluster.client(at);
    client.write("after");
    const bool done = cluster.run_until([&] { return client.done() && cluster.equal(); });
    client.leave();
    return done && client.count(TestClient::Answer::Kind::executed) == 1;
  }

  io::testing::MemoryFileSystem disk_;
  base::Random random_{7};
  LogMachine machine_;
};

class RestoreOfMembers : public RestoreTest, public ::testing::WithParamInterface<std::size_t> {};

// Given a backup, when a cluster of so many members is made of it, then they serve without the word
// to found anything, begin with its state at its position, take writes, and start again.
TEST_P(RestoreOfMembers, BeginWithTheStateOfTheBackup) {
  make_backup(200);
  const Result<Restored> restored = restore_to(options_for(GetParam()));
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  EXPECT_EQ(restored.value().from_cluster, "old");
  EXPECT_EQ(restored.value().round, 5000U);
  EXPECT_EQ(restored.value().position, LogPosition{4000});
  Cluster cluster({.replicas = GetParam()});
  for (std::size_t i = 0; i < GetParam(); ++i) {
    carry("out/" + std::to_string(i + 1) + "/data", cluster, i);
    const Status started = cluster.start(i, false);
    ASSERT_TRUE(started.ok()) << started.message();
    EXPECT_EQ(cluster.machine(i).commands(), machine_.commands());
    EXPECT_EQ(cluster.replica(i).status().position, LogPosition{4000});
  }
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
  for (std::size_t i = 0; i < GetParam(); ++i) ASSERT_TRUE(write_and_compare(cluster, i));
  for (std::size_t i = 0; i < GetParam(); ++i) cluster.cut_power(i);
  for (std::size_t i = 0; i < GetParam(); ++i) ASSERT_TRUE(cluster.start(i, false).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); }));
  EXPECT_EQ(cluster.machine(0).commands().size(), 200 + GetParam());
  EXPECT_EQ(cluster.replica(0).status().position, LogPosition{4000 + GetParam()});
}

INSTANTIATE_TEST_SUITE_P(Sizes, RestoreOfMembers, ::testing::Values(1, 2, 3, 5));

// Given a restored cluster, when it is started in mode `os`, then it serves, and goes on after a
// clean stop: the mode of what was restored holds for the first start only.
TEST_F(RestoreTest, MayRunInModeOs) {
  make_backup(10);
  ASSERT_TRUE(restore_to(options_for(2)).ok());
  Cluster cluster({.replicas = 2, .durability = Durability::os});
  for (const std::size_t i : {0, 1}) carry("out/" + std::to_string(i + 1) + "/data", cluster, i);
  for (int life = 0; life < 2; ++life) {
    for (const std::size_t i : {0, 1}) ASSERT_TRUE(cluster.start(i, false).ok());
    ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
    ASSERT_TRUE(write_and_compare(cluster, 1));
    for (const std::size_t i : {0, 1}) ASSERT_TRUE(cluster.close(i).ok());
  }
}

// Given a majority of members that are started first, when the last one comes much later, then it
// catches up.
TEST_F(RestoreTest, AMemberMayComeLate) {
  make_backup(10);
  ASSERT_TRUE(restore_to(options_for(3)).ok());
  Cluster cluster({});
  for (const std::size_t i : {0, 1, 2}) carry("out/" + std::to_string(i + 1) + "/data", cluster, i);
  for (const std::size_t i : {0, 1}) ASSERT_TRUE(cluster.start(i, false).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(write_and_compare(cluster, 0));
  ASSERT_TRUE(cluster.start(2, false).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); }));
}

// Given two restores of one backup under one name, when a directory of the second is mixed with
// those of the first, then that member takes no part, and the others go on without it.
TEST_F(RestoreTest, DirectoriesOfTwoRestoresDoNotMix) {
  make_backup(10);
  ASSERT_TRUE(restore_to(options_for(3)).ok());
  ASSERT_TRUE(restore_to(options_for(3, "again")).ok());
  Cluster cluster({});
  carry("out/1/data", cluster, 0);
  carry("out/2/data", cluster, 1);
  carry("again/3/data", cluster, 2);
  for (const std::size_t i : {0, 1, 2}) ASSERT_TRUE(cluster.start(i, false).ok());
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.replica(0).status().serving && cluster.replica(1).status().serving; }));
  TestClient& client = cluster.client(0);
  client.write("after");
  ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
  cluster.run_for(seconds(5));
  EXPECT_FALSE(cluster.replica(2).status().serving);
  EXPECT_EQ(cluster.replica(2).status().position, LogPosition{4000});
  EXPECT_EQ(client.count(TestClient::Answer::Kind::executed), 1U);
}

// Given a backup with any one bit flipped, when it is restored, then it is refused, naming the
// file, and nothing was written.
TEST_F(RestoreTest, ADamagedBackupIsRefusedBeforeAnythingIsWritten) {
  make_backup(200);
  std::string bytes;
  ASSERT_TRUE(disk_.open(backup_path, io::OpenMode::read).value()->read_at(0, 1 << 30, bytes).ok());
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t bit = random_.below(bytes.size() * 8);
    disk_.flip_bit(backup_path, bit);
    const Status refused = restore_to(options_for(3)).status();
    EXPECT_FALSE(refused.ok()) << "bit " << bit;
    EXPECT_NE(refused.message().find(backup_path), std::string::npos) << refused.message();
    EXPECT_FALSE(disk_.exists("out").value());
    disk_.flip_bit(backup_path, bit);
  }
  disk_.cut(backup_path, bytes.size() / 2);
  EXPECT_EQ(restore_to(options_for(3)).status().code(), Code::corrupted);
  EXPECT_FALSE(disk_.exists("out").value());
}

// Given a backup whose checksums are right and whose round cannot be, then it is refused.
TEST_F(RestoreTest, ARoundThatCannotBeIsRefused) {
  make_backup(1, UINT64_MAX - 5);
  EXPECT_EQ(restore_to(options_for(3)).status().code(), Code::corrupted);
  EXPECT_FALSE(disk_.exists("out").value());
}

// Given options that cannot be, or directories that hold something, then they are refused, and
// nothing was written.
TEST_F(RestoreTest, RefusesWhatCannotBe) {
  make_backup(1);
  const auto refusal = [&](auto change) {
    RestoreOptions options = options_for(3);
    change(options);
    const Status status = restore_to(options).status();
    EXPECT_FALSE(disk_.exists("out/1").value());
    return status.code();
  };
  EXPECT_EQ(refusal([](auto& options) { options.members.clear(); }), Code::invalid_argument);
  EXPECT_EQ(refusal([](auto& options) { options.members[1].id = {1}; }), Code::invalid_argument);
  EXPECT_EQ(refusal([](auto& options) { options.members[1].id = {0}; }), Code::invalid_argument);
  EXPECT_EQ(refusal([](auto& options) { options = options_for(cluster_members_max + 1); }),
            Code::invalid_argument);
  EXPECT_EQ(refusal([](auto& options) { options.cluster_id = "old"; }), Code::invalid_argument);
  EXPECT_EQ(refusal([](auto& options) { options.cluster_id = "a b"; }), Code::invalid_argument);
  EXPECT_EQ(refusal([](auto& options) { options.backup = "none"; }), Code::not_found);
  ASSERT_TRUE(disk_.create_directories("out/3/data/wal").ok());
  EXPECT_EQ(refusal([](auto&) {}), Code::already_exists);
}

// Given a restore that the power cuts off at any of its writes, when its directories are started
// with the word to found a cluster, then no replica ever serves anything but the state of the
// backup; and if it had ended, all do.
TEST_F(RestoreTest, ARestoreThatWasCutOffFoundsNothing) {
  make_backup(5);
  bool ended = false;
  for (std::uint64_t changes = 0; !ended; ++changes) {
    SCOPED_TRACE("after " + std::to_string(changes) + " changes");
    io::testing::MemoryFileSystem disk;
    copy_tree(disk_, "", disk, "");
    disk.sync_all();
    storage::testing::HaltingFiles files(disk);
    files.halt_after(changes);
    ended = restore(files, options_for(3), [this](std::span<std::byte> out) {
              for (std::byte& byte : out) byte = static_cast<std::byte>(random_.next());
            }).ok();
    disk.crash(random_);
    if (!disk.exists("out/1/data/wal").value()) continue;  // Nothing is there: it never began.
    Cluster cluster({.seed = changes});
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string directory = "out/" + std::to_string(i + 1) + "/data";
      if (disk.exists(directory).value()) copy_tree(disk, directory, cluster.files(i), "data");
      cluster.files(i).sync_all();
      const Status started = cluster.start(i, true);
      ASSERT_TRUE(started.ok() || !ended) << started.message();
    }
    cluster.run_for(seconds(2));
    for (std::size_t i = 0; i < 3; ++i) {
      if (!cluster.up(i) || !cluster.replica(i).status().serving) {
        EXPECT_FALSE(ended) << cluster.describe();
      } else {
        EXPECT_EQ(cluster.machine(i).commands(), machine_.commands());
      }
    }
  }
}

}  // namespace
}  // namespace rabia::replica
