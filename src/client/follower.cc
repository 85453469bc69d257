#include "client/follower.h"

#include <algorithm>
#include <utility>

#include "client/balance.h"

namespace rabia::client {
namespace {

// Several questions fit into the time after which nothing is answered any more; the answer to one
// shows what was when it was asked.
ChangeFeed::Options feed_options(const kv::ClientOptions& options) {
  const kv::NearCacheOptions& cache = *options.near_cache;
  return {.prefix = cache.prefix,
          .wait = cache.age_max / 4,
          .answer_within = std::min(options.answer_within, cache.age_max)};
}

}  // namespace

Follower::Follower(Dialer& dialer, const kv::ClientOptions& options, NearCache& cache,
                   std::uint64_t seed)
    : dialer_(dialer),
      replicas_(options.replicas),
      connect_within_(options.connect_within),
      feed_(feed_options(options), cache),
      random_(seed),
      thread_([this] { run(); }) {}

Follower::~Follower() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (connection_) connection_->cut();
  }
  stopped_.notify_all();
  thread_.join();
}

void Follower::run() {
  std::size_t next = random_.below(replicas_.size());
  Milliseconds longest = Balance::pause_min;
  while (true) {
    const bool answered = follow_at(replicas_[next]);
    next = (next + 1) % replicas_.size();
    longest = answered ? Balance::pause_min : std::min(2 * longest, Balance::pause_max);
    if (!pause(longest)) return;
  }
}

bool Follower::follow_at(const kv::Address& address) {
  auto dialed = dialer_.dial(address, Clock::now() + connect_within_);
  if (!dialed.ok()) return false;
  ++connections_;
  const std::shared_ptr<Connection> connection = dialed.take();
  if (!hold(connection)) return false;
  bool answered = false;
  while (feed_.ask(*connection).ok()) answered = true;
  hold(nullptr);
  return answered;
}

bool Follower::hold(std::shared_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
  return !stopping_;
}

bool Follower::pause(Milliseconds longest) {
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  const Milliseconds pause = longest - Milliseconds(random_.below(half + 1));
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, pause, [this] { return stopping_; });
}

}  // namespace rabia::client
