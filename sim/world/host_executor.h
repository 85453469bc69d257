// The core thread and the clocks of one machine, on the world's time: it can be paused, and its
// process can end at any moment; its clocks begin anywhere, drift and jump.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "base/random.h"
#include "io/executor.h"
#include "io/testing/manual_executor.h"

namespace rabia::sim {

// How a machine's clocks differ from the world's.
struct ClockPlan {
  base::Duration ahead{};       // Of the world's, at the beginning; at least zero.
  std::int64_t drift_ppm = 0;   // Gains so many millionths; above -1'000'000.
  base::Duration wall_ahead{};  // Of the time of day.
};

// Outlives all timers and workers made by it. One thread.
class HostExecutor final : public io::Executor {
 public:
  HostExecutor(io::testing::ManualExecutor& world, const ClockPlan& clocks, std::uint64_t seed)
      : world_(world), clocks_(clocks), random_(seed) {}
  HostExecutor(const HostExecutor&) = delete;
  HostExecutor& operator=(const HostExecutor&) = delete;

  // ---- io::Executor
  [[nodiscard]] base::Instant now() const override;
  [[nodiscard]] base::WallTime wall_now() const override;
  // Runs `turn_takes` later: what a busy machine's scheduler does.
  void post(io::Task task) override;
  [[nodiscard]] std::unique_ptr<io::Timer> make_timer(io::Task task) override;
  void fill_random(std::span<std::byte> out) override;

  // ---- for the world
  // Of the process that runs now. Tasks of one that has ended never run.
  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] bool running() const { return running_; }
  void begin_life();
  // From now on nothing that was scheduled runs, and nothing new is.
  void end_life();
  // Everything due waits, in order, until it is resumed; clocks go on.
  void pause() { paused_ = true; }
  void resume();
  [[nodiscard]] bool paused() const { return paused_; }
  void set_turn_takes(base::Duration takes) { turn_takes_ = takes; }
  void jump_wall(base::Duration by) { clocks_.wall_ahead += by; }
  // Runs it at the world's time, in this life only, and not while paused.
  void run_at(base::Instant world_time, io::Task task);
  // Runs it now, or when it is resumed.
  void run_now_or_held(io::Task task);
  [[nodiscard]] base::Instant world_now() const { return world_.now(); }
  // Bytes on their way: neither a pause nor the end of a life holds them up.
  void schedule_for_the_network(base::Instant world_time, io::Task task) {
    world_.schedule(world_time, std::move(task));
  }
  // When the local clock will show `local`, in the world's time.
  [[nodiscard]] base::Instant world_time_of(base::Instant local) const;

 private:
  [[nodiscard]] base::Instant local_time_of(base::Instant world) const;
  void drain();

  io::testing::ManualExecutor& world_;
  ClockPlan clocks_;
  base::Random random_;
  std::uint64_t life_ = 0;
  bool running_ = false;
  bool paused_ = false;
  base::Duration turn_takes_{};
  std::deque<io::Task> held_;
};

}  // namespace rabia::sim
