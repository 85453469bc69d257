#include "sim/machine/judge.h"

#include <gtest/gtest.h>

#include "sim/machine/logged_machine.h"
#include "sim/machine/testing/sum.h"

namespace rabia::sim {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

base::Instant at(int microseconds) {
  return base::Instant(std::chrono::microseconds(microseconds));
}

// A log of commands in batches of one, and the operations that are said to have made it.
class JudgeTest : public ::testing::Test {
 protected:
  // Asks a command, and is answered `answer`.
  std::uint64_t ask(int asked, int answered, std::string command, std::string answer) {
    operations.push_back({.line = operations.size(),
                          .command = std::move(command),
                          .asked = at(asked),
                          .answered = at(answered),
                          .outcome = Outcome::done,
                          .answer = std::move(answer),
                          .seen = {}});
    return operations.size() - 1;
  }
  void read(int asked, int answered, Place seen) {
    operations.push_back({.line = operations.size(),
                          .kind = Kind::read,
                          .command = {},
                          .asked = at(asked),
                          .answered = at(answered),
                          .outcome = Outcome::done,
                          .answer = {},
                          .seen = seen,
                          .digest = log.digest_at(seen).value_or(StateDigest())});
  }
  void execute(std::uint64_t operation) {
    const ApplyContext context{.position = {position++}};
    machine.begin_batch(context);
    std::string answer;
    machine.apply(context, numbered(operation, operations[operation].command), &answer);
  }
  bool says(std::string_view what) {
    const std::string wrong = judge(operations, log);
    return wrong.find(what) != std::string::npos && violation.empty();
  }

  std::string violation;
  ExecutedLog log{[] { return std::make_unique<testing::Sum>(); }, nullptr,
                  [this](std::string what) { violation = std::move(what); }};
  LoggedMachine machine{std::make_unique<testing::Sum>(), log, "r1", [] { return true; }};
  Operations operations;
  std::uint64_t position = 0;
};

// Given commands that overlapped, one of which nobody knows of, then any order of them is right.
TEST_F(JudgeTest, AcceptsWhatOverlapsInAnyOrder) {
  const auto one = ask(0, 100, "a", "3");
  const auto two = ask(10, 90, "bb", "2");
  const auto three = ask(20, 0, "c", "");
  operations[three].outcome = Outcome::unknown;
  execute(two);
  execute(one);
  execute(three);
  read(110, 120, {2, 2});
  EXPECT_EQ(judge(operations, log), "");
  EXPECT_EQ(violation, "");
}

TEST_F(JudgeTest, SeesACommandThatWasAnsweredAndIsNotInTheLog) {
  ask(0, 10, "a", "1");
  EXPECT_TRUE(says("was answered, and not executed"));
}

TEST_F(JudgeTest, SeesACommandThatWasRefusedAndIsInTheLog) {
  const auto one = ask(0, 10, "a", "");
  operations[one].outcome = Outcome::not_executed;
  execute(one);
  EXPECT_TRUE(says("was executed, and its client refused"));
}

TEST_F(JudgeTest, SeesACommandThatWasExecutedTwice) {
  const auto one = ask(0, 10, "a", "1");
  execute(one);
  execute(one);
  EXPECT_TRUE(says("was executed twice"));
}

TEST_F(JudgeTest, SeesAnAnswerThatIsNotThatOfItsPlace) {
  execute(ask(0, 10, "a", "7"));
  EXPECT_TRUE(says("was answered '7', and '1' is what its place in the log gives"));
}

TEST_F(JudgeTest, SeesACommandBeforeOneThatWasAnsweredBeforeItWasAsked) {
  const auto one = ask(0, 10, "a", "3");
  execute(ask(11, 20, "bb", "2"));
  execute(one);
  EXPECT_TRUE(
      says("the command 1 'bb' lies behind 0 commands of the log, and not behind what was "
           "answered before"));
}

TEST_F(JudgeTest, SeesCommandsOfOneConnectionInAnotherOrder) {
  const auto one = ask(0, 10, "a", "3");
  const auto two = ask(0, 10, "bb", "2");
  operations[two].line = operations[one].line;
  execute(two);
  execute(one);
  EXPECT_TRUE(says("was asked before it on its connection"));
}

TEST_F(JudgeTest, SeesAReadThatMissesWhatWasAnsweredBefore) {
  execute(ask(0, 10, "a", "1"));
  execute(ask(0, 10, "bb", "3"));
  read(11, 20, {1, 1});
  EXPECT_TRUE(says("the read 2 lies behind 1 commands of the log, and not behind what"));
}

TEST_F(JudgeTest, SeesAReadBehindWhichTheNextOneSeesLess) {
  const auto one = ask(0, 0, "a", "");
  operations[one].outcome = Outcome::unknown;
  execute(one);
  read(1, 5, {1, 1});
  read(6, 9, {0, 0});
  EXPECT_TRUE(says("the read 2 lies behind 0 commands"));
}

TEST_F(JudgeTest, SeesAReadOfAStateThatThereNeverWas) {
  execute(ask(0, 10, "a", "1"));
  read(11, 20, {1, 1});
  operations.back().digest.low ^= 1;
  EXPECT_TRUE(says("the read 1 saw another state than that after command 1"));
}

}  // namespace
}  // namespace rabia::sim
