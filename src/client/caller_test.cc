// Commands that are sent again, or not.
#include "client/caller.h"

#include <gtest/gtest.h>

#include "client/testing/fake_replicas.h"

namespace rabia::client {
namespace {

using testing::addresses;
using testing::Answer;
using testing::error;
using testing::FakeReplicas;
using testing::integer;
using testing::list;
using testing::text;
using Heard = std::vector<std::string>;

constexpr Milliseconds patience{30'000};
constexpr auto down = "CLUSTERDOWN The cluster has no quorum";
constexpr auto unknown = "ERR outcome unknown: the command may or may not have been executed";

// Two replicas, each with connections that were used before.
struct World {
  explicit World(Answer answer, Milliseconds retry_within = patience)
      : replicas(std::move(answer)),
        pool(replicas, addresses(2), 4, patience, 1),
        caller(pool, {.answer_within = patience, .retry_within = retry_within}) {}
  // What each replica heard, without the names of the replicas.
  Heard commands() const {
    Heard out;
    for (const std::string& line : replicas.heard()) out.push_back(line.substr(2));
    return out;
  }
  FakeReplicas replicas;
  Pool pool;
  Caller caller;
};

// Answers the first sendings as it is told, and then all with 1.
Answer after(std::vector<std::optional<Reply>> first) {
  return [first = std::move(first), next = 0U](unsigned, const std::string&) mutable {
    return next < first.size() ? first[next++] : integer(1);
  };
}

// Given connections that are lost, and answers that say that nobody knows, then a named write is
// sent again, each time the same and at another replica, until it is answered.
TEST(Caller, SendsANamedWriteAgainUntilItIsAnswered) {
  World world(after({std::nullopt, error(unknown), error(down)}));
  const auto reply = world.caller.call({"RABIA.ONCE", "s", "7", "INCR", "n"}, Repeat::by_name);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply.value().integer, 1);
  EXPECT_EQ(world.commands(), Heard(4, "RABIA.ONCE s 7 INCR n"));
  EXPECT_NE(world.replicas.heard()[0], world.replicas.heard()[1]);
  EXPECT_EQ(world.caller.counts().retries, 3U);
  EXPECT_EQ(world.caller.counts().calls, 1U);
}

// Given replicas that never answer, when the time is over, then what may have been done is of
// unknown outcome; and what was only refused, or is a read, is unavailable.
TEST(Caller, SaysWhetherAnythingMayHaveBeenDone) {
  const auto always = [](std::optional<Reply> reply) {
    return [reply = std::move(reply)](unsigned, const std::string&) { return reply; };
  };
  constexpr Milliseconds shortly{100};
  World lost(always(std::nullopt), shortly);
  EXPECT_EQ(lost.caller.call({"RABIA.ONCE"}, Repeat::by_name).status().code(),
            Code::unknown_outcome);
  EXPECT_EQ(lost.caller.call({"GET", "a"}, Repeat::freely).status().code(), Code::unavailable);
  World refused(always(error(down)), shortly);
  const Status status = refused.caller.call({"RABIA.ONCE"}, Repeat::by_name).status();
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_NE(status.message().find(down), std::string::npos);
  EXPECT_GT(refused.replicas.heard().size(), 2U);
  EXPECT_EQ(lost.caller.counts().unknown_outcome, 1U);
  EXPECT_EQ(lost.caller.counts().unavailable, 1U);
  EXPECT_EQ(refused.caller.counts().unavailable, 1U);
}

// Given an error of the command itself, then it is not sent again.
TEST(Caller, DoesNotRepeatWhatIsWrong) {
  World world(after({error("ERR value is not an integer or out of range")}));
  const auto reply = world.caller.call({"RABIA.ONCE", "s", "1", "INCR", "n"}, Repeat::by_name);
  EXPECT_EQ(reply.status().code(), Code::invalid_argument);
  EXPECT_EQ(world.replicas.heard().size(), 1U);
}

// Given a command that may be sent once, then a dead connection is found before it is sent, a
// refusal lets it be sent again, and a loss does not.
TEST(Caller, SendsOnceWhatHasNoName) {
  World world(after({std::nullopt, text("PONG"), error(down), text("PONG"), std::nullopt}));
  const auto reply = world.caller.call({"PUBLISH", "c", "m"}, Repeat::never);
  EXPECT_EQ(reply.status().code(), Code::unknown_outcome);
  EXPECT_EQ(world.commands(), (Heard{"PING", "PING", "PUBLISH c m", "PING", "PUBLISH c m"}));
}

class Transactions : public ::testing::Test {
 protected:
  Result<std::vector<Reply>> run(World& world) {
    const std::vector<Words> commands = {{"SET", "a", "1"}, {"INCR", "n"}};
    return world.caller.transact(commands);
  }
  const Reply ok = text("OK");
  const Reply queued = text("QUEUED");
  const Heard whole = {"MULTI", "SET a 1", "INCR n", "EXEC"};
};

// Given a transaction whose connection is lost, or whose replica refuses, before it is executed,
// then it is sent again; and its replies are those of EXEC.
TEST_F(Transactions, AreSentAgainBeforeTheyAreExecuted) {
  World world(after({ok, std::nullopt, ok, queued, queued, error(down), ok, queued, queued,
                     list({ok, integer(5)})}));
  const auto replies = run(world);
  ASSERT_TRUE(replies.ok()) << replies.status().message();
  EXPECT_EQ(replies.value()[1].integer, 5);
  Heard wanted = {"MULTI", "SET a 1"};
  for (int i = 0; i < 2; ++i) wanted.insert(wanted.end(), whole.begin(), whole.end());
  EXPECT_EQ(world.commands(), wanted);
}

// Given one whose connection is lost while it is executed, then nobody knows, and it is not
// repeated.
TEST_F(Transactions, AreOfUnknownOutcomeWhenTheirReplyIsLost) {
  for (const std::optional<Reply>& lost : {std::optional<Reply>(), std::optional(error(unknown))}) {
    World world(after({ok, queued, queued, lost}));
    EXPECT_EQ(run(world).status().code(), Code::unknown_outcome);
    EXPECT_EQ(world.commands(), whole);
  }
}

// Given one of whose commands the server refuses one, then its words are told, nothing is executed,
// and the connection is good for the next.
TEST_F(Transactions, TellWhatCouldNotBeQueued) {
  World world(after({ok, error("ERR a key is too large"), queued, ok}));
  const Status status = run(world).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_EQ(status.message(), "ERR a key is too large");
  EXPECT_EQ(world.commands().back(), "DISCARD");
  EXPECT_EQ(world.pool.metrics()[0].failures + world.pool.metrics()[1].failures, 0U);
}

}  // namespace
}  // namespace rabia::client
