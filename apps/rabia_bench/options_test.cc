#include "rabia_bench/options.h"

#include <gtest/gtest.h>

namespace rabia::bench {
namespace {

Result<Options> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "rabia-bench");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

// Given flags, then they are understood; what is not given has its default.
TEST(BenchOptions, AreUnderstood) {
  const auto parsed =
      parse({"--targets", "a:1,[::1]:2", "--rate", "5000", "--pids", "12,34", "--mix",
             "set=1,multi:3=2", "--value-bytes", "16-32", "--distribution", "zipf:0.99"});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Options& options = parsed.value();
  ASSERT_EQ(options.targets.size(), 2U);
  EXPECT_EQ(options.targets[1].port, 2);
  EXPECT_EQ(options.rate, 5000);
  EXPECT_EQ(options.pids, (std::vector<int>{12, 34}));
  ASSERT_EQ(options.workload.mix.size(), 2U);
  EXPECT_EQ(options.workload.mix[1].replies(), 5U);
  EXPECT_EQ(options.workload.value_bytes.largest, 32U);
  EXPECT_EQ(options.name, "set=1,multi:3=2");
  EXPECT_EQ(options.connections, 50U);
  EXPECT_EQ(parse({"--pipeline", "3", "--pipeline", "4"}).value().pipeline, 4U);
  EXPECT_EQ(parse({}).value().targets.size(), 1U);
}

// Given what cannot be meant, then it is refused with the flag's name.
TEST(BenchOptions, RefuseWhatCannotBeMeant) {
  const std::vector<std::pair<std::vector<const char*>, std::string>> wrong = {
      {{"--nosuch"}, "nosuch"},
      {{"--targets", "a"}, "--targets"},
      {{"--targets", "a:1,"}, "--targets"},
      {{"--connections", "0"}, "--connections"},
      {{"--connections", "1", "--targets", "a:1,b:1"}, "--connections"},
      {{"--threads", "3", "--connections", "2"}, "--threads"},
      {{"--pipeline", "0"}, "--pipeline"},
      {{"--rate", "-1"}, "--rate"},
      {{"--requests", "5", "--seconds", "5"}, "--seconds"},
      {{"--mix", "st"}, "--mix"},
      {{"--value-bytes", "9-1"}, "--value-bytes"},
      {{"--distribution", "zipf"}, "--distribution"},
      {{"--keys", "0"}, "--keys"},
      {{"--keys", "100000000", "--key-bytes", "5"}, "--key-bytes"},
      {{"--pids", "1,x"}, "--pids"},
      {{"--pids", "-4"}, "--pids"},
  };
  for (const auto& [words, name] : wrong) {
    const Status status = parse(words).status();
    EXPECT_EQ(status.code(), Code::invalid_argument) << ::testing::PrintToString(words);
    EXPECT_NE(status.message().find(name), std::string::npos) << status.message();
  }
}

// Given --help or --version, then that is the answer.
TEST(BenchOptions, AnswerWhatIsAskedOfThem) {
  EXPECT_NE(parse({"--help"}).value().answer->find("--targets"), std::string::npos);
  EXPECT_EQ(parse({"--version"}).value().answer, "rabia-bench " RABIA_VERSION "\n");
}

}  // namespace
}  // namespace rabia::bench
