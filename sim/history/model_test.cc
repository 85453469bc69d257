#include "sim/history/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sim/history/describe.h"
#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

constexpr std::string_view largest = "9223372036854775807";
constexpr std::string_view smallest = "-9223372036854775808";
const std::string syntax_error = "-ERR syntax error\r\n";
const std::string not_an_integer = "-ERR value is not an integer or out of range\r\n";
const std::string overflow = "-ERR increment or decrement would overflow\r\n";

std::string wrong_number(const std::string& name) {
  return "-ERR wrong number of arguments for '" + name + "' command\r\n";
}

struct Exchange {
  std::string command;
  std::string reply;
};

// Commands on an empty store, one after the other.
using Conversation = std::vector<Exchange>;

void hold(const std::vector<Conversation>& conversations) {
  for (const Conversation& conversation : conversations) {
    Contents contents;
    for (const Exchange& each : conversation) {
      EXPECT_EQ(execute(contents, words_of(each.command)), each.reply) << each.command;
    }
  }
}

// Given an empty store, when strings are set and read, then the replies are those of Redis 7.0.
TEST(Model, AnswersReadsAndSetsAsRedisDoes) {
  hold({
      {{"GET k", nil},
       {"SET k v", ok},
       {"GET k", bulk("v")},
       {"SET k w", ok},
       {"GET k", bulk("w")}},
      {{"STRLEN k", integer(0)}, {"SET k abc", ok}, {"STRLEN k", integer(3)}},
      {{"SET k v NX", ok}, {"SET k w NX", nil}, {"GET k", bulk("v")}},
      {{"SET k v XX", nil},
       {"GET k", nil},
       {"SET k v", ok},
       {"SET k w XX", ok},
       {"GET k", bulk("w")}},
      {{"SET k v GET", nil}, {"SET k w GET", bulk("v")}, {"GET k", bulk("w")}},
      {{"SET k v NX GET", nil}, {"SET k w NX GET", bulk("v")}, {"GET k", bulk("v")}},
      {{"SET k v XX GET", nil}, {"GET k", nil}, {"SET k v", ok}, {"SET k w GET XX", bulk("v")}},
      {{"SET k v nx get", nil}, {"SET k w Xx Get", bulk("v")}, {"SET k u nX", nil}},
      {{"SET k v NX XX", syntax_error}, {"SET k v XX GET NX", syntax_error}, {"GET k", nil}},
      {{"SET k v NX NX GET GET", nil}, {"SET k v BOGUS", syntax_error}, {"GET k", bulk("v")}},
      {{"SETNX k v", integer(1)}, {"SETNX k w", integer(0)}, {"GET k", bulk("v")}},
      {{"GETSET k v", nil}, {"GETSET k w", bulk("v")}, {"GET k", bulk("w")}},
      {{"GETDEL k", nil}, {"SET k v", ok}, {"GETDEL k", bulk("v")}, {"GET k", nil}},
      {{"APPEND k abc", integer(3)}, {"APPEND k de", integer(5)}, {"GET k", bulk("abcde")}},
      {{"APPEND k ", integer(0)}, {"EXISTS k", integer(1)}, {"GET k", bulk("")}},
  });
}

// Given keys with and without a deadline, when they are changed, then it is known which expire; and
// only those do.
TEST(Model, KnowsWhichKeysExpire) {
  const auto no = integer(0);
  const auto yes = integer(1);
  hold({
      {{"EXPIRED k v", no}, {"SET k v", ok}, {"EXPIRED k v", no}, {"PERSIST k", no}},
      {{"EVICTED k v", no},
       {"SET k v", ok},
       {"EVICTED k w", no},
       {"EVICTED k v", yes},
       {"GET k", nil}},
      {{"SET k v PX 5", ok}, {"EXPIRED k w", no}, {"EXPIRED k v", yes}, {"GET k", nil}},
      {{"SET k v PX 5", ok}, {"PERSIST k", yes}, {"PERSIST k", no}, {"EXPIRED k v", no}},
      {{"PEXPIRE k 5", no}, {"SET k v", ok}, {"PEXPIRE k 5", yes}, {"EXPIRED k v", yes}},
      {{"SET k v", ok}, {"PEXPIRE k 0", yes}, {"GET k", nil}},
      {{"SET k v PX 5", ok}, {"APPEND k w", integer(2)}, {"EXPIRED k vw", yes}},
      {{"SET k 1 PX 5", ok}, {"INCR k", integer(2)}, {"EXPIRED k 2", yes}},
      {{"SET k v PX 5", ok}, {"SET k w", ok}, {"EXPIRED k w", no}},
      {{"SET k v PX 5", ok}, {"GETSET k w", bulk("v")}, {"EXPIRED k w", no}},
      {{"SET k v PX 5", ok}, {"SET k w NX", nil}, {"EXPIRED k v", yes}},
      {{"SET k v PX 5", ok}, {"DEL k", yes}, {"SETNX k v", yes}, {"EXPIRED k v", no}},
      {{"SET k v PX", syntax_error}, {"SET k v PX 5 PX 5", syntax_error}, {"GET k", nil}},
  });
}

// Given an empty store, when commands name several keys or none, then the replies are Redis's.
TEST(Model, AnswersCommandsOnManyKeysAsRedisDoes) {
  hold({
      {{"MSET a 1 b 2", ok}, {"MGET a b c a", array({bulk("1"), bulk("2"), nil, bulk("1")})}},
      {{"MSET a 1 a 2", ok}, {"GET a", bulk("2")}, {"DBSIZE", integer(1)}},
      {{"MSETNX a 1 b 2", integer(1)},
       {"MSETNX b 3 c 4", integer(0)},
       {"MGET b c", array({bulk("2"), nil})}},
      {{"MSETNX a 1 a 2", integer(1)}, {"GET a", bulk("2")}},
      {{"MSET a 1 b 2", ok}, {"EXISTS a b c", integer(2)}, {"EXISTS a a", integer(2)}},
      {{"MSET a 1 b 2", ok},
       {"DEL a a c", integer(1)},
       {"UNLINK a b", integer(1)},
       {"DBSIZE", integer(0)}},
      {{"DBSIZE", integer(0)},
       {"MSET a 1 b 2", ok},
       {"DBSIZE", integer(2)},
       {"FLUSHALL", ok},
       {"DBSIZE", integer(0)},
       {"GET a", nil}},
      {{"SET a 1", ok},
       {"FLUSHALL BOGUS", syntax_error},
       {"FLUSHALL ASYNC SYNC", syntax_error},
       {"DBSIZE", integer(1)}},
      {{"SET a 1", ok}, {"FLUSHALL async", ok}, {"DBSIZE", integer(0)}, {"FLUSHALL SYNC", ok}},
  });
}

// Given numbers and what looks like numbers, when they are counted up and down, then the replies
// are Redis's, and what is refused changes nothing.
TEST(Model, CountsAsRedisDoes) {
  const std::string max(largest);
  const std::string min(smallest);
  hold({
      {{"INCR n", integer(1)},
       {"INCR n", integer(2)},
       {"DECR n", integer(1)},
       {"GET n", bulk("1")}},
      {{"DECR n", integer(-1)}, {"INCRBY n 10", integer(9)}, {"DECRBY n 20", integer(-11)}},
      {{"INCRBY n -0", not_an_integer},
       {"INCRBY n 01", not_an_integer},
       {"INCRBY n +1", not_an_integer},
       {"INCRBY n ", not_an_integer},
       {"INCRBY n 1x", not_an_integer},
       {"EXISTS n", integer(0)}},
      {{"INCRBY n 0", integer(0)}, {"EXISTS n", integer(1)}},
      {{"SET n x", ok},
       {"INCR n", not_an_integer},
       {"DECRBY n 2", not_an_integer},
       {"GET n", bulk("x")}},
      {{"SET n 010", ok}, {"INCR n", not_an_integer}, {"SET n -0", ok}, {"INCR n", not_an_integer}},
      {{"APPEND n ", integer(0)}, {"INCR n", not_an_integer}},
      {{"SET n " + max, ok},
       {"INCR n", overflow},
       {"INCRBY n 5", overflow},
       {"GET n", bulk(max)},
       {"DECR n", ":9223372036854775806\r\n"}},
      {{"SET n " + min, ok},
       {"DECR n", overflow},
       {"INCRBY n -1", overflow},
       {"DECRBY n " + max, overflow},
       {"GET n", bulk(min)}},
      {{"INCRBY n " + max, ":" + max + "\r\n"},
       {"INCRBY n " + min, integer(-1)},
       {"DECRBY n " + max, ":" + min + "\r\n"}},
      {{"DECRBY n " + min, "-ERR decrement would overflow\r\n"},
       {"INCRBY n 9223372036854775808", not_an_integer},
       {"DECRBY n x", not_an_integer}},
      {{"SET n x", ok}, {"DECRBY n " + min, "-ERR decrement would overflow\r\n"}},
  });
}

// Given too few or too many words, when a command is executed, then it is refused and changes
// nothing.
TEST(Model, RefusesAWrongNumberOfArguments) {
  for (const char* const name :
       {"APPEND", "DECR", "DECRBY", "DEL", "EXISTS", "GET", "GETDEL", "GETSET", "INCR", "INCRBY",
        "MGET", "MSET", "MSETNX", "SET", "SETNX", "STRLEN", "UNLINK"}) {
    Contents contents;
    EXPECT_EQ(execute(contents, {name}).rfind("-ERR wrong number", 0), 0U) << name;
  }
  hold({
      {{"GET a b", wrong_number("get")},
       {"SET a", wrong_number("set")},
       {"DBSIZE a", wrong_number("dbsize")}},
      {{"MSET a 1 b", wrong_number("mset")},
       {"MSETNX a 1 b", wrong_number("msetnx")},
       {"DBSIZE", integer(0)}},
      {{"INCRBY a", wrong_number("incrby")},
       {"INCR a b", wrong_number("incr")},
       {"APPEND a b c", wrong_number("append")}},
      {{"SETNX a 1 b", wrong_number("setnx")},
       {"GETDEL a b", wrong_number("getdel")},
       {"DBSIZE", integer(0)}},
  });
}

// Given a value with any bytes in it, when it is set and read, then it comes back as it was.
TEST(Model, KeepsBytesAsTheyAre) {
  Contents contents;
  const std::string value("\0\r\n$3\r\n\xff", 8);
  EXPECT_EQ(execute(contents, {"SET", "k", value}), ok);
  EXPECT_EQ(look(contents, {"GET", "k"}), bulk(value));
}

// Given equal contents reached in two ways, when they are compared, then they and their hashes are
// equal; a copy does not change with its original.
TEST(Model, ContentsAreValues) {
  Contents one;
  Contents other;
  for (const char* const command : {"MSET a 1 b 2 c 3", "DEL c"}) execute(one, words_of(command));
  for (const char* const command : {"SET b 2", "SET a 9", "SET a 1"})
    execute(other, words_of(command));
  EXPECT_TRUE(one == other);
  EXPECT_EQ(one.hash(), other.hash());
  const Contents copy = one;
  execute(one, {"APPEND", "a", "x"});
  EXPECT_FALSE(one == copy);
  EXPECT_NE(one.hash(), copy.hash());
  EXPECT_EQ(*copy.find("a"), "1");
  execute(one, {"FLUSHALL"});
  EXPECT_TRUE(one == Contents());
  EXPECT_EQ(one.hash(), Contents().hash());
}

struct FootprintCase {
  std::string command;
  std::vector<std::string> keys;
  bool reads_only;
  bool overwrites;
  bool is_blind;
};

// Given commands of all kinds, when they are looked at, then their keys and kinds are told.
TEST(Model, TellsWhatACommandTouches) {
  for (const FootprintCase& each : std::vector<FootprintCase>{
           {"GET k", {"k"}, true, false, false},
           {"MGET b a b", {"a", "b"}, true, false, false},
           {"SET k v", {"k"}, false, true, true},
           {"SET k v GET", {"k"}, false, true, false},
           {"SET k v NX", {"k"}, false, false, false},
           {"SET k v BOGUS", {"k"}, false, false, false},
           {"MSET b 1 a 2", {"a", "b"}, false, true, true},
           {"MSET a 1 b", {"a", "b"}, false, false, false},
           {"MSETNX b 1 a 2", {"a", "b"}, false, false, false},
           {"DEL b a", {"a", "b"}, false, true, false},
           {"GETDEL k", {"k"}, false, true, false},
           {"GETSET k v", {"k"}, false, true, false},
           {"INCR k", {"k"}, false, false, false},
           {"APPEND k v", {"k"}, false, false, false},
           {"GET", {}, true, false, false},
       }) {
    const Footprint footprint = footprint_of(words_of(each.command));
    EXPECT_EQ(footprint.keys, each.keys) << each.command;
    EXPECT_EQ(footprint.reads_only, each.reads_only) << each.command;
    EXPECT_EQ(footprint.overwrites, each.overwrites) << each.command;
    EXPECT_EQ(footprint.is_blind, each.is_blind) << each.command;
    EXPECT_FALSE(footprint.all_keys) << each.command;
  }
  EXPECT_TRUE(footprint_of({"FLUSHALL"}).all_keys);
  EXPECT_TRUE(footprint_of({"FLUSHALL"}).is_blind);
  EXPECT_TRUE(footprint_of({"DBSIZE"}).all_keys);
  EXPECT_TRUE(footprint_of({"DBSIZE"}).reads_only);
}

// Given two random states, when one random command is executed in both, then what its footprint
// promises holds: other keys are left alone, and what it overwrites does not depend on the state.
TEST(Model, FootprintsHold) {
  base::Random random(1);
  std::size_t overwriting = 0;
  for (int round = 0; round < 5'000; ++round) {
    const RandomOptions options{.operations = 12, .clients = 1, .keys = 3, .values = 3};
    Contents states[2];
    for (Contents& state : states) {
      for (const Operation& each : random_history(options, random)) execute(state, each.args);
    }
    const Arguments args = random_history(options, random).front().args;
    const Footprint footprint = footprint_of(args);
    std::string replies[2];
    for (int i = 0; i < 2; ++i) {
      const Contents before = states[i];
      replies[i] = execute(states[i], args);
      EXPECT_TRUE(!footprint.reads_only || states[i] == before) << args[0];
      for (const char* const key : {"k0", "k1", "k2"}) {
        if (footprint.all_keys || std::ranges::find(footprint.keys, key) != footprint.keys.end()) {
          continue;
        }
        EXPECT_EQ(look(states[i], {"GET", key}), look(before, {"GET", key})) << args[0];
      }
    }
    EXPECT_TRUE(!footprint.is_blind || replies[0] == replies[1]) << args[0];
    if (!footprint.overwrites) continue;
    ++overwriting;
    EXPECT_TRUE(!footprint.all_keys || states[0] == states[1]) << args[0];
    for (const std::string& key : footprint.keys) {
      EXPECT_EQ(look(states[0], {"GET", key}), look(states[1], {"GET", key})) << args[0];
    }
  }
  EXPECT_GT(overwriting, 500U);
}

}  // namespace
}  // namespace rabia::sim::history
