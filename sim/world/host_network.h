// The network as one machine sees it: what comes waits while its process is paused, what a dead
// process writes goes nowhere, a process can die at any write, and what goes between replicas
// suffers a FrameRoad's faults.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/network.h"
#include "sim/world/frame_faults.h"
#include "sim/world/host_executor.h"

namespace rabia::sim {

// Outlives all its streams. One thread.
class HostNetwork final : public io::Network {
 public:
  struct Hooks {
    // An effect of the process, about to happen. False: the process is dead, it does not happen.
    std::function<bool()> effect;
    // The road from this machine to the host at the other end; null: bytes go as they are.
    std::function<FrameRoad*(const std::string& host)> road;
  };
  HostNetwork(io::Network& below, HostExecutor& executor, Hooks hooks)
      : below_(below), executor_(executor), hooks_(std::move(hooks)) {}

  Result<std::unique_ptr<io::Listener>> listen(const io::Endpoint& endpoint,
                                               OnAccept accept) override;
  std::unique_ptr<io::Connecting> connect(const io::Endpoint& endpoint, OnConnect done) override;

 private:
  class HostStream;
  std::unique_ptr<io::Stream> wrap(std::unique_ptr<io::Stream> below);

  io::Network& below_;
  HostExecutor& executor_;
  Hooks hooks_;
};

// "r2:7000" gives "r2".
[[nodiscard]] std::string host_of(const std::string& address);

}  // namespace rabia::sim
