// What clients are told while the disk of their replica is nearly full, and full.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/command_table.h"
#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

using Room = replica::DiskStatus::Room;

class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.let_replica_run();
    client = world.connect();
    EXPECT_EQ(ask("MSET k v other w"), "+OK\r\n");
  }
  std::string ask(std::string_view line) { return world.ask(*client, std::string(line) + "\r\n"); }
  void set(Room room) {
    world.replica.disk_status = {.room = room, .free_bytes = 100, .reserve_bytes = 4000};
  }

  ServerWorld world;
  std::unique_ptr<TestClient> client;
};

constexpr const char* low =
    "-DISKFULL this replica's disk has 100 bytes free and keeps 4000 in reserve: writes are "
    "refused here until 4500 are free; delete data, free room on the disk, or write to another "
    "replica\r\n";
constexpr const char* critical =
    "-DISKFULL this replica's disk has 100 bytes free: the replica takes no part until 1500 are, "
    "and the command was not executed; free room on the disk, or use another replica\r\n";

// Given a disk that is nearly full, when clients write what makes data grow, then they are refused
// and nothing is submitted; they may read and delete; with room again they may write.
TEST_F(FullDiskTest, WhatMakesDataGrowIsRefusedAndTheRestIsServed) {
  set(Room::low);
  const std::uint64_t submitted = world.replica.writes_submitted();
  for (const char* write : {"SET k x", "APPEND k x", "INCR n", "MSET a 1 b 2", "SETRANGE k 9 x"}) {
    EXPECT_EQ(ask(write), low) << write;
  }
  EXPECT_EQ(world.replica.writes_submitted(), submitted);
  EXPECT_EQ(ask("GET k"), "$1\r\nv\r\n");
  EXPECT_EQ(ask("PING"), "+PONG\r\n");
  EXPECT_EQ(ask("DEL k"), ":1\r\n");
  EXPECT_EQ(ask("GETDEL other"), "$1\r\nw\r\n");
  EXPECT_EQ(ask("FLUSHALL"), "+OK\r\n");
  set(Room::enough);
  EXPECT_EQ(ask("SET k x"), "+OK\r\n");
}

// Given a pipeline that is refused in part, then its replies are in order.
TEST_F(FullDiskTest, RefusalsKeepTheOrderOfAPipeline) {
  set(Room::low);
  EXPECT_EQ(ask("GET k\r\nSET k x\r\nGET other\r\nDEL k\r\nSET k y\r\nGET k"),
            std::string("$1\r\nv\r\n") + low + "$1\r\nw\r\n:1\r\n" + low + "$-1\r\n");
}

// Given a full disk, then everything that needs the replica is refused, and what needs it not is
// answered.
TEST_F(FullDiskTest, AReplicaThatTakesNoPartSaysWhy) {
  set(Room::critical);
  for (const char* command : {"SET k x", "DEL k", "GET k", "DBSIZE", "FLUSHALL"}) {
    EXPECT_EQ(ask(command), critical) << command;
  }
  EXPECT_EQ(ask("PING"), "+PONG\r\n");
  EXPECT_EQ(ask("CONFIG GET save"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
}

// Given commands that were submitted when the disk became full, when they fail, then those that
// were not executed say why, and one of unknown outcome says that.
TEST_F(FullDiskTest, WhatWasSubmittedBeforeSaysWhyToo) {
  world.replica.on_work = [this] { set(Room::critical); };
  client->send("DEL k\r\n");
  world.settle();
  world.replica.fail_next(1, replica::Failure::not_executed);
  world.replica.run();
  world.settle();
  EXPECT_EQ(client->take(), critical);
  set(Room::enough);
  client->send("DEL k\r\n");
  world.settle();
  world.replica.fail_next(1, replica::Failure::outcome_unknown);
  world.replica.run();
  world.settle();
  EXPECT_EQ(client->take().substr(0, 20), "-ERR outcome unknown");
}

// Given all commands that write, then exactly those that bring no data are served on a disk that is
// nearly full.
TEST_F(FullDiskTest, OnlyWhatBringsNoDataIsNoGrowth) {
  std::set<std::string> served;
  for (const Command* command : CommandTable::instance().commands()) {
    const bool refused = (command->flags & flag::needs_room) != 0;
    if (command->write != nullptr && !refused) served.emplace(command->name);
  }
  EXPECT_EQ(served, (std::set<std::string>{"del", "expire", "expireat", "flushall", "flushdb",
                                           "getdel", "getex", "persist", "pexpire", "pexpireat",
                                           "rename", "renamenx", "unlink"}));
}

// Given the states of a disk, when INFO is asked, then it tells them.
TEST_F(FullDiskTest, InfoTells) {
  const auto shows = [this](int refused, int stepped_back) {
    const std::string info = ask("INFO rabia");
    EXPECT_EQ(number_after(info, "\ndisk_free_bytes:"), 100);
    EXPECT_EQ(number_after(info, "\ndisk_reserve_bytes:"), 4000);
    EXPECT_EQ(number_after(info, "\nwrites_refused_for_disk:"), refused);
    EXPECT_EQ(number_after(info, "\nstepped_back_for_disk:"), stepped_back);
  };
  set(Room::enough);
  shows(0, 0);
  set(Room::low);
  shows(1, 0);
  set(Room::critical);
  shows(1, 1);
}

}  // namespace
}  // namespace rabia::server::testing
