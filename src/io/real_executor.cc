#include <sys/random.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/check.h"
#include "io/real_parts.h"

namespace rabia::io {
namespace {

namespace asio = boost::asio;
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                               asio::wait_traits<std::chrono::steady_clock>,
                                               asio::io_context::executor_type>;

base::Instant steady_now() {
  return base::Instant(std::chrono::steady_clock::now().time_since_epoch());
}

// Lives on while a wait is under way. A timer that is moved later, or disarmed, leaves the wait as
// it is and looks again when it ends: most timers are moved far more often than they fire.
class TimerState : public std::enable_shared_from_this<TimerState> {
 public:
  TimerState(asio::io_context& context, Task task) : timer_(context), task_(std::move(task)) {}

  void arm(base::Instant when) {
    deadline_ = when;
    if (!waiting_until_ || *waiting_until_ > when) wait(when);
  }
  void disarm() { deadline_.reset(); }
  void abandon() {
    deadline_.reset();
    ++wait_number_;
    timer_.cancel();
  }

 private:
  void wait(base::Instant when) {
    waiting_until_ = when;
    const std::uint64_t number = ++wait_number_;
    timer_.expires_at(std::chrono::steady_clock::time_point(when.time_since_epoch()));
    timer_.async_wait([self = shared_from_this(), number](const boost::system::error_code&) {
      if (number == self->wait_number_) self->waited();
    });
  }
  void waited() {
    waiting_until_.reset();
    if (!deadline_) return;
    if (steady_now() < *deadline_) {
      wait(*deadline_);
      return;
    }
    deadline_.reset();
    task_();
  }

  SteadyTimer timer_;
  Task task_;
  std::optional<base::Instant> deadline_;       // When the owner wants its task to run.
  std::optional<base::Instant> waiting_until_;  // When the wait under way ends; never later.
  std::uint64_t wait_number_ = 0;               // Waits before the last one are void.
};

class AsioTimer final : public Timer {
 public:
  AsioTimer(asio::io_context& context, Task task)
      : state_(std::make_shared<TimerState>(context, std::move(task))) {}
  ~AsioTimer() override { state_->abandon(); }
  AsioTimer(const AsioTimer&) = delete;
  AsioTimer& operator=(const AsioTimer&) = delete;

  void arm(base::Instant when) override { state_->arm(when); }
  void disarm() override { state_->disarm(); }

 private:
  std::shared_ptr<TimerState> state_;
};

class AsioExecutor final : public Executor {
 public:
  explicit AsioExecutor(asio::io_context& context) : context_(context) {}

  [[nodiscard]] base::Instant now() const override { return steady_now(); }
  [[nodiscard]] base::WallTime wall_now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
  // From the core thread this takes no lock. The loop appends posted tasks to the events that it
  // already holds, which is the order that the seam promises.
  void post(Task task) override { asio::post(context_, std::move(task)); }
  [[nodiscard]] std::unique_ptr<Timer> make_timer(Task task) override {
    return std::make_unique<AsioTimer>(context_, std::move(task));
  }
  void fill_random(std::span<std::byte> out) override {
    while (!out.empty()) {
      const ssize_t taken = ::getrandom(out.data(), out.size(), 0);
      RABIA_CHECK(taken > 0 || errno == EINTR);
      if (taken > 0) out = out.subspan(static_cast<std::size_t>(taken));
    }
  }

 private:
  asio::io_context& context_;
};

}  // namespace

std::unique_ptr<Executor> make_asio_executor(asio::io_context& context) {
  return std::make_unique<AsioExecutor>(context);
}

}  // namespace rabia::io
