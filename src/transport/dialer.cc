#include "transport/dialer.h"

#include <algorithm>
#include <utility>

#include "io/log.h"

namespace rabia::transport {

Dialer::Dialer(io::Executor& executor, io::Network& network, Options options, OnConnected connected)
    : executor_(executor),
      network_(network),
      options_(std::move(options)),
      connected_(std::move(connected)),
      random_(io::random_number(executor)),
      wait_(options_.first_wait),
      timer_(executor.make_timer([this] { on_timer(); })) {}

void Dialer::dial() {
  timer_->arm(executor_.now() + options_.attempt_within);
  connecting_ =
      network_.connect(options_.address, [this](auto result) { on_connect(std::move(result)); });
}

void Dialer::dial_again(base::Duration lived) {
  if (lived >= options_.last_wait) wait_ = options_.first_wait;
  const auto half = static_cast<std::uint64_t>(wait_.count() / 2);
  const base::Duration jittered{static_cast<base::Duration::rep>(half + random_.below(half + 1))};
  timer_->arm(executor_.now() + jittered);
  wait_ = std::min(wait_ * 2, options_.last_wait);
}

void Dialer::stop() {
  connecting_.reset();
  timer_->disarm();
}

void Dialer::report(std::string_view reason) {
  if (reported_ == reason) return;
  reported_ = reason;
  io::log(io::Level::info, "transport", "no connection to peer, will go on trying",
          {{"address", io::to_string(options_.address)}, {"reason", reason}});
}

void Dialer::on_timer() {
  if (connecting_) {
    connecting_.reset();
    report("no answer");
    dial_again({});
  } else {
    dial();
  }
}

void Dialer::on_connect(Result<std::unique_ptr<io::Stream>> result) {
  connecting_.reset();
  timer_->disarm();
  if (result.ok()) {
    connected_(result.take());
  } else {
    report(result.status().message());
    dial_again({});
  }
}

}  // namespace rabia::transport
