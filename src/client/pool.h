// The connections of a client, shared by its threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/balance.h"
#include "client/connection.h"

namespace rabia::client {

// Thread-safe. The dialer outlives it; every lease ends before it.
class Pool {
 public:
  // A connection that one thread has for one call.
  struct Lease {
    std::size_t replica = 0;
    std::unique_ptr<Connection> connection{};
  };
  // How a call ended, for the replica and the connection.
  enum class End : std::uint8_t {
    answered,
    refused,  // The replica can do nothing now; the connection is good.
    lost,     // So are then the others that nobody uses.
  };

  Pool(Dialer& dialer, std::vector<kv::Address> addresses, std::size_t connections_max,
       Milliseconds connect_within, std::uint64_t seed);

  // Of the replica that is best for it; `avoid` only when there is no other. Waits until there is
  // one, by `deadline` at most: then Code::unavailable. Code::failed_precondition: the password.
  Result<Lease> take(Instant deadline, std::optional<std::size_t> avoid = {});
  void give_back(Lease lease, End end);

  [[nodiscard]] std::vector<kv::ReplicaMetrics> metrics() const;

 private:
  struct Replica {
    std::vector<std::unique_ptr<Connection>> idle{};  // The one used last at the end.
    kv::ReplicaMetrics metrics{};
  };
  // A call of it has begun.
  Result<Lease> dial(std::size_t replica, Instant deadline);
  void wake();

  Dialer& dialer_;
  const Milliseconds connect_within_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  Balance balance_;
  std::vector<Replica> replicas_;
  std::size_t waiting_ = 0;  // Threads in take().
};

}  // namespace rabia::client
