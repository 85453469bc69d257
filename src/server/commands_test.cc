// What commands answer. tests/integration/compare_with_redis.py asks far more, where Redis is.
#include <gtest/gtest.h>

#include <map>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

class CommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.let_replica_run();
    client = world.connect();
  }
  std::string ask(std::string_view line) { return world.ask(*client, std::string(line) + "\r\n"); }

  ServerWorld world;
  std::unique_ptr<TestClient> client;
};

// Given a new key, when strings are written and read, then the replies of Redis.
TEST_F(CommandsTest, StringsAreWrittenAndRead) {
  EXPECT_EQ(ask("SET k v"), "+OK\r\n");
  EXPECT_EQ(ask("GET k"), "$1\r\nv\r\n");
  EXPECT_EQ(ask("GET none"), "$-1\r\n");
  EXPECT_EQ(ask("SET k w NX"), "$-1\r\n");
  EXPECT_EQ(ask("SET k w XX GET"), "$1\r\nv\r\n");
  EXPECT_EQ(ask("SETNX k x"), ":0\r\n");
  EXPECT_EQ(ask("SETNX new x"), ":1\r\n");
  EXPECT_EQ(ask("APPEND k !"), ":2\r\n");
  EXPECT_EQ(ask("GETRANGE k 0 -2"), "$1\r\nw\r\n");
  EXPECT_EQ(ask("INCRBY n 5"), ":5\r\n");
  EXPECT_EQ(ask("INCRBYFLOAT n 0.5"), "$3\r\n5.5\r\n");
  EXPECT_EQ(ask("MGET k none n"), "*3\r\n$2\r\nw!\r\n$-1\r\n$3\r\n5.5\r\n");
  EXPECT_EQ(ask("MSETNX k 1 z 2"), ":0\r\n");
  EXPECT_EQ(ask("DEL k none new"), ":2\r\n");
  EXPECT_EQ(ask("GETDEL n"), "$3\r\n5.5\r\n");
  EXPECT_EQ(ask("DBSIZE"), ":0\r\n");
}

// Given wrong arguments, when sent, then an error of Redis, and nothing is submitted as a write.
TEST_F(CommandsTest, WrongArgumentsAreFoundBeforeTheLog) {
  EXPECT_EQ(ask("SET k v BOGUS"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("SET k v NX XX"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("INCRBY k x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(ask("DECRBY k -9223372036854775808"), "-ERR decrement would overflow\r\n");
  EXPECT_EQ(ask("SETRANGE k -1 x"), "-ERR offset is out of range\r\n");
  EXPECT_EQ(ask("MSET a 1 b"), "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(ask("FLUSHALL x"), "-ERR syntax error\r\n");
  EXPECT_EQ(world.replica.writes_submitted(), 0U);
}

// Given keys that expire, then TTL tells by the log's clock how long they have, and they are gone
// when it has come; between two batches it goes on by itself, and the keys stay.
TEST_F(CommandsTest, ExpiryFollowsTheLogsClock) {
  world.replica.log_clock = {1'000'000};
  EXPECT_EQ(ask("SET k v EX 10\r\nSET j v PX 2500"), "+OK\r\n+OK\r\n");
  EXPECT_EQ(ask("TTL k\r\nPTTL j\r\nTTL j"), ":10\r\n:2500\r\n:3\r\n");
  EXPECT_EQ(ask("PEXPIRETIME k\r\nEXPIRETIME k"), ":1010000\r\n:1010\r\n");
  EXPECT_NE(ask("INFO keyspace").find("db0:keys=2,expires=2"), std::string::npos);
  world.replica.log_clock = {1'002'500};
  EXPECT_EQ(ask("SET other v"), "+OK\r\n");
  EXPECT_EQ(ask("EXISTS j\r\nTTL j\r\nTTL k\r\nTTL other"), ":0\r\n:-2\r\n:8\r\n:-1\r\n");
  EXPECT_NE(ask("INFO stats").find("expired_keys:1\r\n"), std::string::npos);
}

// Given many keys, when scanned to the end, then every key comes.
TEST_F(CommandsTest, ScanVisitsEveryKey) {
  for (int i = 0; i < 200; ++i) ask("SET key:" + std::to_string(i) + " x");
  std::string cursor = "0";
  std::string seen;
  do {
    const std::string reply = ask("SCAN " + cursor + " COUNT 7");
    seen += reply;
    const std::size_t begin = reply.find("\r\n", 4) + 2;
    cursor = reply.substr(begin, reply.find("\r\n", begin) - begin);
  } while (cursor != "0");
  for (int i = 0; i < 200; ++i) {
    EXPECT_NE(seen.find("\r\nkey:" + std::to_string(i) + "\r\n"), std::string::npos) << i;
  }
}

// Given HELLO 3, when it is answered, then in the new version; nulls and maps follow it.
TEST_F(CommandsTest, HelloSwitchesTheVersion) {
  EXPECT_EQ(ask("HELLO").substr(0, 5), "*16\r\n");
  const std::string greeting = ask("HELLO 3 SETNAME me");
  EXPECT_EQ(greeting.substr(0, 4), "%8\r\n");
  EXPECT_NE(greeting.find("$7\r\nversion\r\n$6\r\n7.0.15\r\n"), std::string::npos);
  EXPECT_EQ(ask("GET none"), "_\r\n");
  EXPECT_EQ(ask("CONFIG GET save"), "%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
  EXPECT_EQ(ask("CLIENT GETNAME"), "$2\r\nme\r\n");
  EXPECT_EQ(ask("HELLO 4"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(ask("RESET"), "+RESET\r\n");
  EXPECT_EQ(ask("GET none"), "$-1\r\n");
}

// Given the replica's picture, when INFO is asked, then it and what clients of Redis look for.
TEST_F(CommandsTest, InfoShowsRedisAndRabia) {
  world.replica.reported.serving = true;
  world.replica.reported.executed_round = 42;
  world.replica.reported.peers.push_back({.id = {2},
                                          .address = {.host = "10.0.0.2", .port = 7000},
                                          .connected = true,
                                          .executed_round = 41,
                                          .round_trip = std::chrono::microseconds(150),
                                          .digest_agrees = {30},
                                          .digest_differs = {31}});
  world.replica.reported.digest = {1, 2};
  world.replica.reported.digest_agrees = {30};
  world.replica.reported.digest_differs = true;
  ask("SET k v");
  const std::string info = ask("INFO");
  for (const char* line :
       {"redis_version:7.0.15\r\n", "rabia_version:", "role:master\r\n", "loading:0\r\n",
        "redis_mode:standalone\r\n", "db0:keys=1,expires=0,avg_ttl=0\r\n", "executed_round:42\r\n",
        "peer2:address=10.0.0.2:7000,role=voter,connected=1,executed_round=41,"
        "round_trip_usec=150,digest_agrees_position=30,digest_differs_position=31\r\n",
        "digest:00000000000000010000000000000002\r\n", "digest_agrees_position:30\r\n",
        "digest_differs:1\r\n"}) {
    EXPECT_NE(info.find(line), std::string::npos) << line;
  }
  const std::string two = ask("INFO replication keyspace");
  EXPECT_NE(two.find("# Replication\r\n"), std::string::npos);
  EXPECT_EQ(two.find("# Server\r\n"), std::string::npos);
  EXPECT_EQ(ask("INFO nosuch"), "$0\r\n\r\n");
}

// Given several clients, when listed, then a line for each; when one is killed, then it is gone.
TEST_F(CommandsTest, ClientsAreListedAndKilled) {
  const auto other = world.connect();
  EXPECT_EQ(world.ask(*other, "CLIENT SETNAME other\r\n"), "+OK\r\n");
  EXPECT_EQ(world.ask(*other, "CLIENT SETINFO lib-name test-lib\r\n"), "+OK\r\n");
  const std::string list = ask("CLIENT LIST");
  EXPECT_NE(list.find("id=1 "), std::string::npos);
  EXPECT_NE(list.find("id=2 "), std::string::npos);
  EXPECT_NE(list.find("name=other age=0 idle=0 flags=N db=0 "), std::string::npos);
  EXPECT_NE(list.find("lib-name=test-lib lib-ver="), std::string::npos);
  EXPECT_EQ(ask("CLIENT KILL ID 2"), ":1\r\n");
  EXPECT_TRUE(other->closed());
  EXPECT_EQ(ask("CLIENT KILL ID 2"), ":0\r\n");
  EXPECT_EQ(ask("CLIENT KILL ID 1 SKIPME no"), ":1\r\n");
  EXPECT_TRUE(client->closed());
}

// Given keys on one connection, when another flushes, then none is left.
TEST_F(CommandsTest, FlushEmptiesTheStore) {
  ask("MSET a 1 b 2");
  const auto other = world.connect();
  EXPECT_EQ(world.ask(*other, "FLUSHALL ASYNC\r\n"), "+OK\r\n");
  EXPECT_EQ(ask("EXISTS a b"), ":0\r\n");
}

// Given HELP of each container, when asked, then lines; never a closed connection.
TEST_F(CommandsTest, ContainersHaveHelp) {
  for (const char* container : {"CLIENT", "COMMAND", "CONFIG"}) {
    EXPECT_EQ(ask(std::string(container) + " HELP").front(), '*');
  }
  EXPECT_EQ(ask("CLUSTER SLOTS"), "-ERR This instance has cluster support disabled\r\n");
  EXPECT_FALSE(client->closed());
}

// Given no snapshot yet, when one is begun, then it is under way, a second one is refused and a
// scheduled one is not; afterwards INFO and LASTSAVE say what the replica does.
TEST_F(CommandsTest, SnapshotsAreBegunAndToldOf) {
  EXPECT_EQ(ask("LASTSAVE"), ":0\r\n");
  EXPECT_EQ(ask("BGSAVE"), "+Background saving started\r\n");
  EXPECT_EQ(number_after(ask("INFO persistence"), "rdb_bgsave_in_progress:"), 1);
  EXPECT_EQ(ask("BGSAVE"), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(ask("BGSAVE schedule"), "+Background saving scheduled\r\n");
  EXPECT_EQ(world.replica.snapshot_requests(), 2U);
  world.replica.end_snapshot(replica::SnapshotInfo{});
  world.replica.reported.saved_at = base::WallTime(std::chrono::milliseconds(1234567));
  world.replica.reported.last_snapshot_took = std::chrono::milliseconds(2500);
  world.replica.reported.commands_since_snapshot = 7;
  EXPECT_EQ(ask("LASTSAVE"), ":1234\r\n");
  const std::string info = ask("INFO persistence");
  EXPECT_EQ(number_after(info, "rdb_bgsave_in_progress:"), 0);
  EXPECT_EQ(number_after(info, "rdb_last_save_time:"), 1234);
  EXPECT_EQ(number_after(info, "rdb_last_bgsave_time_sec:"), 2);
  EXPECT_EQ(number_after(info, "rdb_current_bgsave_time_sec:"), -1);
  EXPECT_EQ(number_after(info, "rdb_changes_since_last_save:"), 7);
  EXPECT_NE(info.find("rdb_last_bgsave_status:ok\r\n"), std::string::npos);
  world.replica.reported.last_snapshot_failed = true;
  EXPECT_NE(ask("INFO persistence").find("rdb_last_bgsave_status:err\r\n"), std::string::npos);
}

// Given a replica without a disk, when a snapshot is to be begun in the background, then the client
// is told that there will be none.
TEST_F(CommandsTest, ABackgroundSaveThatCannotBeIsRefused) {
  world.replica.refuse_snapshots({Code::failed_precondition, "no disk"});
  EXPECT_EQ(ask("BGSAVE"), "-ERR no disk\r\n");
  EXPECT_EQ(ask("BGSAVE SCHEDULE"), "-ERR no disk\r\n");
}

// Given a backup, then its snapshot is described, in both protocols, its bytes are read, and it
// ends.
TEST_F(CommandsTest, ABackupIsReadPartByPart) {
  world.replica.backup_file = std::string("one\r\n\0two", 9);
  EXPECT_EQ(ask("RABIA.BACKUP BEGIN"), "");
  world.replica.end_snapshot(replica::SnapshotInfo{.round = 5,
                                                   .position = {3},
                                                   .digest = {1, 0xabc},
                                                   .bytes = 9,
                                                   .checksum = 0xfedcba9876543210,
                                                   .path = "secret"});
  world.settle();
  const std::string fields =
      "$2\r\nid\r\n:7\r\n$5\r\nround\r\n:5\r\n$8\r\nposition\r\n:3\r\n$5\r\nbytes\r\n:9\r\n"
      "$14\r\npart-bytes-max\r\n:1048576\r\n$8\r\nchecksum\r\n$16\r\nfedcba9876543210\r\n"
      "$6\r\ndigest\r\n$32\r\n00000000000000010000000000000abc\r\n";
  EXPECT_EQ(client->take(), "*14\r\n" + fields);
  EXPECT_EQ(ask("RABIA.BACKUP READ 7 0 4"), "$4\r\none\r\r\n");
  EXPECT_EQ(ask("RABIA.BACKUP READ 7 4 100"), std::string("$5\r\n\n\0two\r\n", 11));
  EXPECT_EQ(ask("RABIA.BACKUP END 7"), "+OK\r\n");
  ask("HELLO 3");
  ask("RABIA.BACKUP BEGIN");
  world.replica.end_snapshot(replica::SnapshotInfo{});
  world.settle();
  EXPECT_EQ(client->take().substr(0, 4), "%7\r\n");
}

// Given a backup that cannot be, or words that are no numbers, then an error.
TEST_F(CommandsTest, ABackupThatCannotBeIsRefused) {
  const std::string none = "-ERR no such backup\r\n";
  EXPECT_EQ(ask("RABIA.BACKUP READ 8 0 4"), none);
  EXPECT_EQ(ask("RABIA.BACKUP END 8"), none);
  const std::string not_an_integer = "-ERR value is not an integer or out of range\r\n";
  for (const char* words : {"READ x 0 1", "READ 7 -1 1", "READ 7 0 1x", "END -1"}) {
    EXPECT_EQ(ask(std::string("RABIA.BACKUP ") + words), not_an_integer) << words;
  }
  world.replica.refuse_snapshots({Code::failed_precondition, "no disk"});
  EXPECT_EQ(ask("RABIA.BACKUP BEGIN"), "-ERR no disk\r\n");
  EXPECT_EQ(ask("RABIA.BACKUP"), "-ERR wrong number of arguments for 'rabia.backup' command\r\n");
}

}  // namespace
}  // namespace rabia::server::testing
