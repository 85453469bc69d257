// Alg. 1's queue.
#include "consensus/published/request_queue.h"

#include <gtest/gtest.h>

namespace rabia::consensus::published {
namespace {

base::SharedBytes bytes(const char* text) {
  return base::SharedBytes(text);
}

// Given requests in any order, then the head is the one with the lowest time stamp; equal ones go
// by owner: the same at every member.
TEST(PublishedQueue, GivesTheOldestFirst) {
  RequestQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push({20, {1}, 1}, bytes("late"));
  queue.push({10, {3}, 1}, bytes("early"));
  queue.push({10, {2}, 1}, bytes("first"));
  EXPECT_EQ(queue.head(), (RequestId{10, {2}, 1}));
  queue.executed({10, {2}, 1});
  EXPECT_EQ(queue.head(), (RequestId{10, {3}, 1}));
  EXPECT_EQ(queue.find({20, {1}, 1}).view(), "late");
}

// Given a request that is in the log, when it comes again, then it is not pushed: Alg. 1 proposes
// nothing that is in the log already.
TEST(PublishedQueue, TakesNothingThatIsInTheLog) {
  RequestQueue queue;
  const RequestId id{5, {2}, 1};
  EXPECT_TRUE(queue.push(id, bytes("x")));
  EXPECT_FALSE(queue.push(id, bytes("x"))) << "it waits already";
  queue.executed(id);
  EXPECT_TRUE(queue.in_log(id));
  EXPECT_FALSE(queue.push(id, bytes("x")));
  EXPECT_TRUE(queue.empty());
}

// Given requests that come into the log in another order than they were made, then each is known
// there, and no other.
TEST(PublishedQueue, KnowsWhatIsInTheLogInAnyOrder) {
  RequestQueue queue;
  for (const std::uint64_t number : {3U, 1U, 4U}) queue.executed({number, {7}, number});
  for (const std::uint64_t number : {1U, 3U, 4U}) {
    EXPECT_TRUE(queue.in_log({number, {7}, number})) << number;
  }
  EXPECT_FALSE(queue.in_log({2, {7}, 2}));
  EXPECT_FALSE(queue.in_log({5, {7}, 5}));
  EXPECT_FALSE(queue.in_log({1, {8}, 1})) << "another owner's";
  queue.executed({2, {7}, 2});
  EXPECT_TRUE(queue.in_log({2, {7}, 2}));
}

}  // namespace
}  // namespace rabia::consensus::published
