// What a person is told about a history that is not linearizable.
#include "sim/history/explain.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/history/describe.h"
#include "sim/history/linearizability.h"
#include "sim/history/test_histories.h"

namespace rabia::sim::history {
namespace {

std::string explanation_of(const History& history) {
  return check(history).explanation;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Given a stale read, when it is explained, then the text says what was read, what should have
// been, and which write had returned before.
TEST(Explain, AStaleRead) {
  EXPECT_EQ(explanation_of({done(1, "SET k old", 0, 1, ok), done(1, "SET k new", 2, 3, ok),
                            done(3, "GET k", 4, 5, bulk("old")), done(2, "SET k x", 4, 9, ok),
                            done(2, "GET k", 10, 11, bulk("x"))}),
            "Not linearizable: key k (5 operations).\n"
            "No order explains this reply:\n"
            "  client 3: GET k  [4.000000 ms, 5.000000 ms]  -> \"old\"\n"
            "Up to then there is one, of 2 operations; after it, GET k would be answered \"new\".\n"
            "What changed it in that order:\n"
            "  client 1: SET k old  [0.000000 ms, 1.000000 ms]  -> OK\n"
            "  client 1: SET k new  [2.000000 ms, 3.000000 ms]  -> OK\n"
            "client 1's SET had returned at 3.000000 ms, before client 3 sent its GET at 4.000000 "
            "ms.\n"
            "Could take effect before it too, and is of no help in any order:\n"
            "  client 2: SET k x  [4.000000 ms, 9.000000 ms]  -> OK\n");
}

// Given a value that nobody wrote, when it is explained, then the text says that nothing came
// before it; nor does what was surely not executed count.
TEST(Explain, AValueOutOfNowhere) {
  EXPECT_EQ(explanation_of({not_executed(1, "SET k a", 0), done(2, "GET k", 1, 2, bulk("a"))}),
            "Not linearizable: key k (1 operation).\n"
            "No order explains this reply:\n"
            "  client 2: GET k  [1.000000 ms, 2.000000 ms]  -> \"a\"\n"
            "Nothing had to come before it: GET k would be answered nil.\n"
            "Nothing else could take effect before it.\n");
}

// Given an unknown write that was seen and then not, when it is explained, then the text says that
// its outcome is unknown.
TEST(Explain, AnUnknownWriteSeenAndThenNot) {
  const std::string text =
      explanation_of({unknown(1, "SET k a", 0), done(2, "SET k b", 1, 2, ok),
                      done(2, "GET k", 5, 6, bulk("a")), done(3, "GET k", 7, 8, bulk("b"))});
  EXPECT_TRUE(has(text, "client 1: SET k a  [0.000000 ms, ...]  outcome unknown\n")) << text;
  EXPECT_TRUE(has(text, "The outcome of client 1's SET is unknown; this order needs it.")) << text;
}

// Given a reply that cannot be, whose command was under way for long, when it is explained, then it
// is the matter, and not what returned meanwhile.
TEST(Explain, BlamesTheFirstReturnThatNoOrderExplains) {
  const std::string text =
      explanation_of({done(1, "GETSET k c", 0, 20, bulk("z")), done(2, "SET k a", 1, 2, ok),
                      done(2, "SET k b", 3, 4, ok), done(2, "GET k", 30, 31, bulk("b"))});
  EXPECT_TRUE(has(text, "reply:\n  client 1: GETSET k c")) << text;
  EXPECT_TRUE(has(text, "client 2's SET was under way at the same time as client 1's GETSET"))
      << text;
}

// Given commands on many keys of which one key is wrong, when it is explained, then only that key
// is the matter, and commands are shown as they were sent.
TEST(Explain, ShowsCommandsOnManyKeysAsTheyWereSent) {
  const std::string text =
      explanation_of({done(1, "MSET a 1 b 2", 0, 1, ok), done(1, "DEL b a c", 2, 3, integer(2)),
                      done(2, "MGET a b", 4, 5, array({nil, bulk("2")}))});
  EXPECT_TRUE(has(text, "Not linearizable: key b (3 operations).\n")) << text;
  EXPECT_TRUE(has(text, "client 2: MGET a b  [4.000000 ms, 5.000000 ms]  -> [nil, \"2\"]\n"))
      << text;
  EXPECT_TRUE(has(text, "after it, GET b would be answered nil.\n")) << text;
  EXPECT_TRUE(has(text, "client 1: DEL b a c  [2.000000 ms, 3.000000 ms]  -> 2\n")) << text;
  EXPECT_TRUE(
      has(text, "client 1's DEL had returned at 3.000000 ms, before client 2 sent its MGET"))
      << text;
}

// Given keys that are fine one by one and not together, when it is explained, then all of them are
// named.
TEST(Explain, NamesAllKeysWhenNoSingleOneIsWrong) {
  const std::string text = explanation_of(
      {done(1, "MSET a 1 b 2", 0, 9, ok), done(2, "MGET a b", 1, 8, array({bulk("1"), nil}))});
  EXPECT_TRUE(has(text, "Not linearizable: keys a, b (2 operations).\n")) << text;
  EXPECT_TRUE(has(text, "MGET a b would be answered [nil, nil].\n")) << text;
}

// Given many operations and long values, when it is explained, then the text stays short.
TEST(Explain, StaysShort) {
  History history;
  for (int i = 0; i < 500; ++i) {
    history.push_back(done(1, "SET k " + std::to_string(i), 2 * i, 2 * i + 1, ok));
    history.push_back(unknown(2, "SET k x" + std::to_string(i), 2 * i));
  }
  history.push_back(done(3, "GET k", 2'000, 2'001, bulk(std::string(10'000, 'v'))));
  const std::string text = explanation_of(history);
  EXPECT_TRUE(has(text, "the last of 500 operations:\n")) << text;
  EXPECT_TRUE(has(text, "  ... 500 operations in all\n")) << text;
  EXPECT_TRUE(has(text, " (10000 bytes)\"")) << text;
  EXPECT_LT(text.size(), 3'000U);
}

// Given replies and words with any bytes in them, when they are described, then they are one line
// of printable text.
TEST(Explain, DescribesAnyBytes) {
  EXPECT_EQ(describe_reply(ok), "OK");
  EXPECT_EQ(describe_reply("-ERR no\r\n"), "(error) ERR no");
  EXPECT_EQ(describe_reply(integer(-7)), "-7");
  EXPECT_EQ(describe_reply(bulk("")), "\"\"");
  EXPECT_EQ(describe_reply(bulk("a\r\n\"\\\x01\xff")), R"("a\r\n\"\\\x01\xff")");
  EXPECT_EQ(describe_reply(array({bulk("a"), nil, integer(1)})), "[\"a\", nil, 1]");
  EXPECT_EQ(describe_reply(array({})), "[]");
  for (const char* const malformed :
       {"", "x", "$5\r\nab\r\n", "$1\r\nabc", ":1", ":x\r\n", "*2\r\n:1\r\n", "+OK\r\n+OK\r\n"}) {
    EXPECT_EQ(describe_reply(malformed).rfind("bytes \"", 0), 0U) << malformed;
  }
  EXPECT_EQ(describe_command({"SET", "k:1", "a b", ""}), "SET k:1 \"a b\" \"\"");
  EXPECT_EQ(describe(base::Instant(base::Duration(-1'000'345))), "-1.000345 ms");
  EXPECT_EQ(describe(not_executed(4, "GET k", 1)),
            "client 4: GET k  [1.000000 ms, ...]  not executed");
}

}  // namespace
}  // namespace rabia::sim::history
