#include "rabia_ctl/command_line.h"

#include <gtest/gtest.h>

#include "rabia_ctl/connection.h"

namespace rabia::apps {
namespace {

Result<CtlInvocation> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "rabia-ctl");
  return parse_ctl_command_line(static_cast<int>(words.size()), words.data());
}

// Given the flags that a command needs, then it is what will run; given fewer, more, or both of two
// that exclude each other, then the command line is refused.
TEST(CtlCommandLine, ChoosesACommand) {
  const auto chosen =
      parse({"restore", "--from", "f", "--data", "d", "--cluster-id", "c", "--members", "1,2,3"});
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_TRUE(chosen.value().run);
  EXPECT_TRUE(parse({"backup", "--at", "h:1", "--to", "f"}).value().run);
  const std::vector<std::vector<const char*>> wrong = {
      {},
      {"nosuch"},
      {"backup", "--at", "h:1"},
      {"backup", "--to", "f"},
      {"backup", "--at", "h:1", "--to", "f", "--nosuch"},
      {"restore", "--from", "f", "--data", "d", "--replicas", "3"},
      {"restore", "--from", "f", "--data", "d", "--cluster-id", "c", "--replicas", "16"},
      {"restore", "--from", "f", "--data", "d", "--cluster-id", "c", "--members", "1,x"},
      {"restore", "--from", "f", "--data", "d", "--cluster-id", "c", "--members", "1,70000"},
      {"restore", "--from", "f", "--data", "d", "--cluster-id", "c", "--members", "1,2",
       "--replicas", "2"},
  };
  for (const auto& words : wrong) {
    EXPECT_EQ(parse(words).status().code(), Code::invalid_argument)
        << ::testing::PrintToString(words);
  }
}

// Given a command that there is not, or a wrong flag, then the message names it, and the help that
// is worth reading.
TEST(CtlCommandLine, NamesWhatIsWrongAndWhereToReadOn) {
  struct Case {
    std::vector<const char*> words;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{"nosuch"}, "there is no command 'nosuch' (rabia-ctl --help shows what there is)"},
      {{"member", "nosuch"},
       "there is no command 'nosuch' (rabia-ctl member --help shows what there is)"},
      {{"member"}, "A subcommand is required (rabia-ctl member --help shows what there is)"},
      {{"member", "remove", "4"},
       "--at is required (rabia-ctl member remove --help shows what there is)"},
      {{"member", "remove", "0", "--at", "h:1"},
       "--id: Value 0 not in range 1 to 65535 (rabia-ctl member remove --help shows what there "
       "is)"},
  };
  for (const Case& wrong : cases) EXPECT_EQ(parse(wrong.words).status().message(), wrong.message);
}

// Given the number of a member with and without its name, then all commands take it.
TEST(CtlCommandLine, TakesAMemberEitherWay) {
  EXPECT_TRUE(parse({"member", "add", "4", "--address", "h:2", "--at", "h:1"}).ok());
  EXPECT_TRUE(parse({"member", "add", "--id", "4", "--address", "h:2", "--at", "h:1"}).ok());
  EXPECT_TRUE(parse({"member", "remove", "4", "--at", "h:1"}).ok());
  EXPECT_TRUE(parse({"member", "promote", "--id", "4", "--at", "h:1"}).ok());
  EXPECT_FALSE(parse({"member", "add", "70000", "--address", "h:2", "--at", "h:1"}).ok());
}

// Given --help, of the program or of a command, or --version, then that is the answer and nothing
// runs.
TEST(CtlCommandLine, AnswersWhatIsAskedOfItself) {
  EXPECT_NE(parse({"--help"}).value().answer->find("restore"), std::string::npos);
  EXPECT_NE(parse({"backup", "--help"}).value().answer->find("--at"), std::string::npos);
  EXPECT_EQ(parse({"--version"}).value().answer, "rabia-ctl " RABIA_VERSION "\n");
}

// Given an address that is none, then the command line is to blame; given one where nobody listens,
// then not.
TEST(CtlConnection, SaysWhatIsWrongWithTheAddress) {
  for (const char* at : {"", "host", "host:", "host:x", ":1"}) {
    EXPECT_EQ(Connection::open({at, ""}).status().code(), Code::invalid_argument) << at;
  }
  const Status nobody = Connection::open({"127.0.0.1:1", ""}).status();
  EXPECT_EQ(nobody.code(), Code::unavailable);
  EXPECT_NE(nobody.message().find("127.0.0.1:1"), std::string::npos);
}

}  // namespace
}  // namespace rabia::apps
