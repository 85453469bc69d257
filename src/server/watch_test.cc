// RABIA.WATCH and its kin, as a client sees them.
#include <gtest/gtest.h>

#include <string>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() : WatchTest(ServerOptions{}) {}
  explicit WatchTest(ServerOptions options) : world(std::move(options)) {
    world.let_replica_run();
    writer = world.connect();
    watcher = world.connect();
    world.ask(*watcher, "HELLO 3\r\n");
  }
  std::string ask(std::string_view lines) {
    return world.ask(*writer, std::string(lines) + "\r\n");
  }
  std::string watch(std::string_view line) {
    return world.ask(*watcher, std::string(line) + "\r\n");
  }
  std::string pushed() {
    world.settle();
    return watcher->take();
  }

  ServerWorld world;
  std::unique_ptr<TestClient> writer;
  std::unique_ptr<TestClient> watcher;
};

// A push, from its words: numbers begin with ':'.
std::string push(std::initializer_list<std::string_view> words, char kind = '>') {
  std::string text = kind + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    if (word.starts_with(":") || word == "_") {
      text.append(word).append("\r\n");
    } else {
      text += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
    }
  }
  return text;
}

// Given a watch of everything, then every change is told, once and in order, with what was asked.
TEST_F(WatchTest, TellsEveryChange) {
  EXPECT_EQ(watch("RABIA.WATCH VALUES OLDVALUES"), "*2\r\n:1\r\n:0\r\n");
  ask("SET a 1\r\nSET a 2 PXAT 5000\r\nRENAME a b\r\nPERSIST b\r\nDEL b");
  EXPECT_EQ(pushed(), push({"rabia.event", "1", ":1", "set", "a", "value", "1", "old", "_"}) +
                          push({"rabia.event", "1", ":2", "set", "a", "value", "2", "old", "1",
                                "deadline", ":5000"}) +
                          push({"rabia.event", "1", ":3", "renamed", "a", "to", "b", "value", "2",
                                "old", "_", "deadline", ":5000"}) +
                          push({"rabia.event", "1", ":4", "deadline", "b", "value", "2"}) +
                          push({"rabia.event", "1", ":5", "deleted", "b", "old", "2"}));
  ask("MSET a 1 b 2\r\nFLUSHALL\r\nFLUSHALL\r\nDEL a\r\nSET a 1 XX");
  EXPECT_EQ(pushed(), push({"rabia.event", "1", ":6", "set", "a", "value", "1", "old", "_"}) +
                          push({"rabia.event", "1", ":7", "set", "b", "value", "2", "old", "_"}) +
                          push({"rabia.event", "1", ":8", "cleared", "", "keys", ":2"}));
}

// Given watches of a key and of prefixes, then each hears of its own, also by either name of a key
// that is renamed, and once; and all hear of a clear.
TEST_F(WatchTest, TellsWhatMatches) {
  watch("RABIA.WATCH KEY a1");
  watch("RABIA.WATCH PREFIX a");
  watch("RABIA.WATCH PREFIX b:");
  ask("SET a1 x\r\nSET a2 x\r\nSET c x");
  EXPECT_EQ(pushed(), push({"rabia.event", "1", ":1", "set", "a1"}) +
                          push({"rabia.event", "2", ":1", "set", "a1"}) +
                          push({"rabia.event", "2", ":2", "set", "a2"}));
  ask("RENAME a1 b:1\r\nRENAME a2 a3");
  EXPECT_EQ(pushed(), push({"rabia.event", "1", ":4", "renamed", "a1", "to", "b:1"}) +
                          push({"rabia.event", "2", ":4", "renamed", "a1", "to", "b:1"}) +
                          push({"rabia.event", "2", ":5", "renamed", "a2", "to", "a3"}) +
                          push({"rabia.event", "3", ":4", "renamed", "a1", "to", "b:1"}));
  EXPECT_EQ(watch("RABIA.UNWATCH 2\r\nRABIA.UNWATCH 2\r\nRABIA.UNWATCH 99"), ":1\r\n:0\r\n:0\r\n");
  ask("FLUSHALL");
  EXPECT_EQ(pushed(), push({"rabia.event", "1", ":6", "cleared", "", "keys", ":3"}) +
                          push({"rabia.event", "3", ":6", "cleared", "", "keys", ":3"}));
  EXPECT_EQ(watch("RABIA.UNWATCH"), ":2\r\n");
  ask("SET a1 x");
  EXPECT_EQ(pushed(), "");
}

// Given a client that comes back, then it goes on behind the revision that it gives, without gap or
// repetition, and into what happens then.
TEST_F(WatchTest, GoesOnFromARevision) {
  ask("SET a 1\r\nSET b 1\r\nSET a 2");
  EXPECT_EQ(watch("RABIA.WATCH FROM 1"), "*2\r\n:1\r\n:1\r\n" +
                                             push({"rabia.event", "1", ":2", "set", "b"}) +
                                             push({"rabia.event", "1", ":3", "set", "a"}));
  ask("SET c 1");
  EXPECT_EQ(pushed(), push({"rabia.event", "1", ":4", "set", "c"}));
  EXPECT_TRUE(watch("RABIA.WATCH FROM 5").starts_with("-ERR revision 5 has not come yet"));
  EXPECT_EQ(watch("RABIA.REVISION\r\nRABIA.GET a\r\nRABIA.GET none"),
            ":4\r\n*2\r\n$1\r\n2\r\n:3\r\n_\r\n");
}

// Given very many changes at once, more than are noted for a watch, then all are told in order.
TEST_F(WatchTest, TellsManyAtOnce) {
  watch("RABIA.WATCH PREFIX k");
  std::string lines;
  for (int i = 0; i < 5'000; ++i) lines += "SET k" + std::to_string(i) + " v\r\nSET other v\r\n";
  world.ask(*writer, lines);
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    const std::string revision = ":" + std::to_string(2 * i + 1);
    expected += push({"rabia.event", "1", revision, "set", "k" + std::to_string(i)});
  }
  std::string seen;
  for (int i = 0; i < 100 && seen.size() < expected.size(); ++i) seen += pushed();
  EXPECT_EQ(seen, expected);
}

class SmallHistoryTest : public WatchTest {
 protected:
  SmallHistoryTest() : WatchTest(small()) {}
  static ServerOptions small() {
    ServerOptions options;
    options.notification_history_bytes = 1;  // One block, in which some hundred changes are.
    options.output_bytes_pause = 2'000;
    return options;
  }
};

// Given a watcher that takes nothing while more happens than is kept, then it is told that it has
// lost some, and goes on behind that, in order; nobody else is held up.
TEST_F(SmallHistoryTest, WhoIsSlowIsToldWhatItLost) {
  watch("RABIA.WATCH VALUES");
  world.network.set_buffer_bytes(4096);
  watcher->stop_reading();
  const std::string large(1'000, 'x');
  for (int i = 0; i < 500; ++i) ask("SET k" + std::to_string(i) + " " + large);
  world.settle();
  watcher->go_on_reading();
  std::string seen;
  for (int i = 0; i < 200; ++i) {
    world.executor.run_for(std::chrono::milliseconds(10));
    seen += watcher->take();
  }
  EXPECT_NE(seen.find("rabia.lagged"), std::string::npos);
  EXPECT_NE(seen.find(":1\r\n"), std::string::npos);
  EXPECT_TRUE(seen.ends_with(push({"rabia.event", "1", ":500", "set", "k499", "value", large})));
  // Behind the gap every change comes once, in order.
  const std::size_t gap = seen.rfind("rabia.lagged");
  const std::size_t number = seen.find(':', gap);
  std::string expected;
  for (int revision = std::stoi(seen.substr(number + 1)) + 1; revision <= 500; ++revision) {
    expected += push({"rabia.event", "1", ":" + std::to_string(revision), "set",
                      "k" + std::to_string(revision - 1), "value", large});
  }
  EXPECT_EQ(seen.substr(seen.find("\r\n", number) + 2), expected);
}

// Given a revision below what is kept, then it is refused with the oldest there is.
TEST_F(SmallHistoryTest, WhatIsNotKeptIsCompacted) {
  const std::string large(1'000, 'x');
  for (int i = 0; i < 500; ++i) ask("SET k " + large);
  const std::string error = watch("RABIA.WATCH FROM 3");
  ASSERT_TRUE(error.starts_with("-COMPACTED the changes up to revision ")) << error;
  const std::string oldest = error.substr(38, error.find(' ', 38) - 38);
  EXPECT_TRUE(watch("RABIA.WATCH FROM " + oldest).starts_with("*2\r\n:1\r\n:" + oldest + "\r\n"));
  EXPECT_TRUE(watch("RABIA.EVENTS FROM 3").starts_with("-COMPACTED "));
}

// Given RABIA.EVENTS, then it pages through the changes that match.
TEST_F(WatchTest, EventsPagesThroughChanges) {
  ask("SET a 1\r\nSET b 1\r\nSET a 2\r\nSET a 3");
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 COUNT 2 PREFIX a VALUES"),
            "*2\r\n:3\r\n*2\r\n" + push({":1", "set", "a", "value", "1"}, '*') +
                push({":3", "set", "a", "value", "2"}, '*'));
  EXPECT_EQ(watch("RABIA.EVENTS FROM 3 KEY a"),
            "*2\r\n:4\r\n*1\r\n" + push({":4", "set", "a"}, '*'));
  EXPECT_EQ(watch("RABIA.EVENTS FROM 4"), "*2\r\n:4\r\n*0\r\n");
  for (const char* wrong :
       {"RABIA.EVENTS FROM x", "RABIA.EVENTS COUNT 3", "RABIA.EVENTS FROM 0 COUNT 0",
        "RABIA.WATCH PREFIX", "RABIA.WATCH BOGUS", "RABIA.WATCH COUNT 3"}) {
    EXPECT_TRUE(watch(wrong).starts_with("-ERR ")) << wrong;
  }
}

// Given BLOCK, when nothing matches, then the answer comes with the first change that does, from
// whomever; what the client sends behind it waits, and other clients do not.
TEST_F(WatchTest, EventsWaitForAChangeThatMatches) {
  ask("SET a 1");
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 BLOCK 0"),
            "*2\r\n:1\r\n*1\r\n" + push({":1", "set", "a"}, '*'));
  EXPECT_EQ(watch("PING\r\nRABIA.EVENTS FROM 1 PREFIX b BLOCK 0 VALUES\r\nGET b\r\nPING"),
            "+PONG\r\n");
  EXPECT_EQ(ask("SET a 2\r\nGET a"), "+OK\r\n$1\r\n2\r\n");
  EXPECT_NE(ask("CLIENT LIST").find(" flags=b"), std::string::npos);
  EXPECT_EQ(watch("PING"), "");
  ask("MULTI\r\nSET b1 x\r\nSET b2 y\r\nSET b 3\r\nEXEC");
  EXPECT_EQ(pushed(), "*2\r\n:5\r\n*3\r\n" + push({":3", "set", "b1", "value", "x"}, '*') +
                          push({":4", "set", "b2", "value", "y"}, '*') +
                          push({":5", "set", "b", "value", "3"}, '*') +
                          "$1\r\n3\r\n+PONG\r\n+PONG\r\n");
  ask("SET b 4");
  EXPECT_EQ(pushed(), "");
}

// Given a time to wait at most, when that is over, then nothing is answered, with the revision up
// to which that is so.
TEST_F(WatchTest, EventsWaitNoLongerThanAsked) {
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 KEY b BLOCK 1000"), "");
  ask("SET a 1\r\nSET a 2");
  world.executor.run_for(std::chrono::milliseconds(900));
  EXPECT_EQ(watcher->take(), "");
  world.executor.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(watcher->take(), "*2\r\n:2\r\n*0\r\n");
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 COUNT 1 BLOCK 1000"),
            "*2\r\n:1\r\n*1\r\n" + push({":1", "set", "a"}, '*'));
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 BLOCK -1"), "-ERR timeout is negative\r\n");
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 BLOCK x"),
            "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(watch("RABIA.WATCH BLOCK 1"), "-ERR syntax error\r\n");
}

// Given a transaction, or a reply that is left out, then nobody waits.
TEST_F(WatchTest, EventsDoNotWaitWhereNobodyCould) {
  EXPECT_EQ(watch("MULTI\r\nRABIA.EVENTS FROM 0 BLOCK 0\r\nEXEC\r\nPING"),
            "+OK\r\n+QUEUED\r\n*1\r\n*2\r\n:0\r\n*0\r\n+PONG\r\n");
  EXPECT_EQ(watch("CLIENT REPLY SKIP\r\nRABIA.EVENTS FROM 0 BLOCK 0\r\nPING"), "+PONG\r\n");
  world.replica.fail_next(1, replica::Failure::not_executed);
  EXPECT_TRUE(watch("RABIA.EVENTS FROM 0 BLOCK 0\r\nPING").ends_with("executed\r\n+PONG\r\n"));
}

// Given clients that wait, when they go away, are killed, or the server ends, then nothing is left
// of them.
TEST_F(WatchTest, WhoWaitsMayGoAway) {
  const auto killed = world.connect();
  const auto staying = world.connect();
  for (const auto& client : {watcher.get(), killed.get(), staying.get()}) {
    EXPECT_EQ(world.ask(*client, "RABIA.EVENTS FROM 0 BLOCK 500\r\n"), "");
  }
  watcher->disconnect();
  EXPECT_EQ(ask("CLIENT KILL ID 3"), ":1\r\n");
  EXPECT_EQ(number_after(ask("INFO clients"), "blocked_clients:"), 1);
  ask("SET a 1");
  world.settle();
  EXPECT_EQ(staying->take(), "*2\r\n:1\r\n*1\r\n" + push({":1", "set", "a"}, '*'));
  EXPECT_EQ(world.ask(*staying, "RABIA.EVENTS FROM 1 BLOCK 0\r\n"), "");
  world.server.reset();
  world.settle();
  EXPECT_TRUE(staying->closed());
}

// Given a state that is replaced while a client waits, then it is told that changes were lost.
TEST_F(WatchTest, WhoWaitsIsToldOfAGap) {
  kv::StoreMachine from;
  for (int i = 0; i < 5; ++i) from.store().set("a", "v");
  std::string state;
  const auto reader = from.begin_snapshot();
  while (reader->read(1000, state)) {
  }
  EXPECT_EQ(watch("RABIA.EVENTS FROM 0 KEY b BLOCK 0"), "");
  const auto loader = world.machine.begin_load();
  ASSERT_TRUE(loader->add(state).ok());
  ASSERT_TRUE(loader->finish().ok());
  EXPECT_TRUE(pushed().starts_with("-COMPACTED the changes up to revision 5 "));
}

// Given RESP2, then changes are arrays, and the connection is a subscriber's until it watches
// nothing.
TEST_F(WatchTest, InResp2TheConnectionIsASubscribers) {
  const auto old = world.connect();
  EXPECT_EQ(world.ask(*old, "RABIA.WATCH KEY a\r\n"), "*2\r\n:1\r\n:0\r\n");
  EXPECT_TRUE(world.ask(*old, "GET a\r\n").starts_with("-ERR Can't execute 'get'"));
  ask("SET a 1");
  world.settle();
  EXPECT_EQ(old->take(), push({"rabia.event", "1", ":1", "set", "a"}, '*'));
  EXPECT_EQ(world.ask(*old, "RABIA.UNWATCH\r\nGET a\r\n"), ":1\r\n$1\r\n1\r\n");
  world.ask(*old, "RABIA.WATCH\r\n");
  EXPECT_EQ(world.ask(*old, "RESET\r\nGET a\r\n"), "+RESET\r\n$1\r\n1\r\n");
  ask("SET a 2");
  world.settle();
  EXPECT_EQ(old->take(), "");
}

// Given watchers that go away while there is something to tell them, then nothing is left of them.
TEST_F(WatchTest, WatchersMayGoAway) {
  watch("RABIA.WATCH\r\nRABIA.WATCH KEY a\r\nRABIA.WATCH PREFIX a");
  writer->send("SET a 1\r\nSET a 2\r\n");
  watcher->disconnect();
  world.settle();
  ask("SET a 3");
  const auto other = world.connect();
  EXPECT_EQ(world.ask(*other, "RABIA.WATCH FROM 2\r\n"),
            "*2\r\n:4\r\n:2\r\n" + push({"rabia.event", "4", ":3", "set", "a"}, '*'));
  EXPECT_NE(ask("INFO rabia").find("\r\nwatches:1\r\n"), std::string::npos);
}

}  // namespace
}  // namespace rabia::server::testing
