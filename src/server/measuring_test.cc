// What is counted of commands, noted of slow ones, and shown by MONITOR.
#include <gtest/gtest.h>

#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

using std::chrono::milliseconds;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Measuring : public ::testing::Test {
 protected:
  // Sends a command whose batch is decided after so long.
  std::string ask_slowly(TestClient& client, std::string_view bytes, milliseconds slow) {
    world.replica.on_work = {};
    client.send(bytes);
    world.executor.run_for(slow + milliseconds(1));  // It is a millisecond on its way.
    world.replica.run();
    world.let_replica_run();
    world.settle();
    return client.take();
  }
  // As CONFIG SET does.
  void set_slow_log(std::int64_t slower_than_usec, std::uint64_t entries_max) {
    ServerOptions options;
    options.slowlog_slower_than_usec = slower_than_usec;
    options.slowlog_entries_max = entries_max;
    ASSERT_TRUE(world.server->set_options(options).ok());
  }

  ServerWorld world;
};

// Given calls that succeed, fail, and are refused before they are executed, then INFO counts each
// kind by command, subcommands by their own names, and a container by none.
TEST_F(Measuring, CallsAreCountedByCommand) {
  world.let_replica_run();
  const auto client = world.connect();
  world.ask(*client,
            "SET k x\r\nSET k y\r\nINCR k\r\nSET k\r\nBOGUS\r\nCLIENT ID\r\nGETRANGE k x y\r\n");
  const std::string info = world.ask(*client, "INFO commandstats\r\n");
  EXPECT_TRUE(has(info, "# Commandstats\r\n"));
  EXPECT_EQ(number_after(info, "cmdstat_set:calls="), 2);
  EXPECT_TRUE(has(info, ",rejected_calls=1,failed_calls=0\r\n"));
  EXPECT_EQ(number_after(info, "cmdstat_incr:calls="), 1);
  EXPECT_EQ(number_after(info.substr(info.find("cmdstat_incr")), "failed_calls="), 1);
  EXPECT_EQ(number_after(info, "cmdstat_client|id:calls="), 1);
  EXPECT_EQ(number_after(info, "cmdstat_getrange:calls="), 1);
  EXPECT_FALSE(has(info, "bogus"));
  EXPECT_FALSE(has(info, "cmdstat_client:"));
}

// Given commands in a transaction, when it is executed, then each is counted once; what was only
// queued is not.
TEST_F(Measuring, CommandsOfATransactionAreCountedWhenItIsExecuted) {
  world.let_replica_run();
  const auto client = world.connect();
  world.ask(
      *client,
      "MULTI\r\nSET k 1\r\nGET k\r\nDISCARD\r\nMULTI\r\nSET k 1\r\nGET k\r\nPING\r\nEXEC\r\n");
  const std::string info = world.ask(*client, "INFO commandstats\r\n");
  EXPECT_EQ(number_after(info, "cmdstat_set:calls="), 1);
  EXPECT_EQ(number_after(info, "cmdstat_get:calls="), 1);
  EXPECT_EQ(number_after(info, "cmdstat_ping:calls="), 1);
  EXPECT_EQ(number_after(info, "cmdstat_exec:calls="), 1);
  EXPECT_EQ(number_after(info, "cmdstat_multi:calls="), 2);
}

// Given errors of several codes, whoever found them, then INFO counts each by its code.
TEST_F(Measuring, ErrorsAreCountedByCode) {
  world.let_replica_run();
  const auto client = world.connect();
  world.replica.fail_next(1, replica::Failure::not_executed);
  world.ask(*client, "GET k\r\nBOGUS\r\nSET k x\r\nINCR k\r\nEXEC\r\nSET k v EX\r\n");
  const std::string info = world.ask(*client, "INFO errorstats\r\nINFO stats\r\n");
  EXPECT_EQ(number_after(info, "errorstat_CLUSTERDOWN:count="), 1);
  EXPECT_EQ(number_after(info, "errorstat_ERR:count="), 4);
  EXPECT_EQ(number_after(info, "total_error_replies:"), 5);
}

// Given a batch that is decided late, then the time of its commands is what their client saw, on
// every line that says it.
TEST_F(Measuring, TheTimeOfACommandHasItsCommitInIt) {
  const auto client = world.connect();
  EXPECT_EQ(ask_slowly(*client, "SET k 1\r\nSET k 2\r\n", milliseconds(30)), "+OK\r\n+OK\r\n");
  const std::string info = world.ask(*client, "INFO commandstats latencystats\r\n");
  EXPECT_EQ(number_after(info, "cmdstat_set:calls=2,usec="), 60'000);
  EXPECT_EQ(number_after(info, "usec_per_call="), 30'000);
  EXPECT_EQ(number_after(info, "latency_percentiles_usec_set:p50="), 32'768);
  EXPECT_EQ(world.ask(*client, "LATENCY HISTOGRAM set get bogus\r\n"),
            "*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:2\r\n$14\r\nhistogram_usec\r\n*2\r\n:"
            "32768\r\n:2\r\n");
}

// Given INFO without a section, with `all`, and with several names, then the sections are those of
// Redis, and ours.
TEST_F(Measuring, InfoHasTheSectionsOfRedis) {
  const auto client = world.connect();
  const auto titles = [&](std::string_view command) {
    std::string text = world.ask(*client, std::string(command) + "\r\n");
    std::string found;
    for (std::size_t at = 0; (at = text.find("# ", at)) != std::string::npos; ++at) {
      found += text.substr(at + 2, text.find('\r', at) - at - 2) + " ";
    }
    return found;
  };
  const std::string usual =
      "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace "
      "Rabia ";
  EXPECT_EQ(titles("INFO"), usual);
  EXPECT_EQ(titles("INFO default"), usual);
  EXPECT_EQ(
      titles("INFO everything"),
      "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats "
      "Latencystats Cluster Keyspace Rabia ");
  EXPECT_EQ(titles("INFO all"), titles("INFO everything"));
  EXPECT_EQ(titles("INFO commandstats CPU bogus"), "CPU Commandstats ");
  EXPECT_EQ(titles("INFO default latencystats"),
            "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats "
            "Latencystats Cluster Keyspace Rabia ");
}

// Given statistics, when reset, then all of them are.
TEST_F(Measuring, ResetstatResetsAll) {
  world.let_replica_run();
  const auto client = world.connect();
  world.ask(*client, "SET k x\r\nBOGUS\r\n");
  world.ask(*client, "CONFIG RESETSTAT\r\n");
  const std::string info = world.ask(*client, "INFO all\r\n");
  EXPECT_FALSE(has(info, "cmdstat_set"));
  EXPECT_FALSE(has(info, "errorstat_"));
  EXPECT_FALSE(has(info, "usec_set"));
  EXPECT_TRUE(has(info, "cmdstat_config|resetstat:calls=1"));
}

// Given a slow command and a quick one, then the slow one is noted, with what Redis shows of it.
TEST_F(Measuring, SlowCommandsAreNoted) {
  const auto client = world.connect();
  world.ask(*client, "CLIENT SETNAME me\r\n");
  ask_slowly(*client, "SET k 1\r\n", milliseconds(5));
  ask_slowly(*client, "SET k " + std::string(300, 'x') + "\r\n", milliseconds(20));
  EXPECT_EQ(world.ask(*client, "SLOWLOG LEN\r\n"), ":1\r\n");
  const std::string entry = world.ask(*client, "SLOWLOG GET\r\n");
  EXPECT_TRUE(entry.starts_with("*1\r\n*6\r\n:0\r\n")) << entry;
  EXPECT_TRUE(has(entry, "\r\n:20000\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$148\r\nxx")) << entry;
  EXPECT_TRUE(has(entry, "x... (172 more bytes)\r\n")) << entry;
  EXPECT_TRUE(entry.ends_with("$2\r\nme\r\n")) << entry;
  EXPECT_EQ(world.ask(*client, "SLOWLOG RESET\r\nSLOWLOG LEN\r\n"), "+OK\r\n:0\r\n");
}

// Given many arguments, then 31 of them are noted, and how many there were more.
TEST_F(Measuring, TheSlowLogShows32Arguments) {
  const auto client = world.connect();
  std::string command = "DEL";
  for (int i = 0; i < 40; ++i) command += " k";
  ask_slowly(*client, command + "\r\n", milliseconds(20));
  const std::string entry = world.ask(*client, "SLOWLOG GET -1\r\n");
  EXPECT_TRUE(has(entry, "*32\r\n$3\r\nDEL\r\n")) << entry;
  EXPECT_TRUE(has(entry, "... (10 more arguments)\r\n")) << entry;
}

// Given a slow pipeline, then its first commands are noted and the log is not flooded; and what is
// answered before the others of it does not confuse them.
TEST_F(Measuring, OfAPipelineTheFirstCommandsAreNoted) {
  const auto client = world.connect();
  std::string pipeline = "PING first\r\n";
  for (int i = 0; i < 100; ++i) pipeline += "SET k" + std::to_string(i) + " v\r\n";
  ask_slowly(*client, pipeline, milliseconds(20));
  const std::string entries = world.ask(*client, "SLOWLOG GET -1\r\n");
  EXPECT_TRUE(entries.starts_with("*8\r\n") || entries.starts_with("*7\r\n")) << entries;
  EXPECT_TRUE(has(entries, "$2\r\nk6\r\n")) << entries;
  EXPECT_FALSE(has(entries, "$2\r\nk9\r\n")) << entries;
  ask_slowly(*client, "SET later v\r\n", milliseconds(20));
  EXPECT_TRUE(has(world.ask(*client, "SLOWLOG GET 1\r\n"), "$5\r\nlater\r\n"));
}

// Given settings of the slow log, when changed, then they are in force.
TEST_F(Measuring, TheSlowLogIsSetAtRunTime) {
  const auto client = world.connect();
  set_slow_log(0, 2);
  world.ask(*client, "SLOWLOG RESET\r\n");
  world.ask(*client, "PING a\r\n");
  world.ask(*client, "PING b\r\n");
  world.ask(*client, "PING c\r\n");
  EXPECT_EQ(world.ask(*client, "SLOWLOG LEN\r\n"), ":2\r\n");
  set_slow_log(-1, 1);
  EXPECT_EQ(world.ask(*client, "SLOWLOG LEN\r\n"), ":1\r\n");
  EXPECT_EQ(world.ask(*client, "SLOWLOG RESET\r\n"), "+OK\r\n");
  ask_slowly(*client, "SET k v\r\n", milliseconds(2000));
  EXPECT_EQ(world.ask(*client, "SLOWLOG LEN\r\n"), ":0\r\n");
}

// Given commands with passwords, then neither the slow log nor a monitor shows them.
TEST_F(Measuring, SecretsAreNotShown) {
  world.let_replica_run();
  const auto client = world.connect();
  const auto monitor = world.connect();
  set_slow_log(0, 128);
  world.ask(*monitor, "MONITOR\r\n");
  world.ask(*client, "AUTH hush\r\n");
  world.ask(*client, "AUTH someone hush\r\n");
  world.ask(*client, "HELLO 2 AUTH someone hush\r\n");
  world.ask(*client, "CONFIG SET maxclients 1 requirepass hush\r\n");
  const std::string seen = monitor->take();
  EXPECT_TRUE(has(seen, "\"AUTH\" \"(redacted)\" \"(redacted)\"\r\n")) << seen;
  EXPECT_TRUE(has(seen, "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\"\r\n")) << seen;
  EXPECT_FALSE(has(seen, "hush")) << seen;
  const std::string entries = world.ask(*client, "SLOWLOG GET -1\r\n");
  EXPECT_TRUE(has(entries, "(redacted)")) << entries;
  EXPECT_FALSE(has(entries, "hush")) << entries;
}

// Given a monitor, then it is shown what clients give, quoted, each command once however long it
// had to wait; not what administrators do, nor what is refused.
TEST_F(Measuring, AMonitorIsShownCommands) {
  const auto monitor = world.connect();
  EXPECT_EQ(world.ask(*monitor, "MONITOR\r\n"), "+OK\r\n");
  const auto client = world.connect();
  ask_slowly(*client,
             "SET k 1\r\nPING\r\n*2\r\n$3\r\nGET\r\n$5\r\n\"\\\n\x01z\r\nCONFIG GET x\r\nBOGUS\r\n",
             milliseconds(50));
  const std::string seen = monitor->take();
  const auto line = [&](std::string_view words) {
    const std::size_t at = seen.find(words);
    return at != std::string::npos && seen.find(words, at + 1) == std::string::npos;
  };
  EXPECT_TRUE(seen.starts_with("+")) << seen;
  EXPECT_TRUE(has(seen, " [0 client:")) << seen;
  EXPECT_TRUE(line("] \"SET\" \"k\" \"1\"\r\n")) << seen;
  EXPECT_TRUE(line("] \"PING\"\r\n")) << seen;
  EXPECT_TRUE(line("] \"GET\" \"\\\"\\\\\\n\\x01z\"\r\n")) << seen;
  EXPECT_FALSE(has(seen, "CONFIG")) << seen;
  EXPECT_FALSE(has(seen, "BOGUS")) << seen;
}

// Given a monitor, when it asks for keys, then it is refused; after RESET it is shown nothing more,
// and served.
TEST_F(Measuring, AMonitorReadsNoKeysUntilReset) {
  world.let_replica_run();
  const auto client = world.connect();
  const auto monitor = world.connect();
  EXPECT_EQ(world.ask(*monitor, "MONITOR\r\nMONITOR\r\n"), "+OK\r\n+OK\r\n");
  EXPECT_EQ(world.ask(*monitor, "GET k\r\n"), "-ERR Replica can't interact with the keyspace\r\n");
  EXPECT_TRUE(has(world.ask(*client, "CLIENT LIST\r\n"), " flags=O "));
  EXPECT_TRUE(has(world.ask(*monitor, "RESET\r\n"), "+RESET\r\n"));
  world.ask(*client, "PING\r\n");
  EXPECT_EQ(world.ask(*monitor, "GET k\r\n"), "$-1\r\n");
}

// Given a monitor that takes nothing, when much is to be shown, then it is cut, and the others are
// served.
TEST(Monitoring, AMonitorThatTakesNothingIsCut) {
  ServerOptions options;
  options.output_bytes_pause = 1000;
  options.output_bytes_max = 20'000;
  ServerWorld world(options);
  world.network.set_buffer_bytes(4096);
  const auto client = world.connect();
  const auto monitor = world.connect();
  world.ask(*monitor, "MONITOR\r\n");
  monitor->stop_reading();
  for (int i = 0; i < 50; ++i) world.ask(*client, "ECHO " + std::string(1000, 'x') + "\r\n");
  EXPECT_EQ(world.ask(*client, "PING\r\n"), "+PONG\r\n");
  EXPECT_EQ(number_after(world.ask(*client, "INFO rabia\r\n"), "clients_cut:"), 1);
  EXPECT_EQ(number_after(world.ask(*client, "INFO clients\r\n"), "connected_clients:"), 1);
}

// Given clients between MULTI and EXEC, then CLIENT LIST says how many commands wait.
TEST_F(Measuring, ClientListShowsWhatIsQueued) {
  const auto client = world.connect();
  const auto observer = world.connect();
  world.ask(*client, "MULTI\r\nSET a 1\r\nSET b 2\r\n");
  const std::string list = world.ask(*observer, "CLIENT LIST ID 1\r\n");
  EXPECT_EQ(number_after(list, " multi="), 2);
  EXPECT_GT(number_after(list, " multi-mem="), 0);
  EXPECT_TRUE(has(list, " flags=x "));
}

}  // namespace
}  // namespace rabia::server::testing
