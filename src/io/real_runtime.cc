#include "io/real_runtime.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>
#include <utility>

#include "base/check.h"
#include "io/real_parts.h"

namespace rabia::io {

namespace asio = boost::asio;

class RealRuntime::Impl {
 public:
  // A write to a closed pipe is an error code to us, never the end of the process.
  // Somebody else's handler stays: it returns, and we see the error code.
  Impl() {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    if (before != SIG_DFL && before != SIG_ERR) std::signal(SIGPIPE, before);
  }

  void on_signals(const std::vector<int>& signals, std::function<void(int)> handler) {
    signals_.emplace(context_);
    for (const int signal : signals) {
      boost::system::error_code failure;
      signals_->add(signal, failure);
      RABIA_CHECK(!failure);
    }
    signal_handler_ = std::move(handler);
    wait_for_signal();
  }

  asio::io_context context_{1};  // Hint: one thread runs it. Others may still post.
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::unique_ptr<Executor> executor_ = make_asio_executor(context_);
  std::unique_ptr<Network> network_ = make_asio_network(context_);

 private:
  void wait_for_signal() {
    signals_->async_wait([this](const boost::system::error_code& failure, int signal) {
      if (failure) return;
      wait_for_signal();
      signal_handler_(signal);
    });
  }

  std::optional<asio::signal_set> signals_;
  std::function<void(int)> signal_handler_;
};

RealRuntime::RealRuntime() : impl_(std::make_unique<Impl>()) {}
RealRuntime::~RealRuntime() = default;

Executor& RealRuntime::executor() {
  return *impl_->executor_;
}
Network& RealRuntime::network() {
  return *impl_->network_;
}
std::unique_ptr<Worker> RealRuntime::make_worker(Urgency urgency) {
  return make_thread_worker(*impl_->executor_, urgency);
}

void RealRuntime::on_signals(const std::vector<int>& signals, std::function<void(int)> handler) {
  impl_->on_signals(signals, std::move(handler));
}

void RealRuntime::run() {
  impl_->context_.run();
  impl_->context_.restart();
}

void RealRuntime::stop() {
  impl_->context_.stop();
}

}  // namespace rabia::io
