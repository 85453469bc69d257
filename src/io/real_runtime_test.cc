#include "io/real_runtime.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <set>
#include <string>
#include <thread>

namespace rabia::io {
namespace {

using std::chrono::milliseconds;

// Given timers armed out of order, when run, then they fire in order of time, none too early.
TEST(RealRuntime, TimersFireInOrderAndNotEarly) {
  RealRuntime runtime;
  Executor& executor = runtime.executor();
  const base::Instant start = executor.now();
  std::string fired;
  auto second = executor.make_timer([&] {
    EXPECT_GE(executor.now(), start + milliseconds(10));
    fired += '2';
    runtime.stop();
  });
  auto first = executor.make_timer([&] { fired += '1'; });
  second->arm(start + milliseconds(10));
  first->arm(start - milliseconds(10));
  runtime.run();
  EXPECT_EQ(fired, "12");
}

// Given timers that are disarmed, destroyed, moved later and moved earlier, when run past all of
// them, then the first two never fire and the others fire once, at their last time.
TEST(RealRuntime, OnlyTheLastArmingOfALivingTimerFires) {
  RealRuntime runtime;
  Executor& executor = runtime.executor();
  const base::Instant start = executor.now();
  int wrong = 0;
  int later = 0;
  int earlier = 0;
  auto disarmed = executor.make_timer([&] { ++wrong; });
  auto destroyed = executor.make_timer([&] { ++wrong; });
  auto moved_later = executor.make_timer([&] {
    ++later;
    EXPECT_GE(executor.now(), start + milliseconds(20));
    runtime.stop();
  });
  auto moved_earlier = executor.make_timer([&] { ++earlier; });
  disarmed->arm(start);
  destroyed->arm(start);
  moved_later->arm(start + milliseconds(1));
  moved_later->arm(start + milliseconds(20));
  moved_earlier->arm(start + std::chrono::hours(1));
  moved_earlier->arm(start + milliseconds(1));
  disarmed->disarm();
  destroyed.reset();
  runtime.run();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(later, 1);
  EXPECT_EQ(earlier, 1);
}

// Given a timer that arms itself again in its task, and one that destroys itself there, when run,
// then the first goes on and the second is safe.
TEST(RealRuntime, ATimerMayBeRearmedOrDestroyedInItsTask) {
  RealRuntime runtime;
  Executor& executor = runtime.executor();
  int rounds = 0;
  std::unique_ptr<Timer> repeating = executor.make_timer([&] {
    if (++rounds == 5) {
      runtime.stop();
    } else {
      repeating->arm(executor.now());
    }
  });
  std::unique_ptr<Timer> suicide = executor.make_timer([&] { suicide.reset(); });
  suicide->arm(executor.now());
  repeating->arm(executor.now());
  runtime.run();
  EXPECT_EQ(rounds, 5);
  EXPECT_EQ(suicide, nullptr);
}

// Given tasks posted from the core thread, when run, then in order, and after those ready before.
TEST(RealRuntime, PostedTasksRunInOrderAfterWhatIsReady) {
  RealRuntime runtime;
  std::string ran;
  runtime.executor().post([&] {
    ran += '1';
    runtime.executor().post([&] {
      ran += '3';
      runtime.stop();
    });
  });
  runtime.executor().post([&] { ran += '2'; });
  runtime.run();
  EXPECT_EQ(ran, "123");
}

// Given several threads that post at once, when run, then every task runs once, on the core thread,
// each thread's tasks in its order.
TEST(RealRuntime, TasksPostedByOtherThreadsAllRunOnTheCoreThread) {
  constexpr int threads = 4;
  constexpr int posts = 500;
  RealRuntime runtime;
  const std::thread::id core = std::this_thread::get_id();
  std::array<int, threads> next{};
  int total = 0;
  std::vector<std::thread> posters;
  for (std::size_t t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < posts; ++i) {
        runtime.executor().post([&, t, i] {
          EXPECT_EQ(std::this_thread::get_id(), core);
          EXPECT_EQ(next[t]++, i);
          if (++total == threads * posts) runtime.stop();
        });
      }
    });
  }
  runtime.run();
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(total, threads * posts);
}

// Given a worker with jobs, when run, then jobs run in order on another thread and each `done` on
// the core thread, in order, after its job.
TEST(RealRuntime, AWorkerRunsJobsInOrderElsewhere) {
  RealRuntime runtime;
  auto worker = runtime.make_worker();
  const std::thread::id core = std::this_thread::get_id();
  std::vector<int> jobs;
  std::vector<int> dones;
  for (int i = 0; i < 100; ++i) {
    worker->run(
        [&, i] {
          EXPECT_NE(std::this_thread::get_id(), core);
          jobs.push_back(i);
        },
        [&, i] {
          EXPECT_EQ(std::this_thread::get_id(), core);
          dones.push_back(i);
          if (i == 99) runtime.stop();
        });
  }
  runtime.run();
  ASSERT_EQ(jobs.size(), 100U);
  EXPECT_TRUE(std::is_sorted(jobs.begin(), jobs.end()));
  EXPECT_EQ(jobs, dones);
}

// Given a worker destroyed with jobs in its queue, when the destructor returns, then all have run.
TEST(RealRuntime, DestroyingAWorkerFinishesItsJobs) {
  RealRuntime runtime;
  std::atomic<int> ran = 0;
  auto worker = runtime.make_worker();
  for (int i = 0; i < 50; ++i) worker->run([&] { ++ran; }, [] {});
  worker.reset();
  EXPECT_EQ(ran, 50);
}

// Given handled signals, when raised twice, then the handler runs on the loop each time.
TEST(RealRuntime, SignalsReachTheHandlerAgainAndAgain) {
  RealRuntime runtime;
  int seen = 0;
  runtime.on_signals({SIGUSR1}, [&](int signal) {
    EXPECT_EQ(signal, SIGUSR1);
    if (++seen == 2) {
      runtime.stop();
    } else {
      std::raise(SIGUSR1);
    }
  });
  std::raise(SIGUSR1);
  runtime.run();
  EXPECT_EQ(seen, 2);
}

// Given many draws of random bytes, when compared, then they differ.
TEST(RealRuntime, RandomBytesDiffer) {
  RealRuntime runtime;
  std::set<std::array<std::byte, 16>> seen;
  for (int i = 0; i < 100; ++i) {
    std::array<std::byte, 16> bytes{};
    runtime.executor().fill_random(bytes);
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 100U);
}

// Given stop() before run(), when run, then it returns at once; and it can be run again after.
TEST(RealRuntime, StopBeforeRunIsNotLost) {
  RealRuntime runtime;
  runtime.stop();
  runtime.run();
  bool ran = false;
  runtime.executor().post([&] {
    ran = true;
    runtime.stop();
  });
  runtime.run();
  EXPECT_TRUE(ran);
}

// Given a worker for the background, then its thread lets others go first, and no other thread
// does.
TEST(RealRuntime, ABackgroundWorkerYieldsToOthers) {
  RealRuntime runtime;
  auto background = runtime.make_worker(Urgency::background);
  auto other = runtime.make_worker();
  const auto niceness = [](int& out) {
    return [&out] { out = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); };
  };
  const int own = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  int in_background = 0;
  int in_other = 0;
  background->run(niceness(in_background), [] {});
  other->run(niceness(in_other), [] {});
  background.reset();
  other.reset();
  EXPECT_EQ(in_background, std::max(own, 10));
  EXPECT_EQ(in_other, own);
}

}  // namespace
}  // namespace rabia::io
