#include "rabia_bench/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "rabia_bench/tally.h"

namespace rabia::bench {
namespace {

// Given a rate, when one thread takes operation after operation, then they are equally far apart,
// and connections take turns.
TEST(Schedule, KeepsTheRate) {
  Schedule schedule(5'000, 1'000'000, 3, 0, 1);
  for (std::int64_t i = 0; i < 30; ++i) {
    EXPECT_EQ(schedule.next_time(), 5'000 + 1'000 * i);
    EXPECT_EQ(schedule.take(), i % 3);
  }
}

// Given several threads, also when connections do not share out evenly, then together they send
// what one would, at the same times.
TEST(Schedule, IsTheSameForAnyNumberOfThreads) {
  constexpr std::uint32_t connections = 7;
  for (std::uint32_t threads = 1; threads <= connections; ++threads) {
    std::vector<std::int64_t> times;
    for (std::uint32_t thread = 0; thread < threads; ++thread) {
      Schedule schedule(0, 1e9, connections, thread, threads);
      for (; schedule.next_time() < 70; schedule.take()) times.push_back(schedule.next_time());
    }
    std::ranges::sort(times);
    ASSERT_EQ(times.size(), 70U) << threads;
    for (std::int64_t i = 0; i < 70; ++i) EXPECT_EQ(times[static_cast<std::size_t>(i)], i);
  }
}

// Given a connection that is held up, when its later operations are sent at last, then their times
// are still those of the schedule: the wait is part of the latency.
TEST(Schedule, KeepsTheTimesOfWhatIsLate) {
  Schedule schedule(0, 1'000, 2, 0, 1);
  std::vector<std::int64_t> times;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t time = schedule.next_time();
    if (schedule.take() == 1) times.push_back(time);
  }
  for (std::uint64_t nth = 0; nth < times.size(); ++nth) {
    EXPECT_EQ(schedule.time_of(1, nth), times[nth]);
  }
}

// Given a rate that does not divide a second, when an hour has passed, then nothing has drifted.
TEST(Schedule, DoesNotDrift) {
  const Schedule schedule(0, 70'000, 1, 0, 1);
  EXPECT_EQ(schedule.time_of(0, 70'000ULL * 3600), 3'600'000'000'000);
}

// Given a number of operations at a rate, with a warm-up or without, then exactly so many lie in
// the window.
TEST(Window, HoldsExactlyTheRequests) {
  for (const double warmup : {0.0, 0.37}) {
    Options options;
    options.rate = 30'011;
    options.requests = 1'234;
    options.warmup_seconds = warmup;
    const Window window = make_window(options, 17);
    Schedule schedule(17, options.rate, 10, 0, 1);
    std::uint64_t within = 0;
    for (; schedule.next_time() < window.until; schedule.take()) {
      within += window.has(schedule.next_time()) ? 1 : 0;
    }
    EXPECT_EQ(within, 1'234U) << warmup;
  }
}

}  // namespace
}  // namespace rabia::bench
