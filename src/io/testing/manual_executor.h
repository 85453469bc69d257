// An executor with virtual time that runs step by step: the same calls give the same run, always.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/random.h"
#include "io/executor.h"

namespace rabia::io::testing {

// A worker on an executor with virtual time.
class ManualWorker : public Worker {
 public:
  // No job ends before, as on a disk that does not answer; an earlier time than before ends that.
  virtual void stall_until(base::Instant until) = 0;
};

// Events are run by time, and at equal times in the order in which they were made. Time stands
// still while an event runs and jumps to the next one afterwards. One thread.
class ManualExecutor final : public Executor {
 public:
  // Names one event that is still to come.
  using EventId = std::pair<base::Instant, std::uint64_t>;

  explicit ManualExecutor(std::uint64_t seed = 1) : random_(seed) {}
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;

  [[nodiscard]] base::Instant now() const override { return now_; }
  [[nodiscard]] base::WallTime wall_now() const override;
  void post(Task task) override { schedule(now_, std::move(task)); }
  [[nodiscard]] std::unique_ptr<Timer> make_timer(Task task) override;
  // Reproducible: from the seed.
  void fill_random(std::span<std::byte> out) override;

  // A worker whose jobs run on this executor, each `job_takes` after it was given or after the one
  // before it ended. Must not outlive the executor.
  [[nodiscard]] std::unique_ptr<ManualWorker> make_worker(base::Duration job_takes = {});

  // Runs the task at `when` (now, if that has passed), unless cancelled before.
  EventId schedule(base::Instant when, Task task);
  void cancel(const EventId& event) { events_.erase(event); }

  // Runs the next event, moving time to it. False when there is none.
  bool step();
  // Runs everything that is due now, and what that makes due now.
  void run_ready() { run_until(now_); }
  // Runs everything due up to `until`; then it is that time.
  void run_until(base::Instant until);
  void run_for(base::Duration duration) { run_until(now_ + duration); }
  // Steps until the condition holds. False when it did not within `limit`.
  bool run_until(const std::function<bool()>& condition, base::Duration limit);

  // Lets time pass without running anything, as for a process that is stopped and resumed.
  void sleep(base::Duration duration) { now_ += duration; }
  // Makes the time of day jump; monotonic time goes on.
  void jump_wall(base::Duration by) { wall_offset_ += by; }

 private:
  base::Instant now_{std::chrono::seconds(1)};
  base::Duration wall_offset_{};
  std::uint64_t next_sequence_ = 0;
  std::map<EventId, Task> events_;
  base::Random random_;
};

}  // namespace rabia::io::testing
