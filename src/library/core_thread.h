// The thread that a replica of the library has of its own.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "io/real_runtime.h"

namespace rabia::library {

class CoreThread {
 public:
  CoreThread() = default;
  ~CoreThread();  // After end(), if it was started.
  CoreThread(const CoreThread&) = delete;
  CoreThread& operator=(const CoreThread&) = delete;

  [[nodiscard]] io::RealRuntime& runtime() { return runtime_; }
  // Once.
  void start();

  // What follows: any thread, once it was started.

  [[nodiscard]] bool is_this() const { return std::this_thread::get_id() == id_.load(); }
  // Runs `job` there soon; not after end().
  void post(std::function<void()> job);
  // Runs `job` there, and waits for it: on that thread at once. When it has ended: in the caller's,
  // one at a time.
  void run(const std::function<void()>& job);
  // Runs `last` there as the last job but those that wait already, and ends the thread. Once, and
  // not on it.
  void end(const std::function<void()>& last);

 private:
  void take_jobs();

  io::RealRuntime runtime_;
  std::thread thread_;
  std::atomic<std::thread::id> id_{};
  std::recursive_mutex after_end_;  // Held by who runs a job when the thread runs none any more.
  std::mutex mutex_;                // Guards what follows. Taken behind the other one.
  std::deque<std::function<void()>> jobs_;
  bool ended_ = false;
};

}  // namespace rabia::library
