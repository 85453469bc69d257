// The seam to the network: connections to replicas, and who makes them.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rabia/kv/client.h"

namespace rabia::client {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;
using Reply = kv::ClientReply;
// A command and its arguments. The bytes are the caller's.
using Words = std::vector<std::string_view>;

// One replica, from one thread at a time, but for cut().
class Connection {
 public:
  virtual ~Connection() = default;

  // Sends all commands at once, and appends their replies (also those that are errors) to
  // `replies`. Anything but Ok: not all were answered by `deadline`; the message says why, those
  // that were are there, and the connection is of no more use.
  virtual Status exchange(std::span<const Words> commands, Instant deadline,
                          std::vector<Reply>& replies) = 0;
  // Any thread: ends what waits in exchange(), now or later, as a lost connection does.
  virtual void cut() = 0;
};

class Dialer {
 public:
  virtual ~Dialer() = default;
  // Any thread. A connection that has said its password. Code::failed_precondition: which is
  // missing or wrong; unavailable: all else.
  virtual Result<std::unique_ptr<Connection>> dial(const kv::Address& address,
                                                   Instant deadline) = 0;
};

// Real connections.
std::unique_ptr<Dialer> make_hiredis_dialer(std::string user, std::string password);

}  // namespace rabia::client
