#include "io/testing/manual_executor.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace rabia::io::testing {
namespace {

using std::chrono::milliseconds;

// Given timers armed in mixed order and two for the same instant, when time passes, then they fire
// by time, and at equal times in the order of arming.
TEST(ManualExecutor, TimersFireInOrderOfTimeThenOfArming) {
  ManualExecutor executor;
  std::string fired;
  auto late = executor.make_timer([&] { fired += 'c'; });
  auto early = executor.make_timer([&] { fired += 'a'; });
  auto equal = executor.make_timer([&] { fired += 'd'; });
  late->arm(executor.now() + milliseconds(5));
  equal->arm(executor.now() + milliseconds(5));
  early->arm(executor.now() + milliseconds(1));
  executor.run_for(milliseconds(4));
  EXPECT_EQ(fired, "a");
  executor.run_for(milliseconds(1));
  EXPECT_EQ(fired, "acd");
}

// Given timers that are disarmed, moved, or destroyed (one inside its own task), when time passes,
// then only the last arming of a living timer fires, once.
TEST(ManualExecutor, OnlyTheLastArmingOfALivingTimerFires) {
  ManualExecutor executor;
  std::string fired;
  auto disarmed = executor.make_timer([&] { fired += 'x'; });
  auto destroyed = executor.make_timer([&] { fired += 'y'; });
  auto moved = executor.make_timer([&] { fired += 'm'; });
  std::unique_ptr<Timer> suicide = executor.make_timer([&] {
    suicide.reset();
    fired += 's';
  });
  for (Timer* timer : {disarmed.get(), destroyed.get(), moved.get(), suicide.get()}) {
    timer->arm(executor.now() + milliseconds(1));
  }
  disarmed->disarm();
  destroyed.reset();
  moved->arm(executor.now() + milliseconds(3));
  executor.run_for(milliseconds(2));
  EXPECT_EQ(fired, "s");
  executor.run_for(milliseconds(10));
  EXPECT_EQ(fired, "sm");
}

// Given tasks posted from inside a task, when run, then they follow what was ready before them.
TEST(ManualExecutor, PostedTasksRunAfterWhatIsReady) {
  ManualExecutor executor;
  std::string ran;
  executor.post([&] {
    ran += '1';
    executor.post([&] { ran += '3'; });
  });
  executor.post([&] { ran += '2'; });
  executor.run_ready();
  EXPECT_EQ(ran, "123");
}

// Given a worker whose jobs take 10 ms, when three are given, then they end one after the other, in
// order, each job before its `done`; and a destroyed worker runs the jobs that are left.
TEST(ManualExecutor, WorkerRunsJobsOneAfterTheOther) {
  ManualExecutor executor;
  std::string ran;
  auto worker = executor.make_worker(milliseconds(10));
  for (const char c : {'a', 'b', 'c'}) {
    worker->run([&ran, c] { ran += c; }, [&ran] { ran += '.'; });
  }
  executor.run_for(milliseconds(10));
  EXPECT_EQ(ran, "a.");
  executor.run_for(milliseconds(10));
  EXPECT_EQ(ran, "a.b.");
  worker.reset();
  EXPECT_EQ(ran, "a.b.c");
  executor.run_for(milliseconds(100));
  EXPECT_EQ(ran, "a.b.c");
}

// Given two executors of one seed and one of another, when asked for random bytes, then equal seeds
// agree and the other does not.
TEST(ManualExecutor, RandomBytesComeFromTheSeed) {
  std::array<std::array<std::byte, 32>, 3> bytes{};
  ManualExecutor(7).fill_random(bytes[0]);
  ManualExecutor(7).fill_random(bytes[1]);
  ManualExecutor(8).fill_random(bytes[2]);
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_NE(bytes[0], bytes[2]);
}

// Given a timer and a jump of the time of day, when the jump happens, then monotonic time and the
// timer are not moved.
TEST(ManualExecutor, WallClockJumpsLeaveTimersAlone) {
  ManualExecutor executor;
  bool fired = false;
  auto timer = executor.make_timer([&] { fired = true; });
  timer->arm(executor.now() + milliseconds(10));
  const auto wall = executor.wall_now();
  executor.jump_wall(std::chrono::hours(24));
  EXPECT_EQ(executor.wall_now() - wall, std::chrono::hours(24));
  executor.run_for(milliseconds(9));
  EXPECT_FALSE(fired);
  executor.run_for(milliseconds(1));
  EXPECT_TRUE(fired);
}

}  // namespace
}  // namespace rabia::io::testing
