#include "rabia_cluster/probe.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration retry_after = 50ms;
constexpr base::Duration answer_within = 10s;
constexpr std::size_t received_bytes_max = 4096;

std::string request_with(const std::string& password) {
  std::string request;
  if (!password.empty()) {
    request =
        "*2\r\n$4\r\nAUTH\r\n$" + std::to_string(password.size()) + "\r\n" + password + "\r\n";
  }
  return request + "*1\r\n$6\r\nDBSIZE\r\n";
}

}  // namespace

Probe::Probe(io::Executor& executor, io::Network& network, io::Endpoint endpoint,
             const std::string& password, std::function<void()> answered)
    : executor_(executor),
      network_(network),
      endpoint_(std::move(endpoint)),
      request_(request_with(password)),
      lines_wanted_(password.empty() ? 1 : 2),
      answered_(std::move(answered)),
      timer_(executor.make_timer([this] { connect(); })) {
  timer_->arm(executor_.now());
}

Probe::~Probe() = default;

void Probe::connect() {
  if (stream_) problem_ = "no answer within 10 s";
  stream_.reset();
  connecting_ = network_.connect(endpoint_, [this](Result<std::unique_ptr<io::Stream>> stream) {
    on_connected(std::move(stream));
  });
}

void Probe::on_connected(Result<std::unique_ptr<io::Stream>> stream) {
  connecting_.reset();
  if (!stream.ok()) return try_later(stream.status().message());
  received_.clear();
  stream_ = stream.take();
  stream_->start(*this);
  stream_->write(request_);
  timer_->arm(executor_.now() + answer_within);
}

void Probe::on_bytes(std::string_view bytes) {
  received_.append(
      bytes.substr(0, received_bytes_max - std::min(received_bytes_max, received_.size())));
  const auto lines = static_cast<std::size_t>(std::ranges::count(received_, '\n'));
  if (lines >= lines_wanted_) judge_last_line();
}

void Probe::judge_last_line() {
  while (received_.ends_with('\n') || received_.ends_with('\r')) received_.pop_back();
  const std::string last = received_.substr(received_.rfind('\n') + 1);
  if (!last.starts_with(':')) return try_later(last);
  timer_->disarm();
  stream_.reset();
  problem_.clear();
  answered_();
}

void Probe::on_closed(std::string_view reason) {
  try_later(std::string(reason));
}

void Probe::try_later(std::string problem) {
  problem_ = std::move(problem);
  stream_.reset();
  timer_->arm(executor_.now() + retry_after);
}

}  // namespace rabia::apps
