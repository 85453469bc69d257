// Jobs on a worker's thread that end with their owner.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "io/executor.h"

namespace rabia::replica {

// Core thread only. Its destructor waits for the job under way, which therefore should be short, or
// look at stop_token() now and then; those behind it do nothing then, and nobody is called back:
// files are not touched after it.
class Jobs {
 public:
  explicit Jobs(io::Worker& worker) : worker_(worker) {}
  ~Jobs() {
    stop();
    const std::lock_guard wait(gate_->under_way);
  }
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // The destructor's first half, without the waiting: for an owner that has more to do at its end.
  void stop() { gate_->stop.request_stop(); }
  // For a long job. What it has done when it is stopped must not be worse than nothing.
  [[nodiscard]] std::stop_token stop_token() const { return gate_->stop.get_token(); }

  // `job` () -> T on the worker, one at a time, then `done` (T) on the core thread.
  template <typename Job, typename Done>
  void run(Job job, Done done) {
    using Answer = decltype(job());
    auto answer = std::make_shared<std::optional<Answer>>();
    worker_.run(
        [gate = gate_, job = std::move(job), answer]() mutable {
          const std::lock_guard lock(gate->under_way);
          if (!gate->stop.stop_requested()) answer->emplace(job());
        },
        [gate = gate_, done = std::move(done), answer]() mutable {
          if (!gate->stop.stop_requested() && answer->has_value()) done(std::move(**answer));
        });
  }

 private:
  struct Gate {
    std::mutex under_way;   // Held by the job that is.
    std::stop_source stop;  // Not under the mutex, or jobs could overtake who wants to stop them.
  };
  io::Worker& worker_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

}  // namespace rabia::replica
