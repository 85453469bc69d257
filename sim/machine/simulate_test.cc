#include "rabia/simulate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <sstream>

#include "sim/machine/testing/sum.h"

namespace rabia {
namespace {

using sim::testing::Sum;

std::string some_command(Random& random) {
  return std::string(1 + random.below(9), 'x');
}

template <typename Machine>
Result<SimulationReport> run(SimulationOptions options) {
  if (!options.command) options.command = some_command;
  return simulate([] { return std::make_unique<Machine>(); }, options);
}

// The message when it is found within some dozens of seeds; empty when it is not.
template <typename Machine>
std::string found_in(SimulationOptions options = {}) {
  options.seeds = 60;
  const auto result = run<Machine>(std::move(options));
  if (result.ok()) return {};
  EXPECT_EQ(result.status().code(), Code::failed_precondition);
  return result.status().message();
}

bool says(const std::string& message, std::string_view what) {
  return message.find(what) != std::string::npos;
}

// Given a right machine, then no seed finds anything, and all happened that is meant to.
TEST(Simulate, ARightMachinePasses) {
  const auto result = run<Sum>({.seeds = 60});
  ASSERT_TRUE(result.ok()) << result.status().message();
  const SimulationReport& report = result.value();
  EXPECT_EQ(report.seeds, 60);
  EXPECT_GT(report.commands, 1000);
  EXPECT_GT(report.answered, 1000);
  EXPECT_GT(report.refused, 0);
  EXPECT_GT(report.unknown, 0);
  EXPECT_GT(report.faults, 100);
  EXPECT_GT(report.snapshots_loaded, 10);
  EXPECT_GT(report.simulated_seconds, 10);
}

// Given one seed twice, then every line of what happens is the same; given another, then not.
TEST(Simulate, ASeedGivesTheSameRun) {
  const auto trace_of = [](std::uint64_t seed) {
    std::ostringstream trace;
    EXPECT_TRUE(run<Sum>({.first_seed = seed, .seeds = 1, .trace = &trace}).ok());
    return trace.str();
  };
  const std::string trace = trace_of(7);
  EXPECT_GT(trace.size(), 10'000);
  EXPECT_EQ(trace, trace_of(7));
  EXPECT_NE(trace, trace_of(8));
}

// Given an answer from a counter of the process, then it is found, with the seed and the command.
TEST(Simulate, FindsAnAnswerFromACounterOfTheProcess) {
  struct Counting : Sum {
    std::string execute(const ApplyContext& context, std::string_view command) override {
      static int calls = 0;
      Sum::execute(context, command);
      return std::to_string(++calls);
    }
  };
  const std::string message = found_in<Counting>();
  EXPECT_TRUE(says(message, "seed 0: command 1 of the log, 'x")) << message;
  EXPECT_TRUE(says(message, "by a machine that executes the log by itself")) << message;
  EXPECT_TRUE(says(message, "first_seed = 0, seeds = 1")) << message;
}

// Given answers that are of a clock, even if only one bit of it, then they are found.
TEST(Simulate, FindsAnswersFromAClock) {
  struct OfTheClock : Sum {
    std::string execute(const ApplyContext& context, std::string_view command) override {
      Sum::execute(context, command);
      sum += static_cast<std::size_t>(std::chrono::steady_clock::now().time_since_epoch().count() %
                                      1'000'003);
      return sum % 2 == 0 ? "even" : "odd";
    }
  };
  EXPECT_TRUE(says(found_in<OfTheClock>(), " of the log, 'x"));
}

// Given a part of the state that is not saved, then it is found behind a snapshot.
TEST(Simulate, FindsWhatASnapshotForgets) {
  struct Forgetful : Sum {
    int since = 0;
    std::string execute(const ApplyContext& context, std::string_view command) override {
      Sum::execute(context, command);
      return std::to_string(++since);
    }
  };
  const std::string message = found_in<Forgetful>();
  EXPECT_TRUE(says(message, "it has loaded a snapshot after command")) << message;
}

// Given a snapshot that differs though all answers are the same, then it is found.
TEST(Simulate, FindsASnapshotThatIsNotTheSameEverywhere) {
  struct OfThisLife : Sum {
    int loads = 0;
    [[nodiscard]] std::string save() const override {
      return std::string(static_cast<std::size_t>(loads), '0') + Sum::save();
    }
    Status load(std::string_view bytes) override {
      ++loads;
      return Sum::load(bytes);
    }
  };
  EXPECT_TRUE(says(found_in<OfThisLife>(), "is another one than that of a machine that executes"));
}

// A machine of all functions; what it does when nobody waits is another thing.
class OnlyForThoseWhoWait final : public StateMachine {
 public:
  void apply(const ApplyContext& /*context*/, std::string_view /*command*/,
             std::string* reply) override {
    if (reply == nullptr) return;
    *reply += std::to_string(++state_);
  }
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override {
    struct Reader final : SnapshotReader {
      std::string rest;
      [[nodiscard]] bool read(std::size_t /*bytes_about*/, std::string& out) override {
        out += rest;
        return !std::exchange(rest, {}).empty();
      }
    };
    auto reader = std::make_unique<Reader>();
    reader->rest = std::to_string(state_);
    return reader;
  }
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override {
    struct Loader final : SnapshotLoader {
      explicit Loader(std::uint64_t& to) : state(to) {}
      std::uint64_t& state;
      std::string bytes;
      Status add(std::string_view more) override {
        bytes += more;
        return {};
      }
      Status finish() override {
        state = std::stoull(bytes);
        return {};
      }
    };
    return std::make_unique<Loader>(state_);
  }
  [[nodiscard]] StateDigest digest() const override { return {0, state_}; }

 private:
  std::uint64_t state_ = 0;
};

// Given a state that depends on whether somebody waits, then it is found, and said.
TEST(Simulate, FindsAStateThatDependsOnWhoWaits) {
  const std::string message = found_in<OnlyForThoseWhoWait>();
  EXPECT_TRUE(says(message, "to another state than")) << message;
  EXPECT_TRUE(says(message, "nobody waits for the answer there")) << message;
}

// Given an invariant that the machine breaks, then it is found at the command that breaks it.
TEST(Simulate, FindsABrokenInvariant) {
  SimulationOptions options;
  options.check = [](const StateMachine& machine) {
    const std::size_t sum = dynamic_cast<const Sum&>(machine).sum;
    if (sum <= 100) return Status();
    return Status(Code::failed_precondition, "the sum is " + std::to_string(sum));
  };
  const std::string message = found_in<Sum>(options);
  EXPECT_TRUE(says(message, "your check says: the sum is 10")) << message;
}

// Given commands that are not of the given random numbers only, then the seed is no seed.
TEST(Simulate, FindsCommandsFromOutside) {
  SimulationOptions options;
  options.command = [calls = std::make_shared<int>(0)](Random&) {
    return std::to_string(++*calls);
  };
  EXPECT_TRUE(says(found_in<Sum>(options), "the seed gave another run"));
}

// A machine that wants to be woken again and again, and counts how often it was.
struct Ticking : Sum {
  std::uint64_t next = 0;
  void begin_batch(const ApplyContext& context) override {
    if (context.time.value < next) return;
    next = context.time.value + 100;
  }
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return LogTime{next}; }
  [[nodiscard]] std::string save() const override {
    return std::to_string(next) + " " + Sum::save();
  }
  Status load(std::string_view bytes) override {
    next = std::stoull(std::string(bytes));
    return Sum::load(bytes.substr(bytes.find(' ') + 1));
  }
};

// Given a machine whose time goes on by itself, then it passes too.
TEST(Simulate, AMachineThatIsWokenPasses) {
  const auto result = run<Ticking>({.seeds = 20});
  EXPECT_TRUE(result.ok()) << result.status().message();
}

TEST(Simulate, RefusesOptionsThatCannotBe) {
  const auto make = [] { return std::make_unique<Sum>(); };
  std::ostringstream trace;
  for (const SimulationOptions& options :
       {SimulationOptions{}, SimulationOptions{.seeds = 0, .command = some_command},
        SimulationOptions{.seeds = 2, .command = some_command, .trace = &trace}}) {
    EXPECT_EQ(simulate(make, options).status().code(), Code::invalid_argument);
  }
  EXPECT_EQ(simulate(nullptr, {.command = some_command}).status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace rabia
