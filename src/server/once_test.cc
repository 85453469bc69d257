// RABIA.ONCE, as a client sees it.
#include <gtest/gtest.h>

#include <string>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

class OnceTest : public ::testing::Test {
 protected:
  OnceTest() : world(small_keys()) {
    world.let_replica_run();
    client = world.connect();
  }
  std::string ask(std::string_view lines) {
    return world.ask(*client, std::string(lines) + "\r\n");
  }
  static ServerOptions small_keys() {
    ServerOptions options;
    options.key_bytes_max = 1'000;
    return options;
  }
  ServerWorld world;
  std::unique_ptr<TestClient> client;
};

// Given a command of a session, when it is sent again, by whatever connection, then it is not
// executed again and is answered as before.
TEST_F(OnceTest, ExecutesOnce) {
  EXPECT_EQ(ask("RABIA.ONCE me 1 INCR n\r\nRABIA.ONCE me 1 INCR n"), ":1\r\n:1\r\n");
  EXPECT_EQ(ask("RABIA.ONCE me 2 INCR n\r\nRABIA.ONCE you 1 INCR n"), ":2\r\n:3\r\n");
  const auto other = world.connect();
  EXPECT_EQ(world.ask(*other, "RABIA.ONCE me 1 INCR n\r\n"), ":1\r\n");
  EXPECT_EQ(ask("SET n x\r\nRABIA.ONCE me 3 INCR n"),
            "+OK\r\n-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(ask("SET n 1\r\nRABIA.ONCE me 3 INCR n\r\nGET n"),
            "+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\n1\r\n");
  EXPECT_EQ(ask("RABIA.ONCE me 4 GETDEL n\r\nRABIA.ONCE me 4 GETDEL n"), "$1\r\n1\r\n$1\r\n1\r\n");
  EXPECT_EQ(ask("RABIA.ONCE me 5 SETNX n 1\r\nRABIA.ONCE me 5 SETNX n 1"), ":1\r\n:1\r\n");
}

// Given what makes no sense, then the error says what would.
TEST_F(OnceTest, RefusesWhatItCannotDo) {
  EXPECT_TRUE(ask("RABIA.ONCE me x INCR n").starts_with("-ERR the number of a command"));
  EXPECT_TRUE(ask("RABIA.ONCE me -1 INCR n").starts_with("-ERR the number of a command"));
  EXPECT_TRUE(ask("RABIA.ONCE " + std::string(257, 's') + " 1 INCR n")
                  .starts_with("-ERR a session has 1 to 256 bytes"));
  for (const char* command : {"GET n", "PING", "MULTI", "EXEC", "RABIA.ONCE me 2 INCR n"}) {
    EXPECT_TRUE(ask(std::string("RABIA.ONCE me 1 ") + command)
                    .starts_with("-ERR RABIA.ONCE takes one command that writes"))
        << command;
  }
  EXPECT_EQ(ask("RABIA.ONCE me 1 NOSUCH"),
            "-ERR unknown command 'NOSUCH', with args beginning with: \r\n");
  EXPECT_EQ(ask("RABIA.ONCE me 1 INCRBY n x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_TRUE(ask("RABIA.ONCE me 1 SET " + std::string(1'001, 'k') + " v")
                  .starts_with("-ERR a key is too large"));
  EXPECT_TRUE(ask("MULTI\r\nRABIA.ONCE me 1 INCR n").find("not allowed in transactions") !=
              std::string::npos);
}

// Given a message, whose number of receivers differs between members, then it is refused.
TEST_F(OnceTest, RefusesMessages) {
  for (const std::string name : {"PUBLISH", "SPUBLISH"}) {
    EXPECT_EQ(ask("RABIA.ONCE me 9 " + name + " c m"),
              "-ERR RABIA.ONCE takes one command that writes, and " + name +
                  " is none: send it by itself\r\n");
  }
}

}  // namespace
}  // namespace rabia::server::testing
