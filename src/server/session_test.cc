// How a session orders, pauses, fails and ends.
#include "server/session.h"

#include <gtest/gtest.h>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view not_executed =
    "-CLUSTERDOWN The cluster has no quorum: the command was not executed\r\n";
constexpr std::string_view outcome_unknown =
    "-ERR outcome unknown: the command may or may not have been executed; read before "
    "retrying\r\n";

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string bulk(std::string_view bytes) {
  return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
}

// Given a pipeline of writes, reads, local commands and errors, when the replica answers late, then
// the replies are in the order of the commands.
TEST(Session, RepliesAreInTheOrderOfCommands) {
  ServerWorld world;
  const auto client = world.connect();
  client->send("SET k 1\r\nGET k\r\nPING\r\nINCR k\r\nBOGUS\r\nGET k\r\nECHO x\r\n");
  world.settle();
  EXPECT_EQ(client->take(), "");
  for (int i = 0; i < 5; ++i) {
    world.replica.run();
    world.settle();
  }
  EXPECT_EQ(client->take(),
            "+OK\r\n$1\r\n1\r\n+PONG\r\n:2\r\n"
            "-ERR unknown command 'BOGUS', with args beginning with: \r\n$1\r\n2\r\n$1\r\nx\r\n");
}

// Given a batch that is not decided, when the client sends more, then nothing is submitted until it
// is accepted again.
TEST(Session, NothingIsSubmittedWhileABatchIsUndecided) {
  ServerWorld world;
  const auto client = world.connect();
  client->send("SET a 1\r\n");
  world.settle();
  world.replica.cut();
  client->send("SET b 2\r\nSET c 3\r\n");
  world.settle();
  EXPECT_EQ(world.replica.writes_submitted(), 1U);
  world.replica.execute();
  EXPECT_EQ(world.replica.writes_submitted(), 3U);
  world.replica.run();
  world.settle();
  EXPECT_EQ(client->take(), "+OK\r\n+OK\r\n+OK\r\n");
}

// Given items that fail, when answered, then the reply says whether to retry; a read, which changes
// nothing, is never of unknown outcome. INFO counts both.
TEST(Session, FailuresSayWhatToDo) {
  ServerWorld world;
  world.let_replica_run();
  const auto client = world.connect();
  world.replica.fail_next(1, replica::Failure::not_executed);
  EXPECT_EQ(world.ask(*client, "SET k v\r\n"), not_executed);
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  EXPECT_EQ(world.ask(*client, "SET k v\r\n"), outcome_unknown);
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  EXPECT_EQ(world.ask(*client, "GET k\r\n"), not_executed);
  EXPECT_EQ(world.ask(*client, "GET k\r\n"), "$-1\r\n");
  const std::string info = world.ask(*client, "INFO rabia\r\n");
  EXPECT_EQ(number_after(info, "items_not_executed:"), 2);
  EXPECT_EQ(number_after(info, "outcomes_unknown:"), 1);
}

// Given a replica that accepts nothing, when local commands come, then they are served; others
// wait.
TEST(Session, LocalCommandsNeedNoReplica) {
  ServerWorld world;
  world.let_replica_run();
  const auto client = world.connect();
  world.replica.set_accepting(false);
  EXPECT_EQ(world.ask(*client, "PING\r\nSET k v\r\nPING\r\n"), "+PONG\r\n");
  world.replica.set_accepting(true);
  world.settle();
  EXPECT_EQ(client->take(), "+OK\r\n+PONG\r\n");
}

// Given a client whose commands must wait, when it sends on and on, then the server takes a bounded
// number of bytes, and serves everything when it may.
TEST(Session, WaitingCommandsPushBack) {
  ServerWorld world;
  world.network.set_buffer_bytes(64 << 10);
  const auto client = world.connect();
  const auto observer = world.connect();
  world.replica.set_accepting(false);
  const std::string request = "ECHO " + std::string(1000, 'x') + "\r\n";
  client->send("GET k\r\n" + repeated(request, 1000));
  world.settle();
  const std::string list = world.ask(*observer, "CLIENT LIST ID 1\r\n");
  EXPECT_GT(number_after(list, "qbuf="), 0);
  EXPECT_LT(number_after(list, "qbuf="), 200'000);
  EXPECT_GT(client->unsent(), 500'000U);
  world.let_replica_run();
  world.replica.set_accepting(true);
  world.executor.run_for(milliseconds(200));
  EXPECT_EQ(client->take(), "$-1\r\n" + repeated(bulk(std::string(1000, 'x')), 1000));
}

// Given a client that does not read, when its replies pile up, then its commands wait; when it
// reads again, then all replies come.
TEST(Session, RepliesNotTakenPauseTheClient) {
  ServerOptions options;
  options.output_bytes_pause = 10'000;
  ServerWorld world(options);
  world.network.set_buffer_bytes(4096);
  world.let_replica_run();
  const auto client = world.connect();
  world.ask(*client, "SET k " + std::string(1000, 'v') + "\r\n");
  client->stop_reading();
  client->send(repeated("GET k\r\n", 100));
  world.settle();
  client->send(repeated("GET k\r\n", 200));
  world.settle();
  const auto observer = world.connect();
  const std::string list = world.ask(*observer, "CLIENT LIST ID 1\r\n");
  EXPECT_GT(number_after(list, "omem="), 10'000);
  EXPECT_EQ(number_after(list, "qbuf="), 200 * 7);
  client->go_on_reading();
  world.executor.run_for(milliseconds(2000));
  EXPECT_EQ(client->take(), repeated(bulk(std::string(1000, 'v')), 300));
}

// Given a pipeline of local commands whose replies are far above the pause, when the client reads,
// then every reply comes without the replica's help.
TEST(Session, LocalRepliesAboveThePauseAllCome) {
  ServerOptions options;
  options.output_bytes_pause = 1000;
  ServerWorld world(options);
  const auto client = world.connect();
  const std::string text(500, 'x');
  client->send(repeated("ECHO " + text + "\r\n", 200));
  world.executor.run_for(milliseconds(200));
  EXPECT_EQ(client->take(), repeated(bulk(text), 200));
}

// Given replies above the limit that a client does not take, then it is cut, counted, and the
// others are served.
TEST(Session, AClientThatTakesNothingIsCut) {
  ServerOptions options;
  options.output_bytes_pause = 50'000;
  options.output_bytes_max = 100'000;
  ServerWorld world(options);
  world.network.set_buffer_bytes(1000);
  world.let_replica_run();
  const auto client = world.connect();
  const auto other = world.connect();
  world.ask(*client, "SET k " + std::string(30'000, 'v') + "\r\n");
  world.settle();
  client->stop_reading();
  client->send("MGET k k k k k\r\n");
  world.settle();
  const std::string info = world.ask(*other, "INFO clients rabia\r\n");
  EXPECT_EQ(number_after(info, "connected_clients:"), 1);
  EXPECT_EQ(number_after(info, "clients_cut:"), 1);
}

// Given bytes that are not the protocol, behind commands under way, then their replies come first,
// then the error, then the end.
TEST(Session, AProtocolErrorEndsTheConnectionAfterItsReplies) {
  ServerWorld world;
  const auto client = world.connect();
  client->send("SET k v\r\n*1\r\n!\r\nPING\r\n");
  world.settle();
  EXPECT_EQ(client->take(), "");
  world.replica.run();
  world.settle();
  EXPECT_EQ(client->take(), "+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n");
  EXPECT_TRUE(client->closed());
}

// Given an argument or a key above the limits, then one error, and the connection goes on.
TEST(Session, WhatIsTooLargeIsRefusedAndTheConnectionStays) {
  ServerOptions options;
  options.key_bytes_max = 10;
  options.value_bytes_max = 1000;
  ServerWorld world(options);
  world.let_replica_run();
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1001\r\n" + std::string(1001, 'v') +
                                   "\r\nPING\r\n"),
            "-ERR argument of 1001 bytes is too large: at most 1000 are accepted, nothing was "
            "executed\r\n+PONG\r\n");
  EXPECT_EQ(world.ask(*client, "SET 12345678901 v\r\nGET k\r\n"),
            "-ERR key of 11 bytes is too large: at most 10 are accepted\r\n$-1\r\n");
}

// Given one stream of commands, when it arrives in pieces of a few bytes, then the same replies.
TEST(Session, PiecesDoNotChangeReplies) {
  const std::string stream =
      "SET k 'a b'\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nINCR n\r\nINCR n\r\nPING\r\nMGET k n x\r\n";
  std::string replies[2];
  for (const std::size_t piece : {1U, 100'000U}) {
    ServerWorld world;
    world.let_replica_run();
    world.network.set_piece_bytes_max(piece);
    const auto client = world.connect();
    client->send(stream);
    world.executor.run_for(milliseconds(500));
    replies[piece == 1 ? 0 : 1] = client->take();
  }
  EXPECT_EQ(replies[0], replies[1]);
  EXPECT_EQ(replies[1],
            "+OK\r\n$3\r\na b\r\n:1\r\n:2\r\n+PONG\r\n*3\r\n$3\r\na b\r\n$1\r\n2\r\n$-1\r\n");
}

// Given WAIT, when enough peers hold everything, then their number; a pipeline behind it waits,
// another client does not.
TEST(Session, WaitIsAnsweredWhenPeersHoldEverything) {
  ServerWorld world;
  const auto client = world.connect();
  const auto other = world.connect();
  EXPECT_EQ(world.ask(*client, "WAIT 2 0\r\nPING\r\n"), "");
  EXPECT_EQ(world.ask(*other, "PING\r\n"), "+PONG\r\n");
  world.replica.peers_holding = 1;
  world.settle();
  EXPECT_EQ(client->take(), "");
  world.replica.peers_holding = 2;
  world.settle();
  EXPECT_EQ(client->take(), ":2\r\n+PONG\r\n");
}

// Given WAIT for more than there are, when its time is over, then the most that were seen.
TEST(Session, WaitEndsAtItsTimeout) {
  ServerWorld world;
  const auto client = world.connect();
  client->send("WAIT 5 100\r\n");
  world.replica.peers_holding = 2;
  world.settle();
  world.replica.peers_holding = 0;  // New writes that they do not hold yet.
  world.executor.run_for(milliseconds(70));
  EXPECT_EQ(client->take(), "");
  world.executor.run_for(milliseconds(30));
  EXPECT_EQ(client->take(), ":2\r\n");
}

const Result<replica::SnapshotInfo> taken{replica::SnapshotInfo{}};

// Given a command that is answered later, in the midst of a pipeline, then it begins when
// everything before it is answered, nothing behind it does before it is, and replies are in order;
// another client is served meanwhile.
TEST(Session, NothingOvertakesADeferredCommand) {
  ServerWorld world;
  const auto client = world.connect();
  const auto other = world.connect();
  client->send("SET k v\r\nSAVE\r\nPING\r\nSET k w\r\n");
  world.settle();
  EXPECT_EQ(world.replica.snapshot_requests(), 0U);
  world.replica.run();
  world.settle();
  EXPECT_EQ(world.replica.snapshot_requests(), 1U);
  EXPECT_EQ(client->take(), "+OK\r\n");
  EXPECT_EQ(world.ask(*other, "PING\r\n"), "+PONG\r\n");
  EXPECT_EQ(number_after(world.ask(*other, "INFO clients\r\n"), "blocked_clients:"), 1);
  EXPECT_EQ(world.replica.writes_submitted(), 1U);
  world.replica.end_snapshot(taken);
  world.settle();
  EXPECT_EQ(client->take(), "+OK\r\n+PONG\r\n");
  EXPECT_EQ(world.replica.writes_submitted(), 2U);
  EXPECT_EQ(number_after(world.ask(*other, "INFO clients\r\n"), "blocked_clients:"), 0);
}

// Given a deferred command that is answered inside its own call, then the pipeline goes on.
TEST(Session, ADeferredCommandMayBeAnsweredAtOnce) {
  ServerWorld world;
  world.replica.refuse_snapshots({Code::failed_precondition, "no disk"});
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "SAVE\r\nSAVE\r\nPING\r\n"),
            "-ERR no disk\r\n-ERR no disk\r\n+PONG\r\n");
}

// Given a client that went away, or was killed, with a deferred command under way, or a server that
// did, when it is answered, then nothing happens.
TEST(Session, ADeferredReplyToNobodyIsDropped) {
  ServerWorld world;
  const auto gone = world.connect();
  const auto killed = world.connect();
  const auto left = world.connect();
  const auto other = world.connect();
  for (const auto* client : {&gone, &killed, &left}) (*client)->send("SAVE\r\nPING\r\n");
  world.settle();
  gone->disconnect();
  world.settle();
  other->send("CLIENT KILL ID 2\r\n");
  world.executor.run_for(milliseconds(1));
  EXPECT_EQ(world.replica.snapshot_requests(), 3U);
  world.server.reset();
  world.replica.end_snapshot(taken);
  world.settle();
  EXPECT_EQ(killed->take(), "");
  EXPECT_EQ(left->take(), "");
}

// Given CLIENT REPLY SKIP before a deferred command, then its reply alone is left out.
TEST(Session, ADeferredReplyCanBeLeftOut) {
  ServerWorld world;
  const auto client = world.connect();
  client->send("CLIENT REPLY SKIP\r\nSAVE\r\nPING\r\n");
  world.settle();
  world.replica.end_snapshot(taken);
  world.settle();
  EXPECT_EQ(client->take(), "+PONG\r\n");
}

// Given a client that waits for a deferred command, when it sends on and on, then the server takes
// a bounded number of bytes, and serves everything when it may.
TEST(Session, WhatComesBehindADeferredCommandIsPushedBack) {
  ServerWorld world;
  world.network.set_buffer_bytes(64 << 10);
  const auto client = world.connect();
  const std::string text(1000, 'x');
  client->send("SAVE\r\n" + repeated("ECHO " + text + "\r\n", 1000));
  world.settle();
  EXPECT_GT(client->unsent(), 500'000U);
  world.replica.end_snapshot(taken);
  world.executor.run_for(milliseconds(200));
  EXPECT_EQ(client->take(), "+OK\r\n" + repeated(bulk(text), 1000));
}

// Given CLIENT REPLY OFF or SKIP, when writes and reads are under way, then theirs are left out
// too.
TEST(Session, RepliesCanBeLeftOut) {
  ServerWorld world;
  world.let_replica_run();
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "CLIENT REPLY SKIP\r\nSET k v\r\nGET k\r\n"), "$1\r\nv\r\n");
  EXPECT_EQ(world.ask(*client, "CLIENT REPLY OFF\r\nSET k w\r\nPING\r\nBOGUS\r\nGET k\r\n"), "");
  EXPECT_EQ(world.ask(*client, "CLIENT REPLY ON\r\nGET k\r\n"), "+OK\r\n$1\r\nw\r\n");
}

// Given WATCH without its reply, then EXEC depends on it all the same; and RABIA.WATCH tells.
TEST(Session, WatchesAreMadeWithoutReplies) {
  ServerWorld world;
  world.let_replica_run();
  const auto client = world.connect();
  const auto other = world.connect();
  world.ask(*client, "CLIENT REPLY SKIP\r\nWATCH k\r\n");
  world.ask(*other, "SET k x\r\n");
  world.ask(*client, "MULTI\r\nSET k y\r\n");
  EXPECT_EQ(world.ask(*client, "EXEC\r\n"), "*-1\r\n");
  EXPECT_EQ(world.ask(*client, "CLIENT REPLY OFF\r\nRABIA.WATCH KEY k\r\n"), "");
  world.ask(*other, "SET k z\r\n");
  EXPECT_NE(client->take().find("rabia.event"), std::string::npos);
}

// Given a client that goes away with commands under way, then the replica is told, and goes on.
TEST(Session, ADepartedClientIsForgotten) {
  ServerWorld world;
  const auto client = world.connect();
  const auto other = world.connect();
  client->send("SET k v\r\n");
  world.settle();
  world.replica.cut();
  client->disconnect();
  world.settle();
  EXPECT_EQ(world.replica.clients(), 2U);
  world.replica.execute();
  world.let_replica_run();
  EXPECT_EQ(world.ask(*other, "GET k\r\n"), "$1\r\nv\r\n");
}

// Given a client that is killed with commands under way, then nothing more is written to it.
TEST(Session, AKilledClientGetsNothingMore) {
  ServerWorld world;
  const auto client = world.connect();
  const auto other = world.connect();
  client->send("SET k v\r\n");
  world.settle();
  other->send("CLIENT KILL ID 1\r\n");
  world.executor.run_for(milliseconds(1));
  world.replica.run();
  world.settle();
  EXPECT_EQ(other->take(), ":1\r\n");
  EXPECT_EQ(client->take(), "");
  EXPECT_TRUE(client->closed());
  EXPECT_EQ(world.replica.clients(), 2U);
}

// Given a large request and a large reply that are done with, then the session holds little memory.
TEST(Session, AnIdleSessionHoldsLittle) {
  ServerWorld world;
  world.let_replica_run();
  const auto client = world.connect();
  world.ask(*client, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + bulk(std::string(1'000'000, 'v')));
  world.ask(*client, "GET k\r\n");
  const auto observer = world.connect();
  const std::string list = world.ask(*observer, "CLIENT LIST ID 1\r\n");
  EXPECT_LT(number_after(list, "tot-mem="), 4096);
}

// Given HTTP, which a browser may have been made to send, then the connection ends without a reply.
TEST(Session, HttpIsCut) {
  ServerWorld world;
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "POST / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n"), "");
  EXPECT_TRUE(client->closed());
  EXPECT_EQ(world.replica.writes_submitted(), 0U);
}

}  // namespace
}  // namespace rabia::server::testing
