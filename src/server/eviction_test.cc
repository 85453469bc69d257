// What the server adds to eviction: reads that are told to all replicas, and what OBJECT and MEMORY
// say of a key.
#include <gtest/gtest.h>

#include "kv/operations_text.h"
#include "server/testing/server_world.h"

namespace rabia::server::testing {
namespace {

class EvictionTest : public ::testing::Test {
 protected:
  EvictionTest() {
    world.let_replica_run();
    world.settle();
  }
  std::string ask(const std::string& line) { return world.ask(*client, line + "\r\n"); }
  void set_policy(kv::EvictionPolicy policy) {
    kv::run(world.machine,
            kv::set_limits({{kv::LimitField::policy, static_cast<std::uint64_t>(policy)}}));
  }
  void at(std::uint64_t seconds) {
    world.replica.log_clock = {seconds * 1000};
    world.machine.begin_batch({.time = {seconds * 1000}});
  }
  // Until hints are sent, if there are any.
  void wait() {
    world.executor.run_for(std::chrono::milliseconds(450));
    world.settle();
  }
  [[nodiscard]] kv::Use use_of(std::string_view key) const {
    return world.machine.store().find(key)->use;
  }

  ServerWorld world;
  std::unique_ptr<TestClient> client = world.connect();
};

// Given LRU, when a key is read, then all replicas are told by a write of the server's own; not of
// one that was used a moment ago, nor by a client that asked for no touch, nor by TYPE.
TEST_F(EvictionTest, ReadsAreToldWhenLruNeedsThem) {
  set_policy(kv::EvictionPolicy::allkeys_lru);
  at(900);
  ask("MSET a 1 b 2 c 3 d 4");
  at(1'000);
  EXPECT_EQ(ask("OBJECT IDLETIME a"), ":100\r\n");
  ask("SET d 4");
  const std::uint64_t before = world.replica.writes_submitted();
  ask("GET a");
  ask("GET d");
  ask("TYPE c");
  ask("EXISTS c");
  ask("CLIENT NO-TOUCH ON");
  ask("GET b");
  ask("MULTI");
  ask("GET b");
  ask("EXEC");
  wait();
  EXPECT_EQ(world.replica.writes_submitted(), before + 1);
  EXPECT_EQ(use_of("a").last(), 1'000'000U);
  EXPECT_EQ(use_of("b").last(), 900'000U);
  EXPECT_EQ(use_of("c").last(), 900'000U);
  EXPECT_EQ(ask("OBJECT IDLETIME a"), ":0\r\n");
  wait();
  EXPECT_EQ(world.replica.writes_submitted(), before + 1);
}

// Given a policy that needs no uses, when keys are read, then nothing is written.
TEST_F(EvictionTest, ReadsAreNotToldWhenNobodyNeedsThem) {
  ask("SET a 1");
  const std::uint64_t before = world.replica.writes_submitted();
  ask("GET a");
  wait();
  EXPECT_EQ(world.replica.writes_submitted(), before);
  EXPECT_EQ(ask("OBJECT IDLETIME a").substr(0, 40), "-ERR An LRU maxmemory policy is not sele");
  EXPECT_EQ(ask("OBJECT FREQ a").substr(0, 40), "-ERR An LFU maxmemory policy is not sele");
  EXPECT_EQ(ask("OBJECT IDLETIME none"), "$-1\r\n");
}

// Given a client whose reads are no uses, then TOUCH is one; RABIA.GET and reads of a transaction
// are uses of others; of keys that the policy never evicts nobody is told.
TEST_F(EvictionTest, WhatIsAUse) {
  set_policy(kv::EvictionPolicy::volatile_lru);
  at(900);
  ask("MSET forever 1");
  for (const char* key : {"touched", "got", "in"}) ask(std::string("SET ") + key + " 1 EX 1000");
  at(1'000);
  ask("GET forever");
  ask("RABIA.GET got");
  ask("MULTI");
  ask("GET in");
  ask("EXEC");
  ask("CLIENT NO-TOUCH ON");
  ask("TOUCH touched");
  wait();
  for (const char* key : {"touched", "got", "in"}) EXPECT_EQ(use_of(key).last(), 1'000'000U) << key;
  EXPECT_EQ(use_of("forever").last(), 900'000U);
}

// Given LFU, when a key is read, then its count grows; keys whose use nobody noted count 0.
TEST_F(EvictionTest, ReadsCountForLfu) {
  ask("SET old 1");
  set_policy(kv::EvictionPolicy::allkeys_lfu);
  ask("SET a 1");
  EXPECT_EQ(ask("OBJECT FREQ a"), ":5\r\n");
  EXPECT_EQ(ask("OBJECT FREQ old"), ":0\r\n");
  ask("GET a");
  wait();
  EXPECT_EQ(ask("OBJECT FREQ a"), ":6\r\n");
  EXPECT_EQ(ask("OBJECT IDLETIME a").substr(0, 40), "-ERR An LFU maxmemory policy is selected");
}

// Given a full store, then what adds data is refused in Redis's words, also in a transaction.
TEST_F(EvictionTest, AFullStoreRefusesAsRedisDoes) {
  ask("SET a 1");
  kv::run(world.machine, kv::set_limits({{kv::LimitField::max_memory_bytes, 1}}));
  const std::string oom = "OOM command not allowed when used memory > 'maxmemory'.\r\n";
  EXPECT_EQ(ask("SET b 1"), "-" + oom);
  ask("MULTI");
  ask("SET b 1");
  EXPECT_EQ(ask("EXEC"), "-EXECABORT Transaction discarded because of: " + oom);
  EXPECT_EQ(ask("RABIA.ONCE s 1 INCR a"), "-" + oom);
  EXPECT_EQ(ask("DEL a"), ":1\r\n");
}

TEST_F(EvictionTest, MemoryTellsWhatTakesHowMuch) {
  ask("SET a 1");
  EXPECT_NE(ask("MEMORY STATS").find("$17\r\nmaxmemory.account\r\n:"), std::string::npos);
  EXPECT_EQ(ask("MEMORY PURGE"), "+OK\r\n");
}

}  // namespace
}  // namespace rabia::server::testing
