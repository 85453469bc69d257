// Histories whose verdict is known.
#include "sim/history/linearizability.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

using Kind = Verdict::Kind;

void expect_good(const History& history) {
  const Verdict verdict = check(history);
  EXPECT_EQ(verdict.kind, Kind::linearizable) << verdict.explanation;
  EXPECT_EQ(verdict.explanation, "");
}

void expect_bad(const History& history) {
  const Verdict verdict = check(history);
  EXPECT_EQ(verdict.kind, Kind::not_linearizable);
  EXPECT_NE(verdict.explanation, "");
}

// Given nothing, or nothing that was answered, when it is checked, then it is linearizable.
TEST(Linearizability, OfNothingIsGiven) {
  expect_good({});
  expect_good({unknown(1, "SET k a", 0), not_executed(2, "SET k b", 0), unknown(3, "GET k", 0)});
}

// Given commands one after the other, when each saw those before it, then that is linearizable.
TEST(Linearizability, AcceptsASequence) {
  expect_good({done(1, "SET k a", 0, 1, ok), done(2, "GET k", 2, 3, bulk("a")),
               done(3, "DEL k", 4, 5, integer(1)), done(1, "GET k", 6, 7, nil)});
}

// Given a write under way, when reads at the same time see the old or the new value, then that is
// linearizable, in whatever order the history lists them.
TEST(Linearizability, AcceptsEitherValueDuringAWrite) {
  expect_good({done(1, "SET k a", 0, 10, ok), done(2, "GET k", 1, 2, nil),
               done(3, "GET k", 3, 4, bulk("a"))});
  expect_good({done(3, "GET k", 3, 4, bulk("a")), done(2, "GET k", 1, 2, nil),
               done(1, "SET k a", 0, 10, ok)});
}

// Given a reply at the very instant of an invocation, when either order would do, then the two
// count as concurrent.
TEST(Linearizability, TakesEqualInstantsAsConcurrent) {
  expect_good({done(1, "SET k a", 0, 5, ok), done(2, "GET k", 5, 6, nil)});
  expect_bad({done(1, "SET k a", 0, 5, ok), done(2, "GET k", 6, 6, nil)});
}

// Given a write that had returned, when a later read gets the value before it, then that is a stale
// read.
TEST(Linearizability, RejectsAStaleRead) {
  expect_bad({done(1, "SET k a", 0, 1, ok), done(1, "SET k b", 2, 3, ok),
              done(2, "GET k", 4, 5, bulk("a"))});
}

// Given a write that was acknowledged, when the key is absent later, then the write was lost.
TEST(Linearizability, RejectsAnAcknowledgedWriteThatIsLost) {
  expect_bad({done(1, "SET k a", 0, 1, ok), done(2, "GET k", 2, 3, nil)});
  expect_bad({done(1, "SET k a NX", 0, 1, ok), done(2, "SET k b NX", 2, 3, ok)});
}

// Given two increments at the same time, when both get the same number, then one update was lost.
TEST(Linearizability, RejectsALostUpdate) {
  expect_good({done(1, "INCR n", 0, 5, integer(2)), done(2, "INCR n", 0, 5, integer(1))});
  expect_bad({done(1, "INCR n", 0, 5, integer(1)), done(2, "INCR n", 0, 5, integer(1))});
}

// Given a write under way, when one read sees it and a later one does not, then the value went
// back.
TEST(Linearizability, RejectsAReadThatGoesBack) {
  expect_bad({done(1, "SET k a", 0, 1, ok), done(2, "SET k b", 2, 20, ok),
              done(3, "GET k", 3, 4, bulk("b")), done(4, "GET k", 5, 6, bulk("a"))});
}

// Given one append, when its text is there twice, then it was executed twice; its outcome being
// unknown does not excuse that.
TEST(Linearizability, RejectsADuplicatedAppend) {
  expect_bad({done(1, "APPEND k a", 0, 1, integer(1)), done(2, "GET k", 2, 3, bulk("aa"))});
  expect_bad({unknown(1, "APPEND k a", 0), done(2, "GET k", 2, 3, bulk("aa"))});
  expect_good({unknown(1, "APPEND k a", 0), unknown(1, "APPEND k a", 0),
               done(2, "GET k", 2, 3, bulk("aa"))});
}

// Given one increment, when the counter is 2 then, then it was applied twice.
TEST(Linearizability, RejectsAnIncrementAppliedTwice) {
  expect_bad({done(1, "INCR n", 0, 1, integer(1)), done(2, "GET n", 2, 3, bulk("2"))});
  expect_bad({unknown(1, "INCR n", 0), done(2, "INCR n", 2, 3, integer(3))});
  expect_good({unknown(1, "INCR n", 0), done(2, "INCR n", 2, 3, integer(2))});
}

// Given a FLUSHALL under way, when it is seen on one key and then not on another, then it was seen
// by half.
TEST(Linearizability, RejectsAFlushSeenByHalf) {
  const History before = {done(1, "MSET a 1 b 2", 0, 1, ok), done(2, "FLUSHALL", 2, 20, ok)};
  History good = before;
  good.push_back(done(3, "GET a", 3, 4, bulk("1")));
  good.push_back(done(3, "GET b", 5, 6, nil));
  expect_good(good);
  History bad = before;
  bad.push_back(done(3, "GET a", 3, 4, nil));
  bad.push_back(done(3, "GET b", 5, 6, bulk("2")));
  expect_bad(bad);
}

// Given an MSET under way, when one MGET sees one of its keys and not the other, then it was seen
// by half.
TEST(Linearizability, RejectsAnMsetSeenByHalf) {
  expect_bad(
      {done(1, "MSET a 1 b 2", 0, 9, ok), done(2, "MGET a b", 1, 8, array({bulk("1"), nil}))});
  expect_bad({unknown(1, "MSET a 1 b 2", 0), done(2, "GET a", 1, 2, bulk("1")),
              done(3, "GET b", 3, 4, nil)});
}

// Given a write that was surely not executed, when its value is seen, then that is a lie.
TEST(Linearizability, RejectsTheEffectOfWhatWasNotExecuted) {
  expect_bad({not_executed(1, "SET k a", 0), done(2, "GET k", 1, 2, bulk("a"))});
  expect_good({not_executed(1, "SET k a", 0), done(2, "GET k", 1, 2, nil)});
}

// Given a write of unknown outcome, when it takes effect late or never, then that is linearizable;
// when it takes effect before its invocation, or is seen and then is not, it is not.
TEST(Linearizability, AllowsAnUnknownWriteOnceAtAnyTimeOrNever) {
  expect_good({unknown(1, "SET k a", 0), done(2, "GET k", 5, 6, nil),
               done(2, "GET k", 100, 101, bulk("a"))});
  expect_good({unknown(1, "SET k a", 0), done(2, "GET k", 5, 6, nil)});
  expect_bad({unknown(1, "SET k a", 10), done(2, "GET k", 5, 6, bulk("a"))});
  expect_bad(
      {unknown(1, "SET k a", 0), done(2, "GET k", 5, 6, bulk("a")), done(3, "GET k", 7, 8, nil)});
  expect_bad({unknown(1, "SET k a", 0), done(2, "SET k b", 1, 2, ok),
              done(2, "GET k", 5, 6, bulk("a")), done(3, "GET k", 7, 8, bulk("b"))});
}

// Given an unknown write that must come before an operation whose own reply does not show it, when
// only a later read tells, then the search finds it.
TEST(Linearizability, FindsAnUnknownWriteThatOnlyALaterReadShows) {
  expect_good({done(1, "SET k cd", 0, 1, ok), unknown(2, "SET k ab", 2),
               done(1, "APPEND k z", 3, 4, integer(3)), done(1, "GET k", 5, 6, bulk("abz"))});
}

// Given two unknown writes that lead to the same state, when only one of them is still wanted
// later, then the search takes the other one first.
TEST(Linearizability, TriesEachUnknownWriteThatLeadsToAState) {
  expect_good({unknown(1, "SET n 1", 0), unknown(2, "INCR n", 1), done(3, "GET n", 2, 3, bulk("1")),
               done(3, "SET n 5", 4, 5, ok), done(3, "GET n", 6, 7, bulk("1"))});
}

// Given an unknown write that is seen by a read under way and overwritten by another unknown one,
// when that one is seen from then on, then the first is not taken for one that nobody saw.
TEST(Linearizability, SeesAnUnknownWriteBetweenOthers) {
  const History history = {unknown(1, "SET k a", 0), unknown(2, "SET k b", 0),
                           done(3, "GET k", 1, 5, bulk("b")), done(4, "GET k", 1, 6, bulk("a"))};
  History good = history;
  good.push_back(done(3, "GET k", 7, 8, bulk("b")));
  expect_good(good);
  good.push_back(done(4, "GET k", 9, 10, bulk("a")));
  expect_bad(good);
}

// Given an unknown write with bytes for a reply, when it is checked, then they mean nothing.
TEST(Linearizability, IgnoresTheReplyOfAnUnknownOperation) {
  for (const char* const reply : {"$-1\r\n", ":0\r\n", ":9\r\n", "-ERR\r\n"}) {
    for (const char* const command : {"INCR k", "APPEND k 1", "SETNX k 1", "SET k 1 NX"}) {
      Operation write = unknown(1, command, 0);
      write.reply = reply;
      expect_good({write, done(2, "GET k", 1, 2, bulk("1"))});
    }
    Operation erasure = unknown(1, "DEL k l", 2);
    erasure.reply = reply;
    expect_good({done(2, "SET k 1", 0, 1, ok), erasure, done(2, "GET k", 2, 3, nil)});
  }
}

// Given operations on many keys, when they are checked, then what has no key in common is checked
// apart; a command on all keys ties everything.
TEST(Linearizability, ChecksWhatHasNoKeyInCommonApart) {
  History history = {done(1, "SET a 1", 0, 1, ok), done(1, "SET b 1", 2, 3, ok),
                     done(1, "MSET c 1 d 1", 4, 5, ok), done(1, "GET d", 6, 7, bulk("1"))};
  EXPECT_EQ(check(history).parts, 3U);
  history.push_back(not_executed(1, "MSET a 2 b 2", 8));
  history.push_back(unknown(1, "MGET a b", 8));
  EXPECT_EQ(check(history).parts, 3U);
  history.push_back(unknown(1, "MSET a 2 c 2", 8));
  EXPECT_EQ(check(history).parts, 2U);
  history.push_back(done(1, "DBSIZE", 8, 9, integer(4)));
  EXPECT_EQ(check(history).parts, 1U);
}

// Given commands that are refused, when the error is what the model says, then that is fine, and
// otherwise it is not.
TEST(Linearizability, HoldsErrorsAgainstTheModelToo) {
  const std::string error = "-ERR value is not an integer or out of range\r\n";
  expect_good({done(1, "SET k x", 0, 1, ok), done(1, "INCR k", 2, 3, error)});
  expect_bad({done(1, "SET k 1", 0, 1, ok), done(1, "INCR k", 2, 3, error)});
  expect_bad({done(1, "SET k 1", 0, 1, "-ERR something else\r\n")});
  expect_bad({done(1, "GET", 0, 1, nil)});
  const std::string refused = "-ERR wrong number of arguments for 'mset' command\r\n";
  expect_good({done(1, "MSET a 1 b", 0, 1, refused), done(1, "MGET a b", 2, 3, array({nil, nil}))});
  expect_bad({done(1, "MSET a 1 b 2", 0, 1, refused)});
}

// Given a limit of steps that is too small, when a history is checked, then it is undecided, and
// the explanation says so; a part that is surely bad decides nevertheless.
TEST(Linearizability, IsUndecidedAtTheLimitOfSteps) {
  History history;
  for (int i = 0; i < 100; ++i)
    history.push_back(done(1, "INCR n", 2 * i, 2 * i + 1, integer(i + 1)));
  const CheckOptions few{.steps_max = 10};
  const Verdict verdict = check(history, few);
  EXPECT_EQ(verdict.kind, Kind::undecided);
  EXPECT_NE(verdict.explanation.find("key n"), std::string::npos) << verdict.explanation;
  EXPECT_GT(verdict.steps, 10U);
  EXPECT_LT(verdict.steps, 150U);
  EXPECT_EQ(check(history).kind, Kind::linearizable);
  history.push_back(done(2, "GET k", 0, 1, bulk("a")));
  EXPECT_EQ(check(history, few).kind, Kind::not_linearizable);
}

}  // namespace
}  // namespace rabia::sim::history
