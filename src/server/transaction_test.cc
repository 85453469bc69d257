// MULTI, EXEC, DISCARD, WATCH and UNWATCH, as a client sees them.
#include "server/transaction.h"

#include <gtest/gtest.h>

#include <string>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() : TransactionTest(ServerOptions{}) {}
  explicit TransactionTest(ServerOptions options) : world(std::move(options)) {
    world.let_replica_run();
    client = world.connect();
  }
  std::string ask(std::string_view lines) {
    return world.ask(*client, std::string(lines) + "\r\n");
  }

  ServerWorld world;
  std::unique_ptr<TestClient> client;
};

constexpr const char* aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";

// Given commands between MULTI and EXEC, then they wait, and are executed as one command of the
// log; a read sees the writes before it and not those behind.
TEST_F(TransactionTest, ExecutesAsOneCommandOfTheLog) {
  EXPECT_EQ(ask("MULTI"), "+OK\r\n");
  EXPECT_EQ(ask("INCR n\r\nGET n\r\nPING\r\nINCR n\r\nGET n"),
            "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(world.replica.writes_submitted(), 0U);
  EXPECT_EQ(ask("EXEC"), "*5\r\n:1\r\n$1\r\n1\r\n+PONG\r\n:2\r\n$1\r\n2\r\n");
  EXPECT_EQ(world.replica.writes_submitted(), 1U);
}

// Given a whole transaction and more in one pipeline, then its replies are in order.
TEST_F(TransactionTest, APipelineIsAnsweredInOrder) {
  EXPECT_EQ(ask("SET a 1\r\nMULTI\r\nGET a\r\nSET a 2\r\nEXEC\r\nGET a\r\nMULTI\r\nDEL a\r\nEXEC"),
            "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\n1\r\n+OK\r\n$1\r\n2\r\n"
            "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
}

// Given one that only reads, then nothing is written to the log; given none that needs the replica,
// then it is answered at once.
TEST_F(TransactionTest, ThatOnlyReadsWritesNothing) {
  ask("SET a 1");
  const std::uint64_t submitted = world.replica.writes_submitted();
  EXPECT_EQ(ask("MULTI\r\nGET a\r\nMGET a b\r\nECHO x\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
            "*3\r\n$1\r\n1\r\n*2\r\n$1\r\n1\r\n$-1\r\n$1\r\nx\r\n");
  EXPECT_EQ(ask("MULTI\r\nPING\r\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
  EXPECT_EQ(ask("MULTI\r\nEXEC"), "+OK\r\n*0\r\n");
  EXPECT_EQ(world.replica.writes_submitted(), submitted);
}

// Given a command that cannot be taken, then EXEC executes nothing.
TEST_F(TransactionTest, ThatIsSpoiltExecutesNothing) {
  for (const char* bad : {"BOGUS", "GET", "MULTI x", "HELLO 3", "WAIT 0 0", "SAVE"}) {
    EXPECT_EQ(ask("MULTI\r\nSET a 1"), "+OK\r\n+QUEUED\r\n");
    EXPECT_EQ(ask(bad).substr(0, 5), "-ERR ") << bad;
    EXPECT_EQ(ask("EXEC"), aborted) << bad;
  }
  EXPECT_EQ(ask("GET a"), "$-1\r\n");
}

// Given a command that fails when it is executed, or whose arguments make no sense, then the others
// are executed all the same, as in Redis.
TEST_F(TransactionTest, AFailureDoesNotUndoTheOthers) {
  EXPECT_EQ(
      ask("MULTI\r\nSET a x\r\nINCR a\r\nSET a y WRONG\r\nSET b 1\r\nEXEC"),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
      "*4\r\n+OK\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n+OK\r\n");
  EXPECT_EQ(ask("GET b"), "$1\r\n1\r\n");
}

// Given what ends a transaction or does not belong in one, then the errors are Redis's.
TEST_F(TransactionTest, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(ask("EXEC"), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(ask("DISCARD"), "-ERR DISCARD without MULTI\r\n");
  EXPECT_EQ(ask("MULTI\r\nMULTI\r\nSET a 1\r\nDISCARD\r\nGET a"),
            "+OK\r\n-ERR MULTI calls can not be nested\r\n+QUEUED\r\n+OK\r\n$-1\r\n");
  EXPECT_EQ(ask("MULTI\r\nSET a 1\r\nRESET\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+RESET\r\n-ERR EXEC without MULTI\r\n");
}

// Given a transaction that fails as a whole, then one error says whether to retry; the next one is
// not confused by it.
TEST_F(TransactionTest, FailsAsAWhole) {
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  const std::string reply = ask("MULTI\r\nGET a\r\nSET a 1\r\nEXEC");
  EXPECT_NE(reply.find("-ERR outcome unknown"), std::string::npos) << reply;
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  EXPECT_NE(ask("MULTI\r\nGET a\r\nEXEC").find("-CLUSTERDOWN"), std::string::npos);
  EXPECT_EQ(ask("MULTI\r\nGET a\r\nSET a 1\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$-1\r\n+OK\r\n");
}

// Given keys that are watched, when one of them changed before EXEC, by whomever and whether or not
// it has its old value again, then nothing is executed; otherwise all is, and nothing is watched
// any more.
TEST_F(TransactionTest, DependsOnWatchedKeys) {
  const auto other = world.connect();
  const auto by_other = [&](std::string_view lines) {
    world.ask(*other, std::string(lines) + "\r\n");
  };
  ask("SET a 1");
  const char* transaction = "MULTI\r\nINCR n\r\nEXEC";
  const std::string executed = "+OK\r\n+QUEUED\r\n*1\r\n:";
  const std::string refused = "+OK\r\n+QUEUED\r\n*-1\r\n";
  EXPECT_EQ(ask("WATCH a absent"), "+OK\r\n");
  EXPECT_EQ(ask(transaction), executed + "1\r\n");
  for (const char* change : {"SET a 1", "DEL a", "SET a 1", "APPEND a x", "SET absent 1",
                             "FLUSHALL", "SET a 1", "SETRANGE a 0 y", "GETDEL a"}) {
    ask("WATCH a absent");
    by_other(change);
    EXPECT_EQ(ask(transaction), refused) << change;
    if (std::string_view(change) == "SET absent 1") by_other("DEL absent");
  }
  EXPECT_EQ(ask(transaction), executed + "1\r\n");  // FLUSHALL took the 1.
  // Its own changes count too, but not those in the transaction.
  EXPECT_EQ(ask("WATCH n\r\nINCR n\r\nMULTI\r\nEXEC"), "+OK\r\n:2\r\n+OK\r\n*-1\r\n");
  EXPECT_EQ(ask("WATCH n\r\nMULTI\r\nINCR n\r\nINCR n\r\nEXEC"),
            "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:3\r\n:4\r\n");
}

// Given a key that was absent when it was watched, when it was set and is absent again at EXEC,
// then nothing is executed, as in Redis; what never brought it does not count, nor what comes when
// it is not watched any more.
TEST_F(TransactionTest, AKeyThatWasThereMeanwhileIsChanged) {
  const auto other = world.connect();
  const auto by_other = [&](std::string_view lines) {
    world.ask(*other, std::string(lines) + "\r\n");
  };
  const std::string executed = "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n";
  const std::string refused = "+OK\r\n+QUEUED\r\n*-1\r\n";
  const char* writes = "MULTI\r\nSET mark 1\r\nEXEC";
  const char* local = "MULTI\r\nSELECT 0\r\nEXEC";
  for (const char* transaction : {writes, local}) {
    for (const char* change : {"SET a 1\r\nDEL a", "SET b 1\r\nRENAME b a\r\nDEL a",
                               "SET b 1\r\nCOPY b a\r\nFLUSHALL", "INCR a\r\nGETDEL a"}) {
      ask("WATCH x a");
      by_other(change);
      EXPECT_EQ(ask(transaction), refused) << change;
      EXPECT_EQ(ask(transaction), executed) << change;
    }
    for (const char* change :
         {"SET b 1\r\nDEL b", "DEL a\r\nSET a 1 XX", "FLUSHALL", "SET b 1\r\nRENAME b c"}) {
      ask("WATCH x a");
      by_other(change);
      EXPECT_EQ(ask(transaction), executed) << change;
    }
    for (const char* end : {"UNWATCH", "MULTI\r\nDISCARD", "MULTI\r\nEXEC", "RESET"}) {
      ask("WATCH a");
      by_other("SET a 1\r\nDEL a");
      ask(end);
      EXPECT_EQ(ask(transaction), executed) << end;
    }
  }
  // Two that watch the same, of which one goes away.
  ask("WATCH a");
  const auto third = world.connect();
  world.ask(*third, "WATCH a\r\n");
  third->disconnect();
  world.settle();
  by_other("SET a 1\r\nDEL a");
  EXPECT_EQ(ask(writes), refused);
  // One that is due, and removed later, was absent all the time.
  by_other("SET a 1 PXAT 5000");
  for (int i = 0; i < 1'000; ++i) by_other("SET d" + std::to_string(i) + " 1 PXAT 4999");
  world.replica.log_clock = {5000};
  by_other("PING\r\nSET other 1");
  ASSERT_EQ(world.machine.store().size(), 3U);  // c, other, and what is due.
  ask("WATCH a");
  by_other("SET other 2");
  ASSERT_EQ(world.machine.store().size(), 2U);
  EXPECT_EQ(ask(writes), executed);
}

// Given what ends a watch, then EXEC does not depend on it; what only reads, or needs no replica,
// depends on what is watched as well.
TEST_F(TransactionTest, WatchEndsAndCoversWhatWritesNothing) {
  for (const char* end :
       {"UNWATCH", "MULTI\r\nDISCARD", "MULTI\r\nEXEC", "MULTI\r\nBOGUS\r\nEXEC", "RESET"}) {
    ask("WATCH a");
    ask(end);
    EXPECT_EQ(ask("SET a 1\r\nMULTI\r\nEXEC"), "+OK\r\n+OK\r\n*0\r\n") << end;
  }
  EXPECT_EQ(ask("WATCH a\r\nSET a 2\r\nMULTI\r\nGET a\r\nEXEC"),
            "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  EXPECT_EQ(ask("WATCH a\r\nMULTI\r\nGET a\r\nEXEC"), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n2\r\n");
  EXPECT_EQ(ask("WATCH a\r\nSET a 2\r\nMULTI\r\nPING\r\nEXEC"),
            "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  EXPECT_EQ(ask("WATCH a\r\nMULTI\r\nSET a 3\r\nUNWATCH\r\nEXEC"),
            "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(ask("MULTI\r\nWATCH a\r\nPING\r\nEXEC"),
            "+OK\r\n-ERR WATCH inside MULTI is not allowed\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
  ask("HELLO 3");
  EXPECT_EQ(ask("WATCH a\r\nSET a 2\r\nMULTI\r\nPING\r\nEXEC"),
            "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n_\r\n");
}

// Given a client that went away between EXEC and its answer, then nothing is left of it.
TEST_F(TransactionTest, ItsClientMayBeGone) {
  world.replica.on_work = nullptr;
  ask("MULTI\r\nSET a 1\r\nEXEC");
  client->disconnect();
  world.settle();
  world.replica.run();
  world.let_replica_run();
  const auto other = world.connect();
  EXPECT_EQ(world.ask(*other, "GET a\r\n"), "$1\r\n1\r\n");
}

class SmallTransactionTest : public TransactionTest {
 protected:
  SmallTransactionTest() : TransactionTest(small()) {}
  static ServerOptions small() {
    ServerOptions options;
    options.key_bytes_max = 512;
    options.value_bytes_max = 2048;
    options.command_bytes_max = 4096;
    return options;
  }
};

// Given more than one command may hold, then it is said at once, and nothing is executed.
TEST_F(SmallTransactionTest, IsBounded) {
  ask("MULTI");
  std::string last;
  for (int i = 0; i < 8 && !last.starts_with("-ERR the transaction is larger"); ++i) {
    last = ask("SET k" + std::to_string(i) + " " + std::string(1000, 'x'));
  }
  EXPECT_TRUE(last.starts_with("-ERR the transaction is larger than 4096 bytes")) << last;
  EXPECT_EQ(ask("EXEC"), aborted);
  EXPECT_EQ(ask("DBSIZE"), ":0\r\n");
}

// Given a disk that is nearly full, when EXEC comes for what makes data grow, then it is refused.
TEST_F(TransactionTest, IsRefusedWhileTheDiskIsNearlyFull) {
  ask("MULTI\r\nSET a 1");
  world.replica.disk_status = {.room = replica::DiskStatus::Room::low};
  EXPECT_TRUE(ask("EXEC").starts_with("-DISKFULL "));
  EXPECT_EQ(ask("EXEC"), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(ask("MULTI\r\nDEL a\r\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n:0\r\n");
}

// Given RESP3, then what is read in a transaction is in it too.
TEST_F(TransactionTest, SpeaksTheProtocolOfItsClient) {
  ask("HELLO 3");
  EXPECT_EQ(ask("MULTI\r\nSET a 1\r\nGET b\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n_\r\n");
}

}  // namespace
}  // namespace rabia::server::testing
