#include "sim/world/host_executor.h"

#include <utility>

namespace rabia::sim {
namespace {

constexpr std::int64_t million = 1'000'000;

class HostTimer final : public io::Timer {
 public:
  HostTimer(HostExecutor& executor, io::Task task)
      : executor_(executor), state_(std::make_shared<State>(State{std::move(task), 0})) {}
  ~HostTimer() override { disarm(); }
  HostTimer(const HostTimer&) = delete;
  HostTimer& operator=(const HostTimer&) = delete;

  void arm(base::Instant when) override {
    const std::uint64_t arming = ++state_->arming;
    executor_.run_at(executor_.world_time_of(when), [state = state_, arming] {
      if (state->arming != arming) return;
      ++state->arming;
      state->task();  // It may destroy the timer.
    });
  }
  void disarm() override { ++state_->arming; }

 private:
  struct State {
    io::Task task;
    std::uint64_t arming;  // The latest one; an earlier one was replaced or disarmed.
  };
  HostExecutor& executor_;
  std::shared_ptr<State> state_;
};

}  // namespace

// ---- clocks

base::Instant HostExecutor::local_time_of(base::Instant world) const {
  const base::Duration passed = world.time_since_epoch();
  return base::Instant(clocks_.ahead + passed + passed / million * clocks_.drift_ppm);
}

base::Instant HostExecutor::world_time_of(base::Instant local) const {
  const base::Duration passed = local.time_since_epoch() - clocks_.ahead;
  const std::int64_t rate = million + clocks_.drift_ppm;
  base::Instant world(passed / rate * million + passed % rate * million / rate);
  while (local_time_of(world) < local) world += std::chrono::microseconds(1);
  return world;
}

base::Instant HostExecutor::now() const {
  return local_time_of(world_.now());
}

base::WallTime HostExecutor::wall_now() const {
  return world_.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(
                                 clocks_.wall_ahead + (now() - world_.now()) - clocks_.ahead);
}

void HostExecutor::fill_random(std::span<std::byte> out) {
  for (std::byte& byte : out) byte = static_cast<std::byte>(random_.next() >> 56);
}

// ---- tasks

void HostExecutor::run_at(base::Instant world_time, io::Task task) {
  if (!running_) return;
  world_.schedule(world_time, [this, life = life_, task = std::move(task)]() mutable {
    if (life == life_ && running_) run_now_or_held(std::move(task));
  });
}

void HostExecutor::run_now_or_held(io::Task task) {
  if (paused_) {
    held_.push_back(std::move(task));
  } else {
    task();
  }
}

void HostExecutor::post(io::Task task) {
  run_at(world_.now() + turn_takes_, std::move(task));
}

std::unique_ptr<io::Timer> HostExecutor::make_timer(io::Task task) {
  return std::make_unique<HostTimer>(*this, std::move(task));
}

// ---- the process

void HostExecutor::begin_life() {
  ++life_;
  running_ = true;
  paused_ = false;
  held_.clear();
}

void HostExecutor::end_life() {
  running_ = false;
  held_.clear();
}

void HostExecutor::resume() {
  if (!paused_) return;
  world_.schedule(world_.now(), [this, life = life_] {
    if (life == life_ && running_) drain();
  });
}

// What comes meanwhile goes behind what waited.
void HostExecutor::drain() {
  const std::uint64_t life = life_;
  while (!held_.empty()) {
    const io::Task task = std::move(held_.front());
    held_.pop_front();
    task();
    if (life != life_ || !running_) return;
  }
  paused_ = false;
}

}  // namespace rabia::sim
