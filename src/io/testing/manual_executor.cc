#include "io/testing/manual_executor.h"

#include <algorithm>
#include <deque>
#include <optional>

namespace rabia::io::testing {
namespace {

// 2025-01-01, so that stamps look like stamps.
constexpr base::WallTime wall_start{std::chrono::seconds(1'735'689'600)};

class ManualTimer final : public Timer {
 public:
  ManualTimer(ManualExecutor& executor, Task task)
      : executor_(executor), task_(std::make_shared<Task>(std::move(task))) {}
  ~ManualTimer() override { disarm(); }
  ManualTimer(const ManualTimer&) = delete;
  ManualTimer& operator=(const ManualTimer&) = delete;

  void arm(base::Instant when) override {
    disarm();
    event_ = executor_.schedule(when, [this] {
      event_.reset();
      const auto task = task_;  // It may destroy the timer.
      (*task)();
    });
  }
  void disarm() override {
    if (event_) executor_.cancel(*event_);
    event_.reset();
  }

 private:
  ManualExecutor& executor_;
  std::shared_ptr<Task> task_;
  std::optional<ManualExecutor::EventId> event_;
};

class TimedWorker final : public ManualWorker {
 public:
  TimedWorker(ManualExecutor& executor, base::Duration job_takes)
      : executor_(executor), job_takes_(job_takes) {}
  ~TimedWorker() override {
    if (event_) executor_.cancel(*event_);
    for (Item& item : queue_) item.job();
  }
  TimedWorker(const TimedWorker&) = delete;
  TimedWorker& operator=(const TimedWorker&) = delete;

  void run(Task job, Task done) override {
    queue_.push_back({std::move(job), std::move(done)});
    if (!event_) begin_next();
  }
  void stall_until(base::Instant until) override {
    stalled_until_ = until;
    if (!event_) return;
    executor_.cancel(*event_);
    await_end();
  }

 private:
  struct Item {
    Task job;
    Task done;
  };

  void begin_next() {
    ends_ = executor_.now() + job_takes_;
    await_end();
  }
  void await_end() {
    event_ = executor_.schedule(std::max(ends_, stalled_until_), [this] { end_job(); });
  }
  void end_job() {
    event_.reset();
    Item item = std::move(queue_.front());
    queue_.pop_front();
    item.job();
    executor_.post(std::move(item.done));
    if (!queue_.empty()) begin_next();
  }

  ManualExecutor& executor_;
  base::Duration job_takes_;
  base::Instant ends_;  // Of the job under way, but for a stall.
  base::Instant stalled_until_{};
  std::deque<Item> queue_;
  std::optional<ManualExecutor::EventId> event_;
};

}  // namespace

base::WallTime ManualExecutor::wall_now() const {
  const auto passed = now_.time_since_epoch() + wall_offset_;
  return wall_start + std::chrono::duration_cast<std::chrono::microseconds>(passed);
}

std::unique_ptr<Timer> ManualExecutor::make_timer(Task task) {
  return std::make_unique<ManualTimer>(*this, std::move(task));
}

std::unique_ptr<ManualWorker> ManualExecutor::make_worker(base::Duration job_takes) {
  return std::make_unique<TimedWorker>(*this, job_takes);
}

void ManualExecutor::fill_random(std::span<std::byte> out) {
  for (std::byte& byte : out) byte = static_cast<std::byte>(random_.next() >> 56);
}

ManualExecutor::EventId ManualExecutor::schedule(base::Instant when, Task task) {
  const EventId id{std::max(when, now_), next_sequence_++};
  events_.emplace(id, std::move(task));
  return id;
}

bool ManualExecutor::step() {
  if (events_.empty()) return false;
  auto event = events_.extract(events_.begin());
  now_ = std::max(now_, event.key().first);
  event.mapped()();
  return true;
}

void ManualExecutor::run_until(base::Instant until) {
  while (!events_.empty() && events_.begin()->first.first <= until) step();
  now_ = std::max(now_, until);
}

bool ManualExecutor::run_until(const std::function<bool()>& condition, base::Duration limit) {
  const base::Instant end = now_ + limit;
  while (!condition()) {
    if (events_.empty() || events_.begin()->first.first > end) return false;
    step();
  }
  return true;
}

}  // namespace rabia::io::testing
