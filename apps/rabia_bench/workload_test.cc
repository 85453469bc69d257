#include "rabia_bench/workload.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "rabia_bench/command_writer.h"

namespace rabia::bench {
namespace {

Workload workload_of(std::string_view mix, std::string_view sizes = "3") {
  Workload workload;
  workload.mix = parse_mix(mix).take();
  workload.value_bytes = parse_size_range(sizes).take();
  workload.keys = 1;
  workload.key_bytes = 4;
  return workload;
}

// One operation with all values' letters made 'v'.
std::string bytes_of(std::string_view mix) {
  const Workload workload = workload_of(mix, "0");
  CommandWriter writer(workload, 1);
  std::string out;
  writer.append(out);
  return out;
}

// Given each kind of operation, then its bytes are what the Redis protocol has for it.
TEST(CommandWriter, WritesTheRedisProtocol) {
  const std::string set = "*3\r\n$3\r\nSET\r\n$4\r\nk000\r\n$0\r\n\r\n";
  EXPECT_EQ(bytes_of("set"), set);
  EXPECT_EQ(bytes_of("get"), "*2\r\n$3\r\nGET\r\n$4\r\nk000\r\n");
  EXPECT_EQ(bytes_of("incr"), "*2\r\n$4\r\nINCR\r\n$4\r\nc000\r\n");
  EXPECT_EQ(bytes_of("mset:2"),
            "*5\r\n$4\r\nMSET\r\n$4\r\nk000\r\n$0\r\n\r\n$4\r\nk000\r\n$0\r\n\r\n");
  EXPECT_EQ(bytes_of("multi:2"), "*1\r\n$5\r\nMULTI\r\n" + set + set + "*1\r\n$4\r\nEXEC\r\n");
  EXPECT_EQ(wait_command(12), "*3\r\n$4\r\nWAIT\r\n$2\r\n12\r\n$1\r\n0\r\n");
}

// Given a mix with weights, when many operations are written, then each comes as often as its
// weight says.
TEST(CommandWriter, MixesByWeight) {
  const Workload workload = workload_of("set=10,get=85,mset:2=5");
  CommandWriter writer(workload, 3);
  std::map<std::uint32_t, int> seen;
  for (int i = 0; i < 100'000; ++i) {
    std::string out;
    ++seen[writer.append(out)];
  }
  EXPECT_NEAR(seen[0], 10'000, 500);
  EXPECT_NEAR(seen[1], 85'000, 500);
  EXPECT_NEAR(seen[2], 5'000, 500);
}

// Given a range of sizes, then values have all of them, and the length that is announced.
TEST(CommandWriter, KeepsTheSizesOfValues) {
  const Workload workload = workload_of("set", "1-3");
  CommandWriter writer(workload, 3);
  std::set<std::string> heads;
  for (int i = 0; i < 200; ++i) {
    std::string out;
    writer.append(out);
    const std::size_t value = out.rfind('$');
    const std::size_t announced = static_cast<std::size_t>(out[value + 1] - '0');
    EXPECT_EQ(out.size(), value + 4 + announced + 2);
    heads.insert(out.substr(value, 2));
  }
  EXPECT_EQ(heads, (std::set<std::string>{"$1", "$2", "$3"}));
}

// Given sequential keys and several threads, then together they write each key once.
TEST(CommandWriter, SequentialKeysAreSharedOut) {
  Workload workload = workload_of("get");
  workload.keys = 100;
  workload.distribution = parse_distribution("sequential").take();
  std::multiset<std::string> seen;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    CommandWriter writer(workload, 1, thread, 4);
    for (int i = 0; i < 25; ++i) {
      std::string out;
      writer.append(out);
      seen.insert(out);
    }
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 100U);
}

// Given texts that say no workload, then they are refused with what could be written.
TEST(Workload, RefusesWhatItIsNot) {
  const std::map<std::string, std::string> mixes = {
      {"", "there are set"},         {"sett", "there are set"},    {"set,", "there are set"},
      {"set=0", "a weight"},         {"set=x", "a weight"},        {"mset", "mset:N"},
      {"set:3", "without a number"}, {"mset:0", "1 to 10000"},     {"multi:x", "1 to 10000"},
      {"get=-1", "a weight"},        {"mset:20000", "1 to 10000"},
  };
  for (const auto& [mix, message] : mixes) {
    const Status status = parse_mix(mix).status();
    EXPECT_EQ(status.code(), Code::invalid_argument) << mix;
    EXPECT_NE(status.message().find(message), std::string::npos) << mix << ": " << status.message();
  }
  for (const char* sizes : {"", "x", "3-2", "1-", "-1", "99999999"}) {
    EXPECT_FALSE(parse_size_range(sizes).ok()) << sizes;
  }
  for (const char* distribution :
       {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:nan", "normal"}) {
    EXPECT_FALSE(parse_distribution(distribution).ok()) << distribution;
  }
}

// Given keys that are too short for their number, then the check says how long they must be.
TEST(Workload, KeysMustHoldTheirNumber) {
  Workload workload = workload_of("set");
  workload.keys = 1000;
  EXPECT_TRUE(check(workload).ok());
  workload.keys = 1001;
  EXPECT_NE(check(workload).message().find("need 5 bytes"), std::string::npos);
}

}  // namespace
}  // namespace rabia::bench
