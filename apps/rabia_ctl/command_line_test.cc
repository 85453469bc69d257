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
