// Connections that threads share.
#include "client/pool.h"

#include <gtest/gtest.h>

#include <thread>

#include "client/testing/fake_replicas.h"

namespace rabia::client {
namespace {

using testing::addresses;
using testing::FakeReplicas;

constexpr Milliseconds patience{30'000};

class PoolTest : public ::testing::Test {
 protected:
  Pool make(unsigned count, std::size_t connections_max) {
    return {replicas, addresses(count), connections_max, patience, 1};
  }
  FakeReplicas replicas{[](unsigned, const std::string&) { return Reply{}; }};
};

// Given a connection that was given back, then it is taken again; one that was lost is not, nor are
// those beside it.
TEST_F(PoolTest, TakesConnectionsAgain) {
  Pool pool = make(1, 3);
  const Instant deadline = Clock::now() + patience;
  for (int i = 0; i < 5; ++i) {
    auto lease = pool.take(deadline);
    ASSERT_TRUE(lease.ok());
    pool.give_back(lease.take(), Pool::End::answered);
  }
  EXPECT_EQ(replicas.dialed(), 1);
  auto first = pool.take(deadline);
  auto second = pool.take(deadline);
  pool.give_back(first.take(), Pool::End::answered);
  EXPECT_EQ(pool.metrics()[0].connections_open, 2U);
  pool.give_back(second.take(), Pool::End::lost);
  EXPECT_EQ(pool.metrics()[0].connections_open, 0U);
  EXPECT_EQ(pool.metrics()[0].failures, 1U);
  ASSERT_TRUE(pool.take(deadline).ok());
  EXPECT_EQ(replicas.dialed(), 3);
}

// Given as many calls as there may be connections, then the next waits until one ends; or until its
// deadline.
TEST_F(PoolTest, WaitsForAConnection) {
  Pool pool = make(2, 1);
  auto first = pool.take(Clock::now() + patience);
  auto second = pool.take(Clock::now() + patience);
  EXPECT_NE(first.value().replica, second.value().replica);
  const auto none = pool.take(Clock::now() + Milliseconds(1));
  EXPECT_EQ(none.status().code(), Code::unavailable);
  std::optional<std::size_t> taken;
  std::thread waiting([&] {
    auto lease = pool.take(Clock::now() + patience);
    if (lease.ok()) taken = lease.value().replica;
  });
  const std::size_t replica = second.value().replica;
  pool.give_back(second.take(), Pool::End::answered);
  waiting.join();
  EXPECT_EQ(taken, replica);
  EXPECT_EQ(replicas.dialed(), 2);
}

// Given a replica that refuses connections, then others are taken, and it is left out; and when
// there is no other, its words are told.
TEST_F(PoolTest, GoesOnAtOthers) {
  replicas.refuse_connections_of(1);
  Pool pool = make(2, 5);
  for (int i = 0; i < 4; ++i) {
    auto lease = pool.take(Clock::now() + patience);
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ(lease.value().replica, 1U);
  }
  EXPECT_GE(pool.metrics()[0].connections_failed, 1U);
  Pool alone = make(1, 5);
  const auto none = alone.take(Clock::now() + Milliseconds(50));
  EXPECT_EQ(none.status().code(), Code::unavailable);
  EXPECT_EQ(none.status().message(), "replica:1: refused");
}

// Given a wrong password, then that is told at once.
TEST_F(PoolTest, TellsOfAWrongPasswordAtOnce) {
  replicas.refuse_the_password();
  Pool pool = make(3, 5);
  const auto none = pool.take(Clock::now() + patience);
  EXPECT_EQ(none.status().code(), Code::failed_precondition);
  EXPECT_EQ(replicas.dialed(), 1);
}

}  // namespace
}  // namespace rabia::client
