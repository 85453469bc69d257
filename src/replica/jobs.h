// Jobs on a worker's thread that end with their owner.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "io/executor.h"

namespace rabia::replica {

// Core thread only. Its destructor waits for the job under way; those behind it do nothing then,
// and nobody is called back: files are not touched after it.
class Jobs {
 public:
  explicit Jobs(io::Worker& worker) : worker_(worker) {}
  ~Jobs() {
    const std::lock_guard lock(gate_->mutex);
    gate_->closed = true;
  }
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // `job` () -> T on the worker, one at a time, then `done` (T) on the core thread.
  template <typename Job, typename Done>
  void run(Job job, Done done) {
    using Answer = decltype(job());
    auto answer = std::make_shared<std::optional<Answer>>();
    worker_.run(
        [gate = gate_, job = std::move(job), answer]() mutable {
          const std::lock_guard lock(gate->mutex);
          if (!gate->closed) answer->emplace(job());
        },
        [gate = gate_, done = std::move(done), answer]() mutable {
          if (!gate->closed && answer->has_value()) done(std::move(**answer));
        });
  }

 private:
  struct Gate {
    std::mutex mutex;
    bool closed = false;
  };
  io::Worker& worker_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

}  // namespace rabia::replica
