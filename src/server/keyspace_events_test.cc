// Events of keys, as a subscriber of this replica hears them. The events of each command are
// compared with Redis's in tests/integration/keyspace_events_test.py.
#include <gtest/gtest.h>

#include <string>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

std::string canonical(std::string_view letters) {
  const auto classes = parse_keyspace_classes(letters);
  return classes ? print_keyspace_classes(*classes) : "refused";
}

// Given letters in any order and number, then they are printed in Redis's order, all classes but n
// and m as A; and n is never lost. Other letters are refused.
TEST(KeyspaceClasses, ArePrintedInOneForm) {
  EXPECT_EQ(canonical(""), "");
  EXPECT_EQ(canonical("KEA"), "AKE");
  EXPECT_EQ(canonical("mKxg$KK"), "g$xKm");
  EXPECT_EQ(canonical("Edtezhslg$x"), "AE");
  EXPECT_EQ(canonical("AnKm"), "AnKm");
  EXPECT_EQ(canonical("Kq"), "refused");
  EXPECT_EQ(canonical("k"), "refused");
  for (KeyspaceClasses classes = 0; classes < 1U << 14; ++classes) {
    ASSERT_EQ(parse_keyspace_classes(print_keyspace_classes(classes)), classes);
  }
}

class KeyspaceEventsTest : public ::testing::Test {
 protected:
  void begin(std::string_view letters, std::string_view subscribe) {
    ServerOptions options;
    options.notify_keyspace_events = *parse_keyspace_classes(letters);
    world = std::make_unique<ServerWorld>(std::move(options));
    world->let_replica_run();
    writer = world->connect();
    subscriber = world->connect();
    world->ask(*subscriber, std::string(subscribe) + "\r\n");
  }
  // The words of the messages, without lengths.
  std::string heard_of(std::string_view lines) {
    world->ask(*writer, std::string(lines) + "\r\n");
    std::string words;
    const std::string bytes = subscriber->take();
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = bytes.find("\r\n", at);
      const std::string_view line = std::string_view(bytes).substr(at, end - at);
      if (line[0] != '$' && line[0] != '*') words.append(line).append(" ");
      at = end + 2;
    }
    return words;
  }

  std::unique_ptr<ServerWorld> world;
  std::unique_ptr<TestClient> writer;
  std::unique_ptr<TestClient> subscriber;
};

// Given both kinds of channels, then each event is published to both, that of the key first.
TEST_F(KeyspaceEventsTest, ArePublishedToTheKeyAndToTheEvent) {
  begin("KEA", "SUBSCRIBE __keyspace@0__:a __keyevent@0__:set __keyevent@0__:del");
  EXPECT_EQ(heard_of("SET a 1"), "message __keyspace@0__:a set message __keyevent@0__:set a ");
  EXPECT_EQ(heard_of("SET b 1"), "message __keyevent@0__:set b ");
  EXPECT_EQ(heard_of("MULTI\r\nDEL b\r\nINCR a\r\nEXEC"),
            "message __keyevent@0__:del b message __keyspace@0__:a incrby ");
}

// Given some classes, then events of the others are not published; and without K and E none is.
TEST_F(KeyspaceEventsTest, AreOfTheClassesThatAreAskedFor) {
  begin("Ex$", "PSUBSCRIBE __key*");
  EXPECT_EQ(heard_of("SET a 1 PX 1000\r\nDEL a"), "pmessage __key* __keyevent@0__:set a ");
  begin("A", "PSUBSCRIBE __key*");
  EXPECT_EQ(heard_of("SET a 1"), "");
}

// Given a set with KEEPTTL, then it is no "expire", though the key has a deadline; one that brings
// the deadline that there was is.
TEST_F(KeyspaceEventsTest, ADeadlineThatStayedIsNoEvent) {
  begin("Kg", "PSUBSCRIBE __key*");
  EXPECT_EQ(heard_of("SET a 1 PXAT 5000"), "pmessage __key* __keyspace@0__:a expire ");
  EXPECT_EQ(heard_of("SET a 2 KEEPTTL"), "");
  EXPECT_EQ(heard_of("SET a 1 PXAT 5000"), "pmessage __key* __keyspace@0__:a expire ");
  EXPECT_EQ(heard_of("INCR a"), "");
}

// Given a key that is due, when somebody writes, then its end is an event before that of the write.
TEST_F(KeyspaceEventsTest, ExpiryIsAnEvent) {
  begin("Ex$", "PSUBSCRIBE __key*");
  heard_of("SET a 1 PXAT 5000");
  world->replica.log_clock = {5000};
  EXPECT_EQ(heard_of("SET b 1"),
            "pmessage __key* __keyevent@0__:expired a pmessage __key* __keyevent@0__:set b ");
}

// Given misses, when a client reads its own in RESP3, then they come behind the reply whose keys
// they are of, in order, and not in the midst of it.
TEST_F(KeyspaceEventsTest, MissesComeBetweenReplies) {
  begin("Em", "PING");
  world->ask(*subscriber, "HELLO 3\r\nSUBSCRIBE __keyevent@0__:keymiss\r\n");
  const auto miss = [](std::string_view key) {
    return ">3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:keymiss\r\n$1\r\n" + std::string(key) +
           "\r\n";
  };
  EXPECT_EQ(world->ask(*subscriber, "MGET a b\r\nGET c\r\n"),
            "*2\r\n_\r\n_\r\n" + miss("a") + miss("b") + "_\r\n" + miss("c"));
  EXPECT_EQ(world->ask(*subscriber, "GETDEL a\r\n"), miss("a") + "_\r\n");
  EXPECT_EQ(heard_of("TTL a\r\nEXISTS b\r\nSET a 1 XX\r\nDEL b"),
            ">3 message __keyevent@0__:keymiss a >3 message __keyevent@0__:keymiss b ");
  EXPECT_EQ(heard_of("MULTI\r\nGET a\r\nSET a 1\r\nGET a\r\nEXEC"),
            ">3 message __keyevent@0__:keymiss a ");
}

}  // namespace
}  // namespace rabia::server::testing
