#include "rabia_bench/worker.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "rabia_bench/clock.h"

namespace rabia::bench {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t events_at_once = 128;
constexpr double second = 1e9;  // In nanoseconds.
// How often to look whether it is time to give up.
constexpr std::int64_t look_after = 50'000'000;
// Stands for the WAIT behind a pipeline among what waits for an answer.
constexpr std::uint32_t wait_operation = UINT32_MAX;

// Worker w of n does the w-th of n nearly equal parts.
std::uint64_t share_of(std::uint64_t all, std::uint32_t worker, std::uint32_t workers) {
  return all / workers + (worker < all % workers ? 1 : 0);
}

}  // namespace

Worker::Worker(const Options& options, const Window& window, std::uint32_t number,
               std::vector<Connection> connections)
    : options_(options),
      tally_(window, options.targets.size()),
      writer_(options.workload, options.seed + number, number, options.threads),
      connections_(std::move(connections)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(buffer_bytes),
      left_(share_of(options.requests, number, options.threads)),
      live_(connections_.size()) {
  if (options.wait_replicas > 0) wait_ = wait_command(options.wait_replicas);
  if (options.gap) tally_.keep_write_times();
  if (options.rate > 0) {
    schedule_.emplace(window.start, options.rate, options.connections, number, options.threads);
  }
}

void Worker::run() {
  // Timeouts to the microsecond: an open loop sends on time.
  ::prctl(PR_SET_TIMERSLACK, 1);
  watch_all();
  std::int64_t now = clock_now();
  last_progress_ = now;
  if (!schedule_) {
    for (Connection& each : connections_) go_on(each, clock_now());
  }
  while (!is_over()) {
    now = clock_now();
    if (schedule_) take_due(now);
    wait_for_events(now);
  }
}

void Worker::watch_all() {
  for (std::uint32_t i = 0; i < connections_.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u32 = i}};
    ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, connections_[i].socket(), &event);
  }
}

bool Worker::is_over() const {
  if (live_ == 0 || gave_up_) return true;
  return under_way_ == 0 && due_ == 0 && !may_begin(clock_now());
}

bool Worker::may_begin(std::int64_t now) const {
  const Window& window = tally_.window();
  if (schedule_) return schedule_->next_time() < window.until;
  if (options_.requests == 0 || now < window.from) return now < window.until;
  return left_ > 0;
}

void Worker::wait_for_events(std::int64_t now) {
  std::int64_t wait = look_after;
  if (schedule_ && may_begin(now)) {
    wait = std::clamp<std::int64_t>(schedule_->next_time() - clock_now(), 0, look_after);
  }
  std::array<epoll_event, events_at_once> events{};
  const timespec timeout = {.tv_sec = 0, .tv_nsec = wait};
  const int ready =
      ::epoll_pwait2(epoll_.number(), events.data(), events_at_once, &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    Connection& connection = connections_[events[i].data.u32];
    if ((events[i].events & EPOLLOUT) != 0 && connection.is_open()) flush(connection, clock_now());
    if ((events[i].events & ~EPOLLOUT) != 0 && connection.is_open()) receive(connection);
  }
  if (ready > 0 || under_way_ == 0) return;
  const auto silent = static_cast<double>(clock_now() - last_progress_) / second;
  if (silent > options_.patience_seconds) give_up();
}

// Sending.

void Worker::take_due(std::int64_t now) {
  const Window& window = tally_.window();
  for (std::int64_t next = schedule_->next_time(); next <= now && next < window.until;
       next = schedule_->next_time()) {
    const std::uint32_t place = schedule_->take();
    if (!connections_[place].is_open()) continue;
    ++connections_[place].due;
    ++due_;
    send_due(place, now);
  }
}

// Closed loop: a whole pipeline.
void Worker::begin_pipeline(Connection& connection, std::int64_t now) {
  for (std::uint32_t i = 0; i < options_.pipeline && may_begin(now); ++i) {
    if (options_.requests > 0 && now >= tally_.window().from) --left_;
    push(connection, now);
  }
  push_wait(connection);
  flush(connection, now);
}

// Open loop: what is due, as long as the pipeline has room. With WAIT, pipeline after pipeline.
void Worker::send_due(std::uint32_t place, std::int64_t now) {
  Connection& connection = connections_[place];
  if (connection.due == 0 || (!wait_.empty() && connection.pending() > 0)) return;
  bool any = false;
  while (connection.due > 0 && connection.pending() < options_.pipeline) {
    push(connection, schedule_->time_of(place, connection.scheduled++));
    --connection.due;
    --due_;
    any = true;
  }
  if (!any) return;
  push_wait(connection);
  flush(connection, now);
}

void Worker::push(Connection& connection, std::int64_t begun) {
  const std::uint32_t operation = writer_.append(connection.out());
  connection.push({.begun = begun, .operation = operation});
  ++tally_.sent;
  ++under_way_;
}

void Worker::push_wait(Connection& connection) {
  if (wait_.empty()) return;
  connection.out() += wait_;
  connection.push({.begun = 0, .operation = wait_operation});
  ++under_way_;
}

void Worker::flush(Connection& connection, std::int64_t now) {
  if (under_way_ <= options_.pipeline + 1) last_progress_ = now;  // The first after a silence.
  switch (connection.send()) {
    case Connection::Sent::all:
      return watch_for_room(connection, false);
    case Connection::Sent::part:
      return watch_for_room(connection, true);
    case Connection::Sent::failed:
      return lose(connection, std::strerror(errno));
  }
}

void Worker::watch_for_room(Connection& connection, bool wanted) {
  if (connection.waits_to_send == wanted) return;
  connection.waits_to_send = wanted;
  epoll_event event{.events = EPOLLIN | (wanted ? EPOLLOUT : 0U),
                    .data = {.u32 = static_cast<std::uint32_t>(&connection - connections_.data())}};
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, connection.socket(), &event);
}

// Receiving.

void Worker::receive(Connection& connection) {
  while (true) {
    const ssize_t received =
        ::recv(connection.socket(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      return lose(connection, received == 0 ? "closed by the server" : std::strerror(errno));
    }
    const std::int64_t now = clock_now();
    last_progress_ = now;
    const auto size = static_cast<std::size_t>(received);
    if (!take_replies(connection, {buffer_.data(), size}, now)) {
      return lose(connection, "what it sends is no answer of the Redis protocol");
    }
    go_on(connection, now);
    if (size < buffer_.size() || !connection.is_open()) return;
  }
}

bool Worker::take_replies(Connection& connection, std::string_view bytes, std::int64_t now) {
  while (true) {
    switch (connection.scanner.next(bytes)) {
      case ReplyScanner::Found::more:
        return true;
      case ReplyScanner::Found::malformed:
        return false;
      case ReplyScanner::Found::reply:
        if (connection.answered >= connection.pending()) return false;
        take_reply(connection, connection.scanner.reply(), now);
    }
  }
}

void Worker::take_reply(Connection& connection, const Reply& reply, std::int64_t now) {
  Pending& first = connection.at(connection.answered);
  if (first.operation == wait_operation) return take_wait_reply(connection, reply, now);
  const Operation& operation = options_.workload.mix[first.operation];
  if (reply.failed()) {
    first.failed = true;
    tally_.fail(reply.error);
  } else if (reply.kind == Reply::Kind::nothing) {
    ++tally_.misses;
  }
  if (++connection.replies < operation.replies()) return;
  connection.replies = 0;
  if (wait_.empty()) {
    complete_first(connection, now);
  } else {
    ++connection.answered;
  }
}

// Only now are the operations before it what was asked for: held by so many replicas.
void Worker::take_wait_reply(Connection& connection, const Reply& reply, std::int64_t now) {
  const bool held = !reply.failed() && reply.integer >= options_.wait_replicas;
  if (!held) {
    tally_.fail(reply.failed() ? reply.error
                               : "WAIT: too few replicas: " + std::to_string(reply.integer));
  }
  for (; connection.answered > 0; --connection.answered) {
    if (!held) connection.at(0).failed = true;
    complete_first(connection, now);
  }
  connection.pop();
  --under_way_;
}

void Worker::complete_first(Connection& connection, std::int64_t now) {
  const Pending& first = connection.at(0);
  if (!first.failed) {
    const bool is_write = options_.workload.mix[first.operation].is_write();
    tally_.complete(connection.target(), is_write, first.begun, now);
  }
  tally_.last_answer = now;
  connection.pop();
  --under_way_;
}

void Worker::go_on(Connection& connection, std::int64_t now) {
  if (schedule_) {
    send_due(static_cast<std::uint32_t>(&connection - connections_.data()), now);
  } else if (connection.pending() == 0 && may_begin(now)) {
    begin_pipeline(connection, now);
  }
}

// What goes wrong.

void Worker::lose(Connection& connection, const std::string& why) {
  tally_.fail(io::to_string(options_.targets[connection.target()]) + ": connection lost: " + why);
  tally_.lose_connection(connection.target());
  const std::size_t pending = connection.pending();
  for (std::size_t i = 0; i < pending; ++i) {
    if (connection.at(i).operation != wait_operation) ++tally_.unanswered;
  }
  under_way_ -= pending;
  due_ -= std::exchange(connection.due, 0);
  for (std::size_t i = 0; i < pending; ++i) connection.pop();
  connection.close();
  --live_;
}

void Worker::give_up() {
  gave_up_ = true;
  for (Connection& each : connections_) {
    std::uint64_t pending = 0;
    for (std::size_t i = 0; i < each.pending(); ++i) {
      if (each.at(i).operation != wait_operation) ++pending;
    }
    if (pending == 0) continue;
    tally_.unanswered += pending;
    tally_.fail(io::to_string(options_.targets[each.target()]) + ": operations without an answer",
                pending);
  }
}

}  // namespace rabia::bench
