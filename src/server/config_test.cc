#include <gtest/gtest.h>

#include "server/testing/fake_configuration.h"
#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  std::string ask(const std::string& line) { return world.ask(*client, line + "\r\n"); }
  static std::string refused(const std::string& name, const std::string& why) {
    return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why + "\r\n";
  }

  FakeConfiguration configuration{{
      {.name = "cluster-id", .value = "x"},
      {.name = "log-level", .value = "info", .other_name = "loglevel", .can_change = true},
      {.name = "maxclients", .value = "5", .can_change = true},
      {.name = "maxmemory", .value = "100"},
      {.name = "max-entries", .value = "0", .can_change = true, .replicated = true},
  }};
  ServerWorld world{ServerOptions{}, &configuration};
  std::unique_ptr<TestClient> client = world.connect();
};

// Given settings of the program, when CONFIG GET asks, then these win over the usual ones, each is
// found by both of its names, and a plain name is answered as it was spelled.
TEST_F(ConfigTest, ShowsTheProgramsSettingsAndTheUsualOnes) {
  EXPECT_EQ(ask("CONFIG GET maxmemory databases"),
            "*4\r\n$9\r\ndatabases\r\n$1\r\n1\r\n$9\r\nmaxmemory\r\n$3\r\n100\r\n");
  EXPECT_EQ(ask("CONFIG GET log*level"),
            "*4\r\n$9\r\nlog-level\r\n$4\r\ninfo\r\n$8\r\nloglevel\r\n$4\r\ninfo\r\n");
  EXPECT_EQ(ask("CONFIG GET Cluster_ID"), "*2\r\n$10\r\nCluster_ID\r\n$1\r\nx\r\n");
  EXPECT_EQ(ask("CONFIG GET cluster_*"), "*2\r\n$10\r\ncluster-id\r\n$1\r\nx\r\n");
}

// Given settings of which some can be changed, when CONFIG SET is asked, then all that it names are
// changed, by whichever of their names, or none is, and the reply says which is in the way.
TEST_F(ConfigTest, SetChangesWhatCanBeChangedAllOrNothing) {
  EXPECT_EQ(ask("CONFIG SET MaxClients 6"), "+OK\r\n");
  EXPECT_EQ(ask("CONFIG SET maxclients 7 log_level debug"), "+OK\r\n");
  const std::string as_set =
      "*4\r\n$8\r\nloglevel\r\n$5\r\ndebug\r\n$10\r\nmaxclients\r\n$1\r\n7\r\n";
  EXPECT_EQ(ask("CONFIG GET maxclients loglevel"), as_set);

  EXPECT_EQ(ask("CONFIG SET maxclients 8 LOGLEVEL bad"),
            refused("loglevel", "'bad' is not a number"));
  EXPECT_EQ(ask("CONFIG SET maxclients 8 Log_Level bad"),
            refused("log-level", "'bad' is not a number"));
  EXPECT_EQ(ask("CONFIG SET maxclients 8 cluster-id y nosuch 1"),
            refused("cluster-id", "can't set immutable config"));
  EXPECT_EQ(ask("CONFIG SET maxclients 8 databases 2"),
            refused("databases", "can't set immutable config"));
  EXPECT_EQ(ask("CONFIG SET log-level off loglevel off"),
            refused("loglevel", "duplicate parameter"));
  EXPECT_EQ(ask("CONFIG SET maxclients 8 nosuch 9 cluster-id y"),
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n");
  EXPECT_EQ(ask("CONFIG SET maxclients 8 loglevel"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("CONFIG GET maxclients loglevel"), as_set);
}

// Given a setting of the cluster, when CONFIG SET is asked, then it goes through the log and is
// answered when it was executed; what cannot be read, or goes with a setting of this replica, or
// has no quorum, changes nothing and is answered so.
TEST_F(ConfigTest, SetPutsTheClustersSettingsIntoTheLog) {
  world.let_replica_run();
  EXPECT_EQ(ask("CONFIG SET max_entries 7"), "+OK\r\n");
  EXPECT_EQ(world.replica.writes_submitted(), 1U);
  EXPECT_EQ(world.machine.limits().limits().max_entries, 7U);
  EXPECT_EQ(ask("CONFIG SET max-entries x"), refused("max-entries", "'x' is not a number"));
  EXPECT_EQ(
      ask("CONFIG SET max-entries 8 maxclients 8"),
      refused("maxclients",
              "a setting of the whole cluster and one of this replica cannot be changed by one "
              "command"));
  world.replica.fail_next(1, replica::Failure::not_executed);
  EXPECT_EQ(ask("CONFIG SET max-entries 9").substr(0, 13), "-CLUSTERDOWN ");
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  EXPECT_EQ(ask("CONFIG SET max-entries 9").substr(0, 20), "-ERR outcome unknown");
  EXPECT_EQ(world.machine.limits().limits().max_entries, 7U);
  EXPECT_EQ(ask("MULTI"), "+OK\r\n");
  EXPECT_EQ(ask("CONFIG SET max-entries 9").substr(0, 5), "-ERR ");
}

// Given a program with and without a file, and one whose file cannot be written, when CONFIG
// REWRITE is asked, then the reply says so.
TEST_F(ConfigTest, RewriteSaysWhatBecameOfTheFile) {
  EXPECT_EQ(ask("CONFIG REWRITE"), "-ERR The server is running without a config file\r\n");
  configuration.rewritten = {Code::io_error, "Permission denied"};
  EXPECT_EQ(ask("CONFIG REWRITE"), "-ERR Rewriting config file: Permission denied\r\n");
  configuration.rewritten = {};
  EXPECT_EQ(ask("CONFIG REWRITE"), "+OK\r\n");
  EXPECT_EQ(ask("CONFIG REWRITE x"),
            "-ERR wrong number of arguments for 'config|rewrite' command\r\n");
}

// Given a server without a program around it, when CONFIG is asked, then it knows the usual
// settings and changes nothing.
TEST(ConfigOfNobody, KnowsOnlyTheUsualSettings) {
  ServerWorld world;
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "CONFIG GET save\r\n"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  EXPECT_NE(world.ask(*client, "CONFIG SET save 1\r\n").find("immutable"), std::string::npos);
  EXPECT_EQ(world.ask(*client, "CONFIG REWRITE\r\n"),
            "-ERR The server is running without a config file\r\n");
}

}  // namespace
}  // namespace rabia::server::testing
