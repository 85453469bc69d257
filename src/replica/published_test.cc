// Whole replicas that run the protocol as published (protocol.md, section 16), in virtual time.
#include <gtest/gtest.h>

#include <string>

#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Cluster;
using testing::TestClient;
using Kind = TestClient::Answer::Kind;

Cluster::Options as_published(Durability durability = Durability::memory) {
  Cluster::Options options;
  options.durability = durability;
  options.protocol = Protocol::published;
  return options;
}

// Given clients at every replica that write and read at once, then each is answered in order, and
// all replicas have executed the same.
TEST(PublishedReplica, ServesWritesAndReadsEverywhere) {
  Cluster cluster(as_published());
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
  std::vector<TestClient*> clients;
  for (int round = 0; round < 20; ++round) {
    for (std::size_t replica = 0; replica < 3; ++replica) {
      if (round == 0) clients.push_back(&cluster.client(replica));
      clients[replica]->write("w" + std::to_string(round));
      clients[replica]->read();
    }
    cluster.run_for(milliseconds(1));
  }
  const auto all_done = [&] {
    return std::all_of(clients.begin(), clients.end(), [](auto* client) { return client->done(); });
  };
  ASSERT_TRUE(cluster.run_until(all_done)) << cluster.describe();
  for (TestClient* client : clients) {
    EXPECT_EQ(client->count(Kind::executed), 20U);
    EXPECT_EQ(client->count(Kind::read), 20U);
  }
  ASSERT_TRUE(cluster.run_until([&] { return cluster.equal(); }));
  EXPECT_EQ(cluster.machine(0).commands().size(), 60U);

  const ReplicaStatus status = cluster.replica(1).status();
  EXPECT_EQ(status.protocol, Protocol::published);
  EXPECT_GT(status.slots_decided, 0U);
  EXPECT_GE(status.phases_per_slot, 1.0);
}

// Given a replica that is killed, then the others go on; and when it is started again, it is
// refused, since it may have said what it does not remember.
TEST(PublishedReplica, GoesOnWithoutAMemberThatNeverComesBack) {
  Cluster cluster(as_published());
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
  cluster.kill(2);
  TestClient& client = cluster.client(0);
  for (int i = 0; i < 10; ++i) client.write("w" + std::to_string(i));
  ASSERT_TRUE(cluster.run_until([&] { return client.done(); }));
  EXPECT_EQ(client.count(Kind::executed), 10U);
  ASSERT_TRUE(cluster.start(2, false).ok());
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.stopped(2).ok(); })) << cluster.describe();
  EXPECT_NE(cluster.stopped(2).message().find("takes nobody back"), std::string::npos)
      << cluster.stopped(2).message();
}

// Given writes that come while a batch is under way, then they go together in the next one.
TEST(PublishedReplica, HasOneBatchUnderWay) {
  Cluster cluster(as_published());
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
  std::vector<TestClient*> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(&cluster.client(0));
    clients.back()->write("w");
    cluster.run_for(std::chrono::microseconds(10));
  }
  ASSERT_TRUE(cluster.run_until([&] {
    return std::all_of(clients.begin(), clients.end(), [](auto* client) { return client->done(); });
  }));
  EXPECT_EQ(cluster.replica(0).status().batches_proposed, 2U);
}

// Given another durability, then it does not start, and says why.
TEST(PublishedReplica, RefusesOtherDurabilities) {
  for (const Durability durability : {Durability::always, Durability::os}) {
    Cluster cluster(as_published(durability));
    const Status status = cluster.start(0, true);
    EXPECT_EQ(status.code(), Code::failed_precondition);
    EXPECT_NE(status.message().find("durability 'memory'"), std::string::npos) << status.message();
  }
}

// Given a change of the members, then it is refused, and says why.
TEST(PublishedReplica, RefusesChangesOfTheMembers) {
  Cluster cluster(as_published());
  cluster.start_all();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); })) << cluster.describe();
  Status answer;
  cluster.replica(0).change_members({.kind = MemberChange::Kind::remove, .id = {3}},
                                    [&](const Status& status) { answer = status; });
  EXPECT_EQ(answer.code(), Code::failed_precondition);
  EXPECT_NE(answer.message().find("never change"), std::string::npos) << answer.message();
}

}  // namespace
}  // namespace rabia::replica
