// The thread that keeps a near-cache right.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/random.h"
#include "client/change_feed.h"
#include "client/connection.h"

namespace rabia::client {

// Follows changes at one replica, and goes on at the next when that fails.
class Follower {
 public:
  // The dialer and the cache outlive it.
  Follower(Dialer& dialer, const kv::ClientOptions& options, NearCache& cache, std::uint64_t seed);
  ~Follower();  // Takes as long as it takes to dial, at most.
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Opened so far.
  [[nodiscard]] std::uint64_t connections() const { return connections_; }

 private:
  void run();
  // Follows there until that fails; whether it was answered at all.
  bool follow_at(const kv::Address& address);
  // False: it was stopped meanwhile.
  bool pause(Milliseconds longest);
  bool hold(std::shared_ptr<Connection> connection);

  Dialer& dialer_;
  const std::vector<kv::Address> replicas_;
  const Milliseconds connect_within_;
  ChangeFeed feed_;      // The thread's.
  base::Random random_;  // Likewise.
  std::atomic<std::uint64_t> connections_ = 0;

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::shared_ptr<Connection> connection_;
  std::thread thread_;
};

}  // namespace rabia::client
