#include "sim/store/request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/history/transaction.h"

namespace rabia::sim {
namespace {

using history::Outcome;

const history::Arguments transaction =
    history::arguments_of({.watched = {}, .commands = {{"SET", "k", "v"}, {"GET", "k"}}});

// Takes the replies; all but the last must not be the last.
void tell(Request& request, const std::vector<std::string>& replies) {
  for (std::size_t i = 0; i < replies.size(); ++i) {
    EXPECT_EQ(request.take(replies[i]), i + 1 == replies.size()) << replies[i];
  }
}

// Given a command, when it is asked, then it goes as it is, and its reply is the operation's.
TEST(Request, OfACommand) {
  Request request({"GET", "k"});
  EXPECT_EQ(request.take_bytes(), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  tell(request, {"$1\r\nv\r\n"});
  EXPECT_EQ(request.outcome(), Outcome::done);
  EXPECT_EQ(request.reply(), "$1\r\nv\r\n");
  for (const auto& [reply, outcome] : std::vector<std::pair<std::string, Outcome>>{
           {"-CLUSTERDOWN x\r\n", Outcome::not_executed},
           {"-DISKFULL x\r\n", Outcome::not_executed},
           {"-ERR outcome unknown: x\r\n", Outcome::unknown},
           {"-ERR x\r\n", Outcome::done}}) {
    Request other({"INCR", "n"});
    tell(other, {reply});
    EXPECT_EQ(other.outcome(), outcome) << reply;
  }
}

// Given a transaction, when it is asked, then its commands go between MULTI and EXEC, and what EXEC
// is answered counts.
TEST(Request, OfATransaction) {
  Request request(transaction);
  EXPECT_EQ(request.take_bytes(),
            "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
            "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nEXEC\r\n");
  tell(request, {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*2\r\n+OK\r\n$1\r\nv\r\n"});
  EXPECT_EQ(request.outcome(), Outcome::done);
  EXPECT_EQ(request.reply(), "*2\r\n+OK\r\n$1\r\nv\r\n");
  EXPECT_FALSE(request.was_refused_before());
  Request lost(transaction);
  tell(lost, {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "-ERR outcome unknown: x\r\n"});
  EXPECT_EQ(lost.outcome(), Outcome::unknown);
}

// Given a command that goes before, when it was answered, then the reply behind it counts.
TEST(Request, BehindAnotherCommand) {
  Request request({"GET", "k"});
  request.put_first({"WATCH", "k"});
  EXPECT_EQ(request.take_bytes(), "*2\r\n$5\r\nWATCH\r\n$1\r\nk\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  tell(request, {"+OK\r\n", "$-1\r\n"});
  EXPECT_EQ(request.reply(), "$-1\r\n");
  Request refused({"GET", "k"});
  refused.put_first({"WATCH", "k"});
  tell(refused, {"-CLUSTERDOWN x\r\n", "$-1\r\n"});
  EXPECT_EQ(refused.outcome(), Outcome::done);
  EXPECT_TRUE(refused.was_refused_before());
}

// Given a command that a full disk kept out, when EXEC says that nothing was executed, then nothing
// was; an EXEC that says so without a reason, or executes all the same, is judged.
TEST(Request, OfATransactionThatWasSpoilt) {
  Request spoilt(transaction);
  tell(spoilt, {"+OK\r\n", "-DISKFULL x\r\n", "+QUEUED\r\n", "-EXECABORT x\r\n"});
  EXPECT_EQ(spoilt.outcome(), Outcome::not_executed);
  Request executed(transaction);
  tell(executed, {"+OK\r\n", "-DISKFULL x\r\n", "+QUEUED\r\n", "*1\r\n+OK\r\n"});
  EXPECT_EQ(executed.outcome(), Outcome::done);
  Request without_reason(transaction);
  tell(without_reason, {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "-EXECABORT x\r\n"});
  EXPECT_EQ(without_reason.outcome(), Outcome::done);
}

// Given a reply that no server gives before the last, when all were taken, then it is what is
// judged, whatever the last one was.
TEST(Request, AWrongReplyBeforeTheLastIsJudged) {
  for (const char* const wrong : {"+OK\r\n", "-ERR unknown command\r\n", "*0\r\n"}) {
    for (const char* const last : {"*2\r\n+OK\r\n$1\r\nv\r\n", "-EXECABORT x\r\n"}) {
      Request request(transaction);
      tell(request, {"+OK\r\n", "+QUEUED\r\n", wrong, last});
      EXPECT_EQ(request.outcome(), Outcome::done);
      EXPECT_EQ(request.reply(), wrong);
    }
  }
}

}  // namespace
}  // namespace rabia::sim
