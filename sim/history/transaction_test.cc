// Transactions: what they mean, what they touch, and histories whose verdict is known.
#include "sim/history/transaction.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "sim/history/describe.h"
#include "sim/history/linearizability.h"
#include "sim/history/model.h"
#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

using Kind = Verdict::Kind;
using Watched = Transaction::Watched;

const std::string refused(nil_array);

// Commands as words with single spaces between them.
Arguments exec(const std::vector<std::string>& commands, std::optional<Watched> watched = {}) {
  Transaction transaction{.watched = std::move(watched), .commands = {}};
  for (const std::string& command : commands) transaction.commands.push_back(words_of(command));
  return arguments_of(transaction);
}

Operation exec_done(Arguments args, int invoked_ms, int returned_ms, std::string reply) {
  Operation operation = done(7, "EXEC", invoked_ms, returned_ms, std::move(reply));
  operation.args = std::move(args);
  return operation;
}

Operation exec_unknown(Arguments args, int invoked_ms) {
  Operation operation = unknown(7, "EXEC", invoked_ms);
  operation.args = std::move(args);
  return operation;
}

void expect(Kind kind, const History& history) {
  const Verdict verdict = check(history);
  EXPECT_EQ(verdict.kind, kind) << verdict.explanation;
}

// Given a transaction, when it is written as arguments, then it can be read back.
TEST(Transaction, IsReadBackFromItsArguments) {
  EXPECT_EQ(exec({"SET k v", "INCR n"}),
            (Arguments{"EXEC", "0", "3", "SET", "k", "v", "2", "INCR", "n"}));
  EXPECT_EQ(exec({"GET k"}, Watched{"w", {}}), (Arguments{"EXEC", "1", "w", "2", "GET", "k"}));
  const Transaction back = transaction_of(exec({"SET k v", "GET k"}, Watched{"w", "x"}));
  ASSERT_TRUE(back.watched && back.watched->value);
  EXPECT_EQ(back.watched->key, "w");
  EXPECT_EQ(*back.watched->value, "x");
  EXPECT_EQ(back.commands, (std::vector<Arguments>{{"SET", "k", "v"}, {"GET", "k"}}));
  EXPECT_FALSE(is_transaction({"GET", "EXEC"}));
  EXPECT_DEATH(transaction_of(exec({"MSETNX a 1"})), "");
  EXPECT_DEATH(transaction_of({"EXEC", "0", "3", "GET", "k"}), "");
}

// Given commands in a transaction, when it is executed, then each sees those before it, and one
// that fails does not undo the others.
TEST(Transaction, ExecutesItsCommandsInOrder) {
  Contents contents;
  EXPECT_EQ(
      execute(contents, exec({"SET k a", "GET k", "INCR k", "SET k b", "MGET k n", "INCR n"})),
      array({ok, bulk("a"), "-ERR value is not an integer or out of range\r\n", ok,
             array({bulk("b"), nil}), integer(1)}));
  EXPECT_EQ(look(contents, exec({"GET n", "DBSIZE"})), array({bulk("1"), integer(2)}));
  EXPECT_EQ(look(contents, exec({"DEL n", "GET n"})), array({integer(1), nil}));
  EXPECT_EQ(look(contents, {"GET", "n"}), bulk("1"));
}

// Given a watched key, when it is another one than it was, then nothing is executed.
TEST(Transaction, ExecutesNothingWhenAWatchedKeyChanged) {
  Contents contents;
  EXPECT_EQ(execute(contents, exec({"INCR n"}, Watched{"k", "a"})), refused);
  EXPECT_EQ(execute(contents, exec({"SET k a", "INCR n"}, Watched{"k", {}})),
            array({ok, integer(1)}));
  EXPECT_EQ(execute(contents, exec({"INCR n"}, Watched{"k", {}})), refused);
  EXPECT_EQ(execute(contents, exec({"INCR n"}, Watched{"k", "b"})), refused);
  EXPECT_EQ(execute(contents, exec({"INCR n"}, Watched{"k", "a"})), array({integer(2)}));
}

// Given transactions, when they are looked at, then their keys and kinds are told.
TEST(Transaction, TellsWhatItTouches) {
  const Footprint mixed = footprint_of(exec({"SET b 1", "GET a", "INCR b"}));
  EXPECT_EQ(mixed.keys, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(mixed.reads_only || mixed.overwrites || mixed.is_blind || mixed.all_keys);
  EXPECT_TRUE(footprint_of(exec({"GET a", "MGET b c"}, Watched{"d", {}})).reads_only);
  EXPECT_EQ(footprint_of(exec({"GET a"}, Watched{"d", {}})).keys,
            (std::vector<std::string>{"a", "d"}));
  EXPECT_TRUE(footprint_of(exec({"SET a 1", "MSET a 2 b 3"})).is_blind);
  EXPECT_TRUE(footprint_of(exec({"SET a 1", "DEL b"})).overwrites);
  EXPECT_FALSE(footprint_of(exec({"SET a 1", "DEL b"})).is_blind);
  EXPECT_FALSE(footprint_of(exec({"SET a 1"}, Watched{"a", "0"})).overwrites);
  EXPECT_TRUE(footprint_of(exec({"SET a 1", "FLUSHALL"})).all_keys);
  const Footprint look =
      footprint_of(exec_done(exec({"SET a 1"}, Watched{"w", {}}), 0, 1, refused));
  EXPECT_EQ(look.keys, (std::vector<std::string>{"w"}));
  EXPECT_TRUE(look.reads_only);
}

// Given a transaction under way, when others see a part of it, then that is not linearizable.
TEST(Transaction, IsNeverSeenByHalf) {
  const Operation both = exec_done(exec({"SET a 1", "SET b 1"}), 0, 20, array({ok, ok}));
  expect(Kind::linearizable, {both, done(1, "MGET a b", 1, 2, array({nil, nil})),
                              done(1, "MGET a b", 3, 4, array({bulk("1"), bulk("1")}))});
  expect(Kind::not_linearizable, {both, done(1, "MGET a b", 1, 2, array({bulk("1"), nil}))});
  expect(Kind::not_linearizable,
         {both, done(1, "GET a", 1, 2, bulk("1")), done(1, "GET b", 3, 4, nil)});
  expect(Kind::not_linearizable, {exec_unknown(exec({"SET a 1", "SET b 1"}), 0),
                                  done(1, "GET a", 1, 2, bulk("1")), done(1, "GET b", 3, 4, nil)});
  expect(Kind::not_linearizable,
         {done(1, "SET a 1", 0, 1, ok), done(1, "SET b 1", 2, 20, ok),
          exec_done(exec({"GET b", "GET a", "GET b"}), 3, 9, array({nil, bulk("1"), bulk("1")}))});
}

// Given a read between two writes of a transaction, when it sees the later or the earlier state,
// then that is not linearizable.
TEST(Transaction, ReadsSeeWhatIsBeforeThem) {
  const Arguments args = exec({"SET k a", "GET k", "SET k b"});
  expect(Kind::linearizable, {exec_done(args, 0, 1, array({ok, bulk("a"), ok}))});
  expect(Kind::not_linearizable, {exec_done(args, 0, 1, array({ok, bulk("b"), ok}))});
  expect(Kind::not_linearizable, {exec_done(args, 0, 1, array({ok, nil, ok}))});
}

// Given a transaction that depends on a key, when it was executed although the key had changed, or
// was not although it had not, then that is not linearizable.
TEST(Transaction, DependsOnWhatWasWatched) {
  const Operation first = done(1, "SET k a", 0, 1, ok);
  const Arguments args = exec({"SET k c"}, Watched{"k", "a"});
  const Operation executed = exec_done(args, 4, 5, array({ok}));
  const Operation nothing = exec_done(args, 4, 5, refused);
  expect(Kind::linearizable, {first, executed, done(1, "GET k", 6, 7, bulk("c"))});
  expect(Kind::not_linearizable, {first, nothing});
  const Operation change = done(1, "SET k b", 2, 3, ok);
  expect(Kind::linearizable, {first, change, nothing, done(1, "GET k", 6, 7, bulk("b"))});
  expect(Kind::not_linearizable, {first, change, executed});
  const Operation concurrent = done(1, "SET k b", 2, 9, ok);
  expect(Kind::linearizable, {first, concurrent, executed});
  expect(Kind::linearizable, {first, concurrent, nothing});
}

// Given two counters up by one from the same number, when both were executed, then one update was
// lost, also when the outcome of the other is unknown and was seen.
TEST(Transaction, ALostUpdateIsNotLinearizable) {
  const History begin = {done(1, "SET n 1.a", 0, 1, ok),
                         exec_done(exec({"SET n 2.b"}, Watched{"n", "1.a"}), 2, 9, array({ok}))};
  const Arguments other = exec({"SET n 2.c"}, Watched{"n", "1.a"});
  History history = begin;
  history.push_back(exec_done(other, 2, 9, refused));
  expect(Kind::linearizable, history);
  history.back() = exec_done(other, 2, 9, array({ok}));
  expect(Kind::not_linearizable, history);
  history.back() = exec_unknown(other, 2);
  expect(Kind::linearizable, history);
  history.push_back(done(1, "GET n", 10, 11, bulk("2.c")));
  expect(Kind::not_linearizable, history);
}

// Given transactions and their replies, when they are described, then as what was asked.
TEST(Transaction, IsDescribedAsItWasAsked) {
  EXPECT_EQ(describe_command(exec({"INCR n", "GET k"})), "EXEC [INCR n; GET k]");
  EXPECT_EQ(describe_command(exec({"INCR n"}, Watched{"k", "a b"})),
            "EXEC [INCR n], if k is \"a b\"");
  EXPECT_EQ(describe_command(exec({"INCR n"}, Watched{"k", {}})), "EXEC [INCR n], if k is absent");
  EXPECT_EQ(describe_reply(nil_array), "nil");
  EXPECT_EQ(describe_reply("*2\r\n*-1\r\n:1\r\n"), "[nil, 1]");
}

}  // namespace
}  // namespace rabia::sim::history
