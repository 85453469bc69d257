// Pub/Sub as clients see it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ClientPointer = std::unique_ptr<TestClient>;

std::string bulk(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

// A push, or in RESP2 an array, of bulk strings and perhaps a number.
std::string frame(char type, const std::vector<std::string>& words, int number = -1) {
  const std::size_t count = words.size() + (number < 0 ? 0 : 1);
  std::string out = type + std::to_string(count) + "\r\n";
  for (const std::string& word : words) out += bulk(word);
  return number < 0 ? out : out + ":" + std::to_string(number) + "\r\n";
}

std::string message(char type, const std::string& channel, const std::string& payload) {
  return frame(type, {"message", channel, payload});
}

class PubSubTest : public ::testing::Test {
 protected:
  PubSubTest() : PubSubTest(ServerOptions{}) {}
  explicit PubSubTest(ServerOptions options) : world(std::move(options)) {
    world.let_replica_run();
    publisher = world.connect();
  }
  std::string ask(TestClient& client, std::string_view lines) {
    return world.ask(client, std::string(lines) + "\r\n");
  }
  std::string publish(std::string_view words) {
    return ask(*publisher, "PUBLISH " + std::string(words));
  }
  ClientPointer subscriber(std::string_view lines) {
    ClientPointer client = world.connect();
    ask(*client, lines);
    return client;
  }
  ClientPointer connect3() { return subscriber("HELLO 3"); }

  ServerWorld world;
  ClientPointer publisher;
};

// Given subscribers of a channel, of a pattern and of a shard channel, when messages are published,
// then each hears its own without having asked again, and the publisher learns how many did.
TEST_F(PubSubTest, SubscribersHearTheirOwn) {
  const ClientPointer channel = world.connect();
  EXPECT_EQ(ask(*channel, "SUBSCRIBE a b"),
            frame('*', {"subscribe", "a"}, 1) + frame('*', {"subscribe", "b"}, 2));
  const ClientPointer pattern = subscriber("PSUBSCRIBE a* x*");
  const ClientPointer shard = subscriber("SSUBSCRIBE a");
  EXPECT_EQ(publish("a 1"), ":2\r\n");
  EXPECT_EQ(publish("ab 2"), ":1\r\n");
  EXPECT_EQ(publish("other 3"), ":0\r\n");
  EXPECT_EQ(ask(*publisher, "SPUBLISH a 4"), ":1\r\n");
  EXPECT_EQ(channel->take(), message('*', "a", "1"));
  EXPECT_EQ(pattern->take(),
            frame('*', {"pmessage", "a*", "a", "1"}) + frame('*', {"pmessage", "a*", "ab", "2"}));
  EXPECT_EQ(shard->take(), frame('*', {"smessage", "a", "4"}));
}

// Given subscriptions that end, one by one, twice, or all at once, then the counts are those of
// Redis, and nothing more is heard.
TEST_F(PubSubTest, UnsubscribedHearNothing) {
  const ClientPointer client = subscriber("SUBSCRIBE a b\r\nPSUBSCRIBE p*");
  EXPECT_EQ(ask(*client, "SUBSCRIBE a"), frame('*', {"subscribe", "a"}, 3));
  EXPECT_EQ(ask(*client, "UNSUBSCRIBE a a"),
            frame('*', {"unsubscribe", "a"}, 2) + frame('*', {"unsubscribe", "a"}, 2));
  EXPECT_EQ(publish("a 1"), ":0\r\n");
  EXPECT_EQ(publish("b 1"), ":1\r\n");
  client->take();
  EXPECT_EQ(
      ask(*client, "UNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nPING"),
      frame('*', {"unsubscribe", "b"}, 1) + frame('*', {"punsubscribe", "p*"}, 0) + "+PONG\r\n");
  EXPECT_EQ(ask(*client, "UNSUBSCRIBE"), "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
  EXPECT_EQ(publish("b 1") + publish("px 1"), ":0\r\n:0\r\n");
  EXPECT_EQ(ask(*publisher, "PUBSUB NUMPAT\r\nPUBSUB CHANNELS"), ":0\r\n*0\r\n");
}

// Given a subscriber in RESP2, then it may only subscribe, PING, QUIT and RESET; what its call gets
// wrong otherwise is said first.
TEST_F(PubSubTest, ASubscriberInResp2OnlySubscribes) {
  const ClientPointer client = subscriber("SUBSCRIBE a");
  const std::string refusal =
      "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
      "context\r\n";
  for (const std::string name : {"GET k", "SET k v", "HELLO 3", "CLIENT ID", "MULTI"}) {
    std::string shown = name.starts_with("CLIENT") ? "client|id" : name.substr(0, name.find(' '));
    for (char& c : shown) c = static_cast<char>(std::tolower(c));
    shown.insert(0, "-ERR Can't execute '").append(refusal);
    EXPECT_EQ(ask(*client, name), shown);
  }
  EXPECT_EQ(ask(*client, "GET"), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(ask(*client, "PING\r\nPING x"), frame('*', {"pong", ""}) + frame('*', {"pong", "x"}));
  EXPECT_EQ(ask(*client, "RESET\r\nGET k"), "+RESET\r\n$-1\r\n");
  EXPECT_EQ(publish("a 1"), ":0\r\n");
  EXPECT_EQ(ask(*client, "SUBSCRIBE a\r\nQUIT"), frame('*', {"subscribe", "a"}, 1) + "+OK\r\n");
  EXPECT_TRUE(client->closed());
}

// Given a subscriber in RESP3, then it may do everything, and messages are pushes, also its own,
// which come before the reply; changing the protocol changes them from then on.
TEST_F(PubSubTest, ASubscriberInResp3DoesEverything) {
  const ClientPointer client = connect3();
  EXPECT_EQ(ask(*client, "SUBSCRIBE a\r\nSET k v\r\nPUBLISH a 1\r\nGET k\r\nPING"),
            frame('>', {"subscribe", "a"}, 1) + "+OK\r\n" + message('>', "a", "1") +
                ":1\r\n$1\r\nv\r\n+PONG\r\n");
  ask(*client, "HELLO 2");
  publish("a 2");
  EXPECT_EQ(client->take(), message('*', "a", "2"));
  EXPECT_EQ(ask(*client, "PING"), frame('*', {"pong", ""}));
}

// Given messages in a transaction, then they are published at its place, and to its own client
// before the reply of EXEC, not within; subscriptions are refused there.
TEST_F(PubSubTest, PublishIsOneOfATransaction) {
  const ClientPointer client = connect3();
  ask(*client, "SUBSCRIBE a");
  ask(*client, "MULTI\r\nSET k 1\r\nPUBLISH a x\r\nINCR k\r\nPUBLISH a y");
  EXPECT_EQ(publish("a before"), ":1\r\n");
  EXPECT_EQ(client->take(), message('>', "a", "before"));
  EXPECT_EQ(ask(*client, "EXEC"),
            message('>', "a", "x") + message('>', "a", "y") + "*4\r\n+OK\r\n:1\r\n:2\r\n:1\r\n");
  EXPECT_EQ(ask(*client, "MULTI\r\nSUBSCRIBE b\r\nEXEC"),
            "+OK\r\n-ERR SUBSCRIBE is not allowed in transactions\r\n"
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

// Given many publishers at once, then every subscriber hears all messages in the same order, and
// those of one publisher in its own.
TEST_F(PubSubTest, AllHearOneOrder) {
  const ClientPointer two = subscriber("SUBSCRIBE c0 c1 c2 c3");
  const ClientPointer also_two = subscriber("SUBSCRIBE c3 c2 c1 c0");
  std::vector<ClientPointer> publishers(4);
  for (ClientPointer& each : publishers) each = world.connect();
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 4; ++i) {
      publishers[static_cast<std::size_t>(i)]->send("PUBLISH c" + std::to_string(i) + " " +
                                                    std::to_string(round) + "\r\n");
    }
  }
  world.settle();
  const std::string heard = two->take();
  EXPECT_EQ(also_two->take(), heard);
  std::size_t at[4] = {};
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 4; ++i) {
      const std::string wanted = message('*', "c" + std::to_string(i), std::to_string(round));
      std::size_t& from = at[i];
      from = heard.find(wanted, from);
      ASSERT_NE(from, std::string::npos) << wanted;
    }
  }
}

// Given a client whose reads are under way when a message comes, then the message is between two
// replies, never within one.
TEST_F(PubSubTest, NoPushIsWithinAReply) {
  world.replica.on_work = nullptr;
  const ClientPointer client = connect3();
  client->send("SUBSCRIBE a\r\n");
  client->send("MGET k k k\r\nSET k v\r\n");
  world.settle();
  client->take();
  publisher->send("PUBLISH a 1\r\n");
  client->send("PING\r\n");
  world.settle();
  world.replica.run();
  world.settle();
  EXPECT_EQ(client->take(), "*3\r\n_\r\n_\r\n_\r\n+OK\r\n" + message('>', "a", "1") + "+PONG\r\n");
}

// Given subscribers that wait in WAIT and for a deferred command, then messages reach them.
TEST_F(PubSubTest, BlockedClientsHearToo) {
  const ClientPointer waits = connect3();
  const ClientPointer saves = connect3();
  ask(*waits, "SUBSCRIBE a\r\nWAIT 5 0");
  ask(*saves, "SUBSCRIBE a\r\nSAVE");
  EXPECT_EQ(publish("a 1"), ":2\r\n");
  EXPECT_EQ(waits->take(), message('>', "a", "1"));
  EXPECT_EQ(saves->take(), message('>', "a", "1"));
  world.replica.end_snapshot(replica::SnapshotInfo{});
  world.settle();
  EXPECT_EQ(saves->take(), "+OK\r\n");
}

// Given CLIENT REPLY OFF, then replies are left out, and pushes are not.
TEST_F(PubSubTest, ClientReplyLetsPushesThrough) {
  const ClientPointer client = connect3();
  ask(*client, "CLIENT REPLY OFF");
  EXPECT_EQ(ask(*client, "SUBSCRIBE a\r\nPUBLISH a 1\r\nGET k\r\nUNSUBSCRIBE a"),
            frame('>', {"subscribe", "a"}, 1) + message('>', "a", "1") +
                frame('>', {"unsubscribe", "a"}, 0));
}

// Given subscribers that leave, are killed, or are about to leave, then they are no receivers, and
// the others hear everything.
TEST_F(PubSubTest, ThoseWhoAreGoneAreNoReceivers) {
  const ClientPointer stays = subscriber("SUBSCRIBE a");
  const ClientPointer leaves = subscriber("SUBSCRIBE a\r\nPSUBSCRIBE *");
  const ClientPointer killed = subscriber("SUBSCRIBE a");
  EXPECT_EQ(publish("a 1"), ":4\r\n");
  leaves->disconnect();
  world.settle();
  EXPECT_EQ(publish("a 2"), ":2\r\n");
  EXPECT_EQ(ask(*publisher, "CLIENT KILL ID 4\r\nPUBLISH a 3\r\nPUBSUB NUMSUB a"),
            ":1\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(stays->take(),
            message('*', "a", "1") + message('*', "a", "2") + message('*', "a", "3"));
  EXPECT_EQ(ask(*publisher, "CLIENT KILL TYPE normal\r\nCLIENT KILL TYPE pubsub"), ":0\r\n:1\r\n");
  EXPECT_EQ(publish("a 4"), ":0\r\n");
}

// Given subscribers, when the state is replaced by a peer's snapshot, then their connections end,
// since messages were passed over; other clients stay.
TEST_F(PubSubTest, SubscribersEndWhenMessagesArePassedOver) {
  const ClientPointer one = subscriber("SUBSCRIBE a b");
  const ClientPointer two = subscriber("PSUBSCRIBE *");
  const ClientPointer three = subscriber("SSUBSCRIBE a");
  kv::StoreMachine empty;
  std::string state;
  const auto reader = empty.begin_snapshot();
  while (reader->read(1000, state)) {
  }
  const auto loader = world.machine.begin_load();
  ASSERT_TRUE(loader->add(state).ok());
  ASSERT_TRUE(loader->finish().ok());
  world.settle();
  EXPECT_TRUE(one->closed() && two->closed() && three->closed());
  EXPECT_EQ(publish("a 1"), ":0\r\n");
}

// Given a PUBLISH that fails, then nobody hears it, and its client is told as of any write; on a
// disk that is nearly full it is refused.
TEST_F(PubSubTest, AFailedPublishIsAFailedWrite) {
  const ClientPointer client = subscriber("SUBSCRIBE a");
  world.replica.fail_next(1, replica::Failure::not_executed);
  EXPECT_TRUE(publish("a 1").starts_with("-CLUSTERDOWN "));
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  EXPECT_TRUE(publish("a 1").starts_with("-ERR outcome unknown"));
  world.replica.disk_status.room = replica::DiskStatus::Room::low;
  EXPECT_TRUE(publish("a 1").starts_with("-DISKFULL "));
  EXPECT_EQ(client->take(), "");
}

// Given subscriptions, then CLIENT LIST, INFO and PUBSUB tell of them.
TEST_F(PubSubTest, SubscriptionsCanBeLookedAt) {
  const std::string name(1000, 'n');
  const ClientPointer client =
      subscriber("SUBSCRIBE a b\r\nPSUBSCRIBE p*\r\nSSUBSCRIBE s\r\nPSUBSCRIBE " + name);
  const std::string list = ask(*publisher, "CLIENT LIST TYPE pubsub");
  EXPECT_NE(list.find(" flags=P db=0 sub=2 psub=2 ssub=1 multi=-1 "), std::string::npos) << list;
  EXPECT_GT(number_after(list, "tot-mem="), 1000);
  EXPECT_EQ(ask(*publisher, "CLIENT LIST TYPE normal").find("flags=P"), std::string::npos);
  const std::string info = ask(*publisher, "INFO stats");
  EXPECT_EQ(number_after(info, "pubsub_channels:"), 2);
  EXPECT_EQ(number_after(info, "pubsub_patterns:"), 2);
  EXPECT_EQ(number_after(info, "pubsubshard_channels:"), 1);
  EXPECT_EQ(ask(*publisher, "PUBSUB CHANNELS b*\r\nPUBSUB SHARDCHANNELS"),
            "*1\r\n$1\r\nb\r\n*1\r\n$1\r\ns\r\n");
  EXPECT_EQ(ask(*publisher, "PUBSUB NUMSUB a s\r\nPUBSUB SHARDNUMSUB s\r\nPUBSUB NUMPAT"),
            "*4\r\n$1\r\na\r\n:1\r\n$1\r\ns\r\n:0\r\n*2\r\n$1\r\ns\r\n:1\r\n:2\r\n");
}

class BoundedPubSubTest : public PubSubTest {
 protected:
  static ServerOptions small() {
    ServerOptions options;
    options.output_bytes_pause = 5'000;
    options.push_bytes_soft_max = 20'000;
    options.push_bytes_max = 50'000;
    options.push_slow_max = seconds(60);
    options.subscriptions_max = 3;
    options.subscription_bytes_max = 100;
    return options;
  }
  BoundedPubSubTest() : PubSubTest(small()) { world.network.set_buffer_bytes(1000); }
  std::int64_t cut() { return number_after(ask(*publisher, "INFO rabia"), "clients_cut:"); }
  // Of a thousand bytes.
  void publish_many(int count) {
    for (int i = 0; i < count; ++i) publisher->send("PUBLISH a " + std::string(1000, 'x') + "\r\n");
    world.executor.run_for(milliseconds(200));
  }
};

// Given a subscriber that does not read, when more waits for it than the hard bound, then it is
// cut, in the midst of the messages, and the others hear all of them.
TEST_F(BoundedPubSubTest, ASubscriberThatTakesNothingIsCut) {
  const ClientPointer before = subscriber("SUBSCRIBE a");
  const ClientPointer slow = subscriber("SUBSCRIBE a\r\nPSUBSCRIBE *");
  const ClientPointer behind = subscriber("SUBSCRIBE a");
  slow->stop_reading();
  publish_many(40);
  EXPECT_EQ(cut(), 1);
  world.executor.run_for(seconds(1));
  const std::size_t each = message('*', "a", std::string(1000, 'x')).size();
  EXPECT_EQ(before->received_bytes(), 40 * each);
  EXPECT_EQ(behind->received_bytes(), 40 * each);
  publisher->take();
  EXPECT_EQ(publish("a end"), ":2\r\n");
}

// Given a subscriber above the soft bound, then it is cut when it stays there, and is not when it
// was below in between.
TEST_F(BoundedPubSubTest, ASubscriberThatStaysSlowIsCut) {
  const ClientPointer stuck = subscriber("SUBSCRIBE a");
  const ClientPointer recovers = subscriber("SUBSCRIBE a");
  stuck->stop_reading();
  recovers->stop_reading();
  publish_many(22);
  EXPECT_EQ(cut(), 0);
  recovers->go_on_reading();
  world.executor.run_for(seconds(40));
  EXPECT_EQ(recovers->take().size(), 22 * message('*', "a", std::string(1000, 'x')).size());
  recovers->stop_reading();
  publish_many(22);
  EXPECT_EQ(cut(), 0);
  world.executor.run_for(seconds(30));
  publish_many(1);
  EXPECT_EQ(cut(), 1);
  EXPECT_EQ(ask(*publisher, "PUBSUB NUMSUB a"), "*2\r\n$1\r\na\r\n:1\r\n");
}

// Given a client at the bound of its subscriptions, then more are refused as a whole, and fewer
// make room.
TEST_F(BoundedPubSubTest, SubscriptionsAreBounded) {
  const ClientPointer client = subscriber("SUBSCRIBE a b");
  const std::string refused =
      "-ERR too many subscriptions: a connection may have 3, whose names have 100 bytes together; "
      "use several connections, or patterns\r\n";
  EXPECT_EQ(ask(*client, "PSUBSCRIBE c d"), refused);
  EXPECT_EQ(ask(*client, "SUBSCRIBE " + std::string(99, 'n')), refused);
  EXPECT_EQ(ask(*client, "SSUBSCRIBE c"), frame('*', {"ssubscribe", "c"}, 1));
  EXPECT_EQ(ask(*client, "SUBSCRIBE d"), refused);
  EXPECT_EQ(ask(*client, "UNSUBSCRIBE a\r\nSUBSCRIBE d"),
            frame('*', {"unsubscribe", "a"}, 1) + frame('*', {"subscribe", "d"}, 2));
}

// Given thousands of subscribers of one channel and of others, in any order of coming and going,
// then counts stay true.
TEST_F(PubSubTest, ManySubscribersComeAndGo) {
  std::vector<ClientPointer> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(world.connect());
    clients.back()->send("SUBSCRIBE all own" + std::to_string(i) + "\r\n");
  }
  world.settle();
  EXPECT_EQ(publish("all 1"), ":300\r\n");
  EXPECT_EQ(publish("own77 1"), ":1\r\n");
  for (std::size_t i = 0; i < clients.size(); i += 3) clients[i * 7 % 300]->disconnect();
  world.settle();
  EXPECT_EQ(publish("all 2"), ":200\r\n");
  EXPECT_EQ(number_after(ask(*publisher, "INFO stats"), "pubsub_channels:"), 201);
}

}  // namespace
}  // namespace rabia::server::testing
