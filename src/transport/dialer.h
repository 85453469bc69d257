// Connects to one address until it succeeds, patiently. Inside the room only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "io/executor.h"
#include "io/network.h"

namespace rabia::transport {

// One attempt at a time; the wait between two doubles, with jitter, so that members that lost each
// other in the same moment do not come back in the same moment. Core thread only.
class Dialer {
 public:
  struct Options {
    io::Endpoint address;
    base::Duration first_wait;
    base::Duration last_wait;
    base::Duration attempt_within;  // An attempt without an answer for this long is given up.
  };
  using OnConnected = std::function<void(std::unique_ptr<io::Stream>)>;

  Dialer(io::Executor& executor, io::Network& network, Options options, OnConnected connected);

  void dial();
  // Waits, then dials. `lived` is how long the last connection was of use: after a long life the
  // waits are short again.
  void dial_again(base::Duration lived);
  // Ends the attempt, or the wait for the next one. dial() begins again.
  void stop();
  // Logs why there is no connection, unless that is known already.
  void report(std::string_view reason);
  // There is one: the next trouble is news.
  void forget_reports() { reported_.clear(); }

 private:
  void on_timer();
  void on_connect(Result<std::unique_ptr<io::Stream>> result);

  io::Executor& executor_;
  io::Network& network_;
  Options options_;
  OnConnected connected_;
  base::Random random_;
  base::Duration wait_;
  std::string reported_;
  std::unique_ptr<io::Connecting> connecting_;
  std::unique_ptr<io::Timer> timer_;  // Ends the wait, or the patience with the attempt.
};

}  // namespace rabia::transport
