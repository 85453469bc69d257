// Whole replicas over in-memory seams, in virtual time. What a client is promised (protocol.md,
// sections 3 and 6), and what must be survived.
#include "replica/replica.h"

#include <gtest/gtest.h>

#include <set>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using testing::Cluster;
using testing::TestClient;
using Kind = TestClient::Answer::Kind;

// Waits until every client is answered.
bool answered(Cluster& cluster, std::initializer_list<TestClient*> clients) {
  return cluster.run_until([&] {
    return std::all_of(clients.begin(), clients.end(),
                       [](const TestClient* client) { return client->done(); });
  });
}

class ReplicaTest : public ::testing::TestWithParam<Durability> {};

// Given three empty replicas, when all are started, then they found a cluster; a write at any of
// them is executed at all, in one order.
TEST_P(ReplicaTest, WritesAtAnyReplicaAreExecutedAtAllInOneOrder) {
  Cluster cluster({.durability = GetParam()});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  TestClient& a = cluster.client(0);
  TestClient& b = cluster.client(1);
  TestClient& c = cluster.client(2);
  for (int i = 0; i < 50; ++i) {
    a.write("a" + std::to_string(i));
    b.write("b" + std::to_string(i));
    c.write("c" + std::to_string(i));
  }
  ASSERT_TRUE(answered(cluster, {&a, &b, &c}));
  EXPECT_EQ(a.count(Kind::executed), 50U);
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.machine(0).commands().size() == 150 && cluster.equal(); }));
}

INSTANTIATE_TEST_SUITE_P(Modes, ReplicaTest,
                         ::testing::Values(Durability::always, Durability::os, Durability::memory));

// Given a pipeline of writes and reads on one connection, then answers come in order and each read
// sees the writes before it (section 3: order of a connection; section 6: reads in a batch).
TEST(Replica, APipelineIsAnsweredInOrderAndReadsSeeWhatIsBeforeThem) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  TestClient& client = cluster.client(1);
  for (int i = 0; i < 20; ++i) {
    client.write("w" + std::to_string(i));
    client.read();
  }
  ASSERT_TRUE(answered(cluster, {&client}));
  std::size_t writes = 0;
  for (std::uint64_t i = 0; i < client.answers().size(); ++i) {
    EXPECT_EQ(client.answers()[i].token, i);
    if (client.answers()[i].kind == Kind::executed) {
      EXPECT_EQ(client.answers()[i].seen, writes);
      ++writes;
    } else {
      EXPECT_EQ(client.answers()[i].seen, writes);
    }
  }
}

// Given a write acknowledged at one replica, when another is read afterwards, then it sees it.
TEST(Replica, AReadAtAnotherReplicaSeesWhatWasAcknowledged) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  for (std::size_t i = 1; i <= 30; ++i) {
    TestClient& writer = cluster.client(i % 3);
    writer.write("x");
    ASSERT_TRUE(answered(cluster, {&writer}));
    TestClient& reader = cluster.client((i + 1) % 3);
    reader.read();
    ASSERT_TRUE(answered(cluster, {&reader}));
    EXPECT_GE(reader.answers()[0].seen, i);
  }
}

// Given a replica that is dead, then clients of the others are served and see no failure; when it
// is back, it catches up from their logs.
TEST(Replica, ADeadReplicaCostsNobodyAnAnswerAndCatchesUpWhenItIsBack) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  cluster.kill(2);
  std::size_t writes = 0;
  for (int i = 0; i < 3000; ++i) {  // More rounds than the window holds.
    TestClient& a = cluster.client(0);
    TestClient& b = cluster.client(1);
    a.write("a" + std::to_string(i));
    b.write("b" + std::to_string(i));
    ASSERT_TRUE(answered(cluster, {&a, &b}));
    ASSERT_EQ(a.count(Kind::executed) + b.count(Kind::executed), 2U);
    a.leave();
    b.leave();
    writes += 2;
  }
  ASSERT_TRUE(cluster.start(2, false).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); }));
  EXPECT_EQ(cluster.machine(2).commands().size(), writes);
  TestClient& c = cluster.client(2);
  c.write("back");
  ASSERT_TRUE(answered(cluster, {&c}));
  EXPECT_EQ(c.count(Kind::executed), 1U);
}

// Given a replica cut off from the others, when it is asked, then it refuses within a bounded time
// and never answers from what it has; when the cut heals it serves again.
TEST(Replica, AMinorityRefusesAndNeverAnswersWithOldValues) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  cluster.isolate(0);
  TestClient& early = cluster.client(0);  // Cut off, and does not know it yet.
  early.write("lost?");
  cluster.run_for(std::chrono::seconds(2));
  TestClient& late = cluster.client(0);
  late.write("refused");
  late.read();
  ASSERT_TRUE(cluster.run_until([&] { return late.done(); }, std::chrono::seconds(1)));
  EXPECT_EQ(late.count(Kind::not_executed), 2U);
  ASSERT_TRUE(cluster.run_until([&] { return early.done(); }, std::chrono::seconds(6)));
  EXPECT_EQ(early.count(Kind::unknown), 1U);
  cluster.heal(0);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); }));
  for (const std::string& command : cluster.machine(1).commands()) EXPECT_NE(command, "refused");
}

// Given acknowledged writes, when the power of all replicas fails at random moments, then after the
// restart every acknowledged write is there, once, and all logs are equal.
TEST(Replica, NothingAcknowledgedIsLostWhenThePowerOfAllFails) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Cluster cluster({.seed = seed});
    cluster.start_all();
    std::set<std::string> acknowledged;
    for (int life = 0; life < 4; ++life) {
      ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
      std::vector<TestClient*> clients;
      std::vector<std::string> commands;
      for (std::size_t i = 0; i < 60; ++i) {
        commands.push_back(std::to_string(life) + "/" + std::to_string(i));
        clients.push_back(&cluster.client(i % 3));
        clients.back()->write(commands.back());
        cluster.run_for(std::chrono::microseconds(cluster.random().below(100)));
      }
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (clients[i]->count(Kind::executed) == 1) acknowledged.insert(commands[i]);
      }
      for (std::size_t i = 0; i < 3; ++i) cluster.cut_power(i);
      for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(cluster.start(i, false).ok());
      ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); }))
          << cluster.describe();
      const auto& log = cluster.machine(0).commands();
      const std::set<std::string> executed(log.begin(), log.end());
      EXPECT_EQ(executed.size(), log.size()) << "a command was executed twice";
      for (const std::string& command : acknowledged) {
        ASSERT_TRUE(executed.contains(command)) << command << " was acknowledged and is lost";
      }
    }
    EXPECT_FALSE(acknowledged.empty());
  }
}

// Given a disk that fails a sync, then that replica stops with a reason, nobody else does, and it
// acknowledged nothing that the others do not have.
TEST(Replica, AFailedSyncStopsTheReplicaAndNobodyElse) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  cluster.files(0).fail_sync(1);
  TestClient& a = cluster.client(0);
  a.write("x");
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.stopped(0).ok(); }));
  EXPECT_TRUE(a.done());
  cluster.kill(0);
  TestClient& b = cluster.client(1);
  b.write("y");
  ASSERT_TRUE(answered(cluster, {&b}));
  EXPECT_EQ(b.count(Kind::executed), 1U);
}

TEST(Replica, AnEmptyDirectoryIsRefusedWithoutBootstrap) {
  Cluster cluster({});
  const Status status = cluster.start(0, false);
  EXPECT_EQ(status.code(), Code::failed_precondition);
  EXPECT_NE(status.message().find("--bootstrap"), std::string::npos);
}

// Found in review: a life in mode `memory` says things that the log beside it knows nothing of. A
// replica that went back to that log took part as if it had never said them.
TEST(Replica, AMemberDoesNotLeaveItsLogBehindForModeMemory) {
  Cluster cluster({.seed = 7});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  ASSERT_TRUE(cluster.close(2).ok());
  ReplicaOptions options;
  options.cluster_id = "test";
  options.self = {3};
  for (std::uint16_t id = 1; id <= 3; ++id) options.members.push_back({{id}, {"nowhere", id}});
  options.data_directory = "data";
  options.durability = Durability::memory;
  const auto log = cluster.executor().make_worker(std::chrono::microseconds(1));
  testing::LogMachine machine;
  const auto opened = Replica::open(
      {cluster.executor(), cluster.network().at("nowhere"), cluster.files(2), *log, *log}, options,
      machine, {});
  EXPECT_EQ(opened.status().code(), Code::failed_precondition);
  EXPECT_NE(opened.status().message().find("'data'"), std::string::npos)
      << opened.status().message();
  EXPECT_TRUE(cluster.start(2, false).ok()) << "nothing was changed";
}

// Found in review: a crash between the end of a rejoin and the removal of what was put aside for it
// left that on the disk for ever; and at the next rejoin it would have counted as the first.
TEST(Replica, WhatWasPutAsideForARejoinThatIsOverIsRemovedAtTheNextStart) {
  Cluster cluster({.seed = 8});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  ASSERT_TRUE(cluster.close(2).ok());
  io::testing::MemoryFileSystem& files = cluster.files(2);
  const std::string aside = "data/wal.before-rejoin";
  ASSERT_TRUE(files.create_directories(aside).ok());
  ASSERT_TRUE(files.open(aside + "/wal-0000000001.log", io::OpenMode::create_read_write).ok());
  ASSERT_TRUE(cluster.start(2, false).ok());
  EXPECT_TRUE(cluster.run_until([&] { return !files.exists(aside).value(); }));
}

// Given a founded cluster, when a member comes with an empty directory, then it does not take part
// (it may have promised something that it forgot) and says so.
TEST(Replica, AMemberThatLostItsDataDoesNotTakePart) {
  Cluster cluster({});
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  cluster.kill(2);
  const auto segments = cluster.files(2).list("data/wal");
  ASSERT_TRUE(segments.ok());
  for (const std::string& name : segments.value()) {
    ASSERT_TRUE(cluster.files(2).remove("data/wal/" + name).ok());
  }
  ASSERT_TRUE(cluster.start(2, true).ok());
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.stopped(2).ok(); }));
  EXPECT_EQ(cluster.stopped(2).code(), Code::failed_precondition);
}

}  // namespace
}  // namespace rabia::replica
