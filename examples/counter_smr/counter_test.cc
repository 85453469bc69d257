#include "counter_smr/counter.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "rabia/check_deterministic.h"
#include "rabia/simulate.h"

namespace counter_smr {
namespace {

TEST(Counter, AddsAndRefusesWhatItCannot) {
  Counter counter;
  EXPECT_EQ(counter.execute({}, "add 3"), "3");
  EXPECT_EQ(counter.execute({}, "add -5"), "-2");
  EXPECT_EQ(counter.execute({}, "add 9223372036854775807"), "9223372036854775805");
  EXPECT_EQ(counter.execute({}, "add 3"), "ERROR the sum is too large");
  for (const char* command :
       {"", "add", "add ", "add x", "add 1 ", "sub 1", "add 99999999999999999999"}) {
    EXPECT_TRUE(counter.execute({}, command).starts_with("ERROR")) << command;
  }
  EXPECT_EQ(counter.value(), 9'223'372'036'854'775'805);
}

TEST(Counter, IsDeterministic) {
  std::vector<std::string> commands;
  for (int i = 0; i < 200; ++i) commands.push_back("add " + std::to_string(i * i - 3000));
  commands.push_back("nonsense");
  const rabia::Status status =
      rabia::check_deterministic([] { return std::make_unique<Counter>(); }, commands);
  EXPECT_TRUE(status.ok()) << status.message();
}

// Given clusters in which everything goes wrong, then every replica counts the same.
TEST(Counter, CountsWhateverGoesWrong) {
  rabia::SimulationOptions options;
  options.seeds = 50;
  options.command = [](rabia::Random& random) {
    return random.below(20) == 0 ? "nonsense" : "add " + std::to_string(random.below(100));
  };
  const auto result = rabia::simulate([] { return std::make_unique<Counter>(); }, options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_GT(result.value().commands, 1000);
}

}  // namespace
}  // namespace counter_smr
