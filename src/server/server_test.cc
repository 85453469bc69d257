// Accepting clients, passwords, and options.
#include "server/server.h"

#include <gtest/gtest.h>

#include <vector>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

// Given as many clients as allowed, when one more comes, then an error and the end; when one has
// left, then there is room.
TEST(Server, RefusesTooManyClients) {
  ServerOptions options;
  options.clients_max = 2;
  ServerWorld world(options);
  const auto first = world.connect();
  const auto second = world.connect();
  const auto third = world.connect();
  EXPECT_EQ(third->take(), "-ERR max number of clients reached\r\n");
  EXPECT_TRUE(third->closed());
  first->disconnect();
  world.settle();
  const auto fourth = world.connect();
  EXPECT_EQ(world.ask(*fourth, "PING\r\n"), "+PONG\r\n");
  EXPECT_EQ(number_after(world.ask(*fourth, "INFO stats\r\n"), "rejected_connections:"), 1);
}

// Given a password, when a client has not given it, then only what needs none is served.
TEST(Server, AsksForThePassword) {
  ServerOptions options;
  options.require_pass = "secret";
  ServerWorld world(options);
  world.let_replica_run();
  const auto client = world.connect();
  const std::string refused = "-NOAUTH Authentication required.\r\n";
  EXPECT_EQ(world.ask(*client, "PING\r\nGET k\r\n"), refused + refused);
  for (const char* wrong : {"AUTH secre\r\n", "AUTH secretsecret\r\n", "AUTH other secret\r\n"}) {
    EXPECT_EQ(world.ask(*client, wrong),
              "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  }
  EXPECT_EQ(world.ask(*client, "GET k\r\n"), refused);
  EXPECT_EQ(world.ask(*client, "AUTH default secret\r\nGET k\r\n"), "+OK\r\n$-1\r\n");
  EXPECT_EQ(world.ask(*client, "RESET\r\nGET k\r\n"), "+RESET\r\n" + refused);
  EXPECT_EQ(world.ask(*client, "HELLO 3 AUTH default secret\r\n").front(), '%');
}

// Given a password that is set, changed and taken away while the server runs, then it is asked of
// those who come from then on; who is connected stays as it is, and needs none when there is none.
TEST(Server, ThePasswordMayChangeMeanwhile) {
  ServerWorld world;
  world.let_replica_run();
  const auto set_password = [&](const char* password) {
    ServerOptions options;
    options.require_pass = password;
    ASSERT_TRUE(world.server->set_options(options).ok());
  };
  const std::string refused = "-NOAUTH Authentication required.\r\n";
  const auto before = world.connect();
  set_password("first");
  const auto outside = world.connect();
  const auto inside = world.connect();
  EXPECT_EQ(world.ask(*before, "GET k\r\n"), "$-1\r\n");
  EXPECT_EQ(world.ask(*outside, "GET k\r\n"), refused);
  EXPECT_EQ(world.ask(*inside, "AUTH first\r\n"), "+OK\r\n");
  set_password("second");
  EXPECT_EQ(world.ask(*inside, "GET k\r\n"), "$-1\r\n");
  EXPECT_EQ(world.ask(*outside, "AUTH first\r\n"),
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  set_password("");
  const std::string large = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n" + std::string(20000, 'v');
  EXPECT_EQ(world.ask(*outside, large + "\r\n"), "+OK\r\n");
  set_password("third");
  EXPECT_EQ(world.ask(*outside, "GET k\r\n"), refused);
  EXPECT_EQ(world.ask(*outside, "AUTH third\r\nGET n\r\n"), "+OK\r\n$-1\r\n");
  EXPECT_EQ(world.ask(*before, "RESET\r\nGET k\r\n"), "+RESET\r\n" + refused);
}

// Given bounds that are changed while the server runs, then they hold for clients that are
// connected too; a set that contradicts itself is refused, and changes nothing.
TEST(Server, BoundsMayChangeMeanwhile) {
  ServerWorld world;
  world.let_replica_run();
  const auto client = world.connect();
  ServerOptions options;
  options.clients_max = 1;
  options.key_bytes_max = 3;
  options.value_bytes_max = 4;
  ASSERT_TRUE(world.server->set_options(options).ok());
  EXPECT_EQ(world.ask(*client, "*2\r\n$3\r\nGET\r\n$5\r\n12345\r\n").substr(0, 24),
            "-ERR argument of 5 bytes");
  EXPECT_EQ(world.ask(*client, "SET long 1\r\n").substr(0, 19), "-ERR key of 4 bytes");
  EXPECT_EQ(world.ask(*client, "SET k 1234\r\n"), "+OK\r\n");
  EXPECT_EQ(world.ask(*client, "APPEND k 5\r\n").front(), '-');
  EXPECT_EQ(world.connect()->take(), "-ERR max number of clients reached\r\n");
  options.key_bytes_max = 5;
  EXPECT_EQ(world.server->set_options(options).code(), Code::invalid_argument);
  EXPECT_EQ(world.ask(*client, "SET long 1\r\n").substr(0, 19), "-ERR key of 4 bytes");
  EXPECT_EQ(world.server->port(), 6379);
}

// Given no password yet, when a client announces a large request, then the connection ends.
TEST(Server, HoldsUnknownClientsToSmallRequests) {
  ServerOptions options;
  options.require_pass = "secret";
  ServerWorld world(options);
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "*11\r\n"),
            "-ERR Protocol error: unauthenticated multibulk length\r\n");
  EXPECT_TRUE(client->closed());
}

// Given a port that is taken, or limits that contradict each other, when opened, then a Status.
TEST(Server, OpenRefusesWhatCannotWork) {
  ServerWorld world;
  const auto open = [&](ServerOptions options) {
    options.listen = {.host = "server", .port = 6380};
    return Server::open({.executor = world.executor,
                         .network = world.network.at("server"),
                         .replica = world.replica,
                         .machine = world.machine},
                        options)
        .status();
  };
  EXPECT_TRUE(open({}).ok());
  ServerOptions keys;
  keys.key_bytes_max = keys.value_bytes_max + 1;
  EXPECT_EQ(open(keys).code(), Code::invalid_argument);
  ServerOptions values;
  values.value_bytes_max = values.command_bytes_max + 1;
  EXPECT_EQ(open(values).code(), Code::invalid_argument);
  ServerOptions output;
  output.output_bytes_pause = output.output_bytes_max + 1;
  EXPECT_EQ(open(output).code(), Code::invalid_argument);
}

// Given clients with commands under way, when the server ends, then they are closed and forgotten.
TEST(Server, ClosesItsClientsWhenItEnds) {
  ServerWorld world;
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(world.connect());
  for (const auto& client : clients) client->send("SET k v\r\nWAIT 1 0\r\n");
  world.settle();
  world.server.reset();
  EXPECT_EQ(world.replica.clients(), 0U);
  world.replica.run();
  world.settle();
  for (const auto& client : clients) EXPECT_TRUE(client->closed());
}

// Given a store that was cleared, when time passes, then the server frees its memory.
TEST(Server, FreesClearedStores) {
  ServerWorld world;
  for (int i = 0; i < 10'000; ++i) world.machine.store().set("key:" + std::to_string(i), "value");
  const std::uint64_t full = world.machine.store().memory_bytes();
  world.machine.store().clear();
  world.executor.run_for(std::chrono::seconds(1));
  EXPECT_LT(world.machine.store().memory_bytes(), full / 10);
}

}  // namespace
}  // namespace rabia::server::testing
