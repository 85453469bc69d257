// Jobs on a real worker's thread, and their end.
#include "replica/jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "io/real_runtime.h"

namespace rabia::replica {
namespace {

// Given a long job under way that looks at its stop token, and others behind it, when their owner
// ends, then the long one is asked to stop and waited for, and the others do nothing.
TEST(Jobs, TheEndStopsTheJobUnderWay) {
  io::RealRuntime runtime;
  const auto worker = runtime.make_worker();
  std::optional<Jobs> jobs(std::in_place, *worker);
  std::atomic<bool> running = false;
  std::atomic<bool> was_stopped = false;
  std::atomic<bool> other_ran = false;
  jobs->run(
      [&, stop = jobs->stop_token()] {
        running = true;
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!stop.stop_requested() && std::chrono::steady_clock::now() < limit) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        was_stopped = stop.stop_requested();
        return true;
      },
      [](bool) { FAIL() << "called back after the end"; });
  jobs->run([&] { return other_ran = true; }, [](bool) { FAIL() << "called back after the end"; });
  while (!running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(was_stopped);
  jobs.reset();
  EXPECT_TRUE(was_stopped);
  EXPECT_FALSE(other_ran);
  runtime.executor().post([&] { runtime.stop(); });
  runtime.run();
}

}  // namespace
}  // namespace rabia::replica
