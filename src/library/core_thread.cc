#include "library/core_thread.h"

#include <future>
#include <memory>
#include <utility>

#include "base/check.h"

namespace rabia::library {

CoreThread::~CoreThread() {
  RABIA_CHECK(!thread_.joinable());
}

void CoreThread::start() {
  thread_ = std::thread([this] {
    id_ = std::this_thread::get_id();
    runtime_.run();
    const std::lock_guard after(after_end_);
    std::deque<std::function<void()>> jobs;
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      jobs.swap(jobs_);
    }
    for (const auto& job : jobs) job();
  });
}

void CoreThread::post(std::function<void()> job) {
  runtime_.executor().post(std::move(job));
}

void CoreThread::run(const std::function<void()>& job) {
  if (is_this()) return job();
  // Shared: set_value() may still be at work when the wait has ended.
  const auto done = std::make_shared<std::promise<void>>();
  bool waits = false;
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      waits = true;
      jobs_.emplace_back([&job, done] {
        job();
        done->set_value();
      });
    }
  }
  if (waits) {
    post([this] { take_jobs(); });
    return done->get_future().wait();
  }
  const std::lock_guard after(after_end_);
  job();
}

void CoreThread::take_jobs() {
  std::deque<std::function<void()>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
  }
  for (const auto& job : jobs) job();
}

void CoreThread::end(const std::function<void()>& last) {
  if (!thread_.joinable()) return;
  run([&] {
    last();
    runtime_.stop();
  });
  thread_.join();
}

}  // namespace rabia::library
