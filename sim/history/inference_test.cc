#include "sim/history/inference.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/history/describe.h"
#include "sim/history/model.h"
#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

using Kind = Sight::Kind;

std::vector<std::string> keys_of(const Contents& before, const Contents& after) {
  std::vector<std::string> keys;
  for (const char* const key : {"k0", "k1", "k2"}) {
    if (before.has(key) || after.has(key)) keys.emplace_back(key);
  }
  return keys;
}

// What may be said of a key, true or not.
std::vector<Sight> sights_about(const std::string* value) {
  std::vector<Sight> sights = {{Kind::absent}, {Kind::present}, {Kind::zero}};
  const std::size_t length = value == nullptr ? 0 : value->size();
  sights.push_back({.kind = Kind::length, .length = length});
  if (value != nullptr) sights.push_back({.kind = Kind::value, .value = *value});
  for (std::int64_t number = -9; number < 10; ++number) {
    sights.push_back({.kind = Kind::at_most, .number = number});
    sights.push_back({.kind = Kind::at_least, .number = number});
  }
  return sights;
}

// Given random states and commands, when a command is executed, then what is inferred from its
// reply about the state before is true.
TEST(Inference, ObservationsAreTrue) {
  base::Random random(1);
  const RandomOptions options{.operations = 12, .clients = 1, .keys = 3, .values = 3};
  std::map<Kind, int> seen;
  for (int round = 0; round < 5'000; ++round) {
    Contents contents;
    for (Operation each : random_history(options, random)) {
      const Contents before = contents;
      each.reply = execute(contents, each.args);
      for (const Observation& observation : observations_of(each)) {
        ++seen[observation.sight.kind];
        EXPECT_TRUE(observation.sight.fits(before.find(observation.key))) << describe(each);
      }
    }
  }
  for (const Kind kind : {Kind::absent, Kind::present, Kind::value, Kind::length, Kind::zero}) {
    EXPECT_GT(seen[kind], 100) << static_cast<int>(kind);
  }
}

// Given random states and commands, when a command makes something true of a key that was not, then
// it is taken for a possible origin of it, whether its reply is known or not.
TEST(Inference, WhatMakesSomethingTrueIsAPossibleOrigin) {
  base::Random random(2);
  const RandomOptions options{.operations = 12, .clients = 1, .keys = 3, .values = 3};
  int made = 0;
  int conditional = 0;
  for (int round = 0; round < 5'000; ++round) {
    Contents contents;
    for (Operation each : random_history(options, random)) {
      const Contents before = contents;
      each.reply = execute(contents, each.args);
      Operation unknown = each;
      unknown.outcome = Outcome::unknown;
      unknown.reply.clear();
      for (const std::string& key : keys_of(before, contents)) {
        const std::string* const after = contents.find(key);
        for (const Sight& sight : sights_about(after)) {
          if (!sight.fits(after) || sight.fits(before.find(key))) continue;
          ++made;
          for (const Operation& maker : {each, unknown}) {
            const Origin origin = origin_of(key, sight, maker);
            EXPECT_TRUE(origin.is_possible) << describe(maker);
            if (!origin.only_after) continue;
            ++conditional;
            EXPECT_TRUE(origin.only_after->fits(before.find(key))) << describe(maker);
          }
        }
      }
    }
  }
  EXPECT_GT(made, 10'000);
  EXPECT_GT(conditional, 1'000);
}

// Given replies that tell what a command left, when something else is asked for, then the command
// is no origin of it.
TEST(Inference, RepliesExcludeOrigins) {
  const Sight seven{.kind = Kind::value, .value = "7"};
  EXPECT_TRUE(origin_of("k", seven, done(1, "INCR k", 0, 1, integer(7))).is_possible);
  EXPECT_FALSE(origin_of("k", seven, done(1, "INCR k", 0, 1, integer(8))).is_possible);
  EXPECT_FALSE(origin_of("k", seven, done(1, "SETNX k 7", 0, 1, integer(0))).is_possible);
  EXPECT_FALSE(origin_of("k", seven, done(1, "SET k 7 NX", 0, 1, nil)).is_possible);
  EXPECT_TRUE(origin_of("k", seven, done(1, "SET k 7 XX GET", 0, 1, nil)).is_possible);
  EXPECT_FALSE(origin_of("k", seven, done(1, "SET k 8", 0, 1, ok)).is_possible);
  EXPECT_FALSE(origin_of("k", seven, done(1, "APPEND k 7", 0, 1, integer(2))).is_possible);
  EXPECT_FALSE(origin_of("k", {Kind::absent}, done(1, "DEL k", 0, 1, integer(0))).is_possible);
  EXPECT_FALSE(origin_of("k", {Kind::absent}, unknown(1, "APPEND k x", 0)).is_possible);
}

// Given a transaction, when it was executed or refused, then its replies tell about the state
// before it, and what its commands leave about the one behind.
TEST(Inference, LooksIntoTransactions) {
  const auto transaction = [](std::string_view args, std::string reply) {
    return done(1, args, 0, 1, std::move(reply));
  };
  const std::string_view increments = "EXEC 2 w x 2 INCR n 2 INCR n 3 SET k v 2 GET k";
  const Operation executed =
      transaction(increments, array({integer(5), integer(6), ok, bulk("v")}));
  const auto seen = observations_of(executed);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].key, "w");
  EXPECT_EQ(seen[0].sight, (Sight{.kind = Kind::value, .value = "x"}));
  EXPECT_EQ(seen[1].key, "n");
  EXPECT_EQ(seen[1].sight, (Sight{.kind = Kind::value, .value = "4"}));
  EXPECT_TRUE(origin_of("k", {.kind = Kind::value, .value = "v"}, executed).is_possible);
  EXPECT_FALSE(origin_of("n", {.kind = Kind::value, .value = "7"}, executed).is_possible);
  EXPECT_FALSE(origin_of("k", {.kind = Kind::absent}, executed).is_possible);

  EXPECT_TRUE(observations_of(transaction(increments, "*-1\r\n")).empty());
  EXPECT_TRUE(observations_of(transaction(increments, "*1\r\n:5\r\n")).empty());
  const Operation refused = transaction("EXEC 1 w 3 SET k v", "*-1\r\n");
  ASSERT_EQ(observations_of(refused).size(), 1U);
  EXPECT_EQ(observations_of(refused)[0].sight.kind, Kind::present);
  EXPECT_FALSE(origin_of("k", {.kind = Kind::value, .value = "v"}, refused).is_possible);

  const Sight seven{.kind = Kind::value, .value = "7"};
  const Origin twice = origin_of("n", seven, unknown(1, "EXEC 0 2 INCR n 2 INCR n", 0));
  EXPECT_TRUE(twice.is_possible);
  EXPECT_EQ(twice.only_after, (Sight{.kind = Kind::at_most, .number = 6}));
  const Origin guarded = origin_of("w", seven, unknown(1, "EXEC 2 w x 3 SET w 7", 0));
  EXPECT_EQ(guarded.only_after, (Sight{.kind = Kind::value, .value = "x"}));
}

// Given replies that no server should give, and one of an operation that is not done, when
// observations are taken, then there are none.
TEST(Inference, NothingIsInferredFromMalformedReplies) {
  Operation not_done = done(1, "GET k", 0, 1, nil);
  EXPECT_EQ(observations_of(not_done).size(), 1U);
  not_done.outcome = Outcome::unknown;
  EXPECT_TRUE(observations_of(not_done).empty());
  for (const char* const reply :
       {"", "+OK\r\n", "$", "$5\r\nab\r\n", "$-2\r\n", ":x\r\n", "*2\r\n$1\r\na"}) {
    for (const char* const command :
         {"GET k", "MGET k l", "INCR k", "APPEND k", "DECRBY k x", "GET"}) {
      EXPECT_TRUE(observations_of(done(1, command, 0, 1, reply)).empty()) << command << reply;
    }
  }
}

}  // namespace
}  // namespace rabia::sim::history
