// The seams of time and threads. Production: real_runtime.h. The simulator puts its own behind
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/time.h"

namespace rabia::io {

using Task = std::function<void()>;

// A one-shot timer that can be armed again and again. Its task runs on the executor's thread, never
// after disarm() or the destructor returned. Core thread only.
class Timer {
 public:
  virtual ~Timer() = default;
  // Replaces an earlier time. A time that has passed means: as soon as possible.
  virtual void arm(base::Instant when) = 0;
  virtual void disarm() = 0;
};

// The core thread of one replica: everything it runs, it runs one at a time, in order.
class Executor {
 public:
  virtual ~Executor() = default;

  // Monotonic time; read once per turn of the loop is enough for everyone. Any thread.
  [[nodiscard]] virtual base::Instant now() const = 0;
  // Time of day, for people and for stamps; may jump. Any thread.
  [[nodiscard]] virtual base::WallTime wall_now() const = 0;
  // Runs the task on the core thread after everything that is ready to run now. Any thread.
  virtual void post(Task task) = 0;
  // Core thread only.
  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer(Task task) = 0;
  // Fills with bytes that nobody can guess. Any thread.
  virtual void fill_random(std::span<std::byte> out) = 0;
};

// 64 bits that nobody can guess: a seed, or a name that nothing else has. Any thread.
[[nodiscard]] inline std::uint64_t random_number(Executor& executor) {
  std::uint64_t number = 0;
  executor.fill_random(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

// One background thread with a queue: jobs run one after the other, in order.
class Worker {
 public:
  // Waits until all jobs given have run; the `done` tasks of these may never run.
  virtual ~Worker() = default;
  // Runs `job` on the worker's thread, then posts `done` to the executor. Core thread only.
  virtual void run(Task job, Task done) = 0;
};

}  // namespace rabia::io
