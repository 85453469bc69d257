// The log thread of one machine: each job takes its time, a stall holds up all of them, and when
// the process ends in the middle of a job, a part of what the job did has been done.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/random.h"
#include "io/executor.h"
#include "sim/world/host_executor.h"
#include "storage/testing/halting_files.h"

namespace rabia::sim {

// Uniform between the two.
struct Delays {
  base::Duration least{};
  base::Duration most{};
  [[nodiscard]] base::Duration draw(base::Random& random) const {
    const auto span = static_cast<std::uint64_t>((most - least).count());
    return least + base::Duration(static_cast<std::int64_t>(random.below(span + 1)));
  }
};

// One life's. Destroyed with the process; what it has not run by then never runs.
class LogWorker final : public io::Worker {
 public:
  LogWorker(HostExecutor& executor, const Delays& job_takes, base::Instant stalled_until,
            std::uint64_t seed)
      : executor_(executor), job_takes_(job_takes), stalled_until_(stalled_until), random_(seed) {}

  void run(io::Task job, io::Task done) override {
    if (!executor_.running()) return;
    queue_.push_back({std::move(job), std::move(done)});
    if (queue_.size() == 1) begin_next();
  }
  // No job ends before (world's time); an earlier time than before ends the stall.
  void stall_until(base::Instant until) {
    stalled_until_ = until;
    if (!queue_.empty()) await_end();
  }
  // The process ends: of the job under way the first few changes to the disk have happened.
  void die(storage::testing::HaltingFiles& files) {
    if (queue_.empty() || files.halted()) return;
    files.halt_after(random_.below(6));
    queue_.front().job();
    queue_.clear();
  }

 private:
  struct Item {
    io::Task job;
    io::Task done;
  };
  void begin_next() {
    ends_ = executor_.world_now() + job_takes_.draw(random_);
    await_end();
  }
  void await_end() {
    executor_.run_at(std::max(ends_, stalled_until_), [this, wait = ++waits_] {
      if (wait == waits_) end_job();
    });
  }
  void end_job() {
    Item item = std::move(queue_.front());
    item.job();
    queue_.pop_front();
    executor_.post(std::move(item.done));
    if (!queue_.empty()) begin_next();
  }

  HostExecutor& executor_;
  Delays job_takes_;
  base::Instant stalled_until_;
  base::Instant ends_;       // Of the job under way, but for a stall.
  std::uint64_t waits_ = 0;  // Only the latest wait ends it.
  base::Random random_;
  std::deque<Item> queue_;
};

}  // namespace rabia::sim
