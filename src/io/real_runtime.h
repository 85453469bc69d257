// The production side of the seams: Asio's event loop, TCP, POSIX files, threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/executor.h"
#include "io/files.h"
#include "io/network.h"

namespace rabia::io {

// Of what a worker does: somebody waits for it, or it leaves the processor to whoever does.
enum class Urgency : std::uint8_t { waited_for, background };

// Owns the event loop. run() makes the calling thread the core thread until stop().
class RealRuntime {
 public:
  RealRuntime();
  ~RealRuntime();
  RealRuntime(const RealRuntime&) = delete;
  RealRuntime& operator=(const RealRuntime&) = delete;

  [[nodiscard]] Executor& executor();
  [[nodiscard]] Network& network();
  [[nodiscard]] std::unique_ptr<Worker> make_worker(Urgency urgency = Urgency::waited_for);
  // Calls `handler` on the core thread for each of these signals instead of their default action.
  void on_signals(const std::vector<int>& signals, std::function<void(int)> handler);
  void run();
  // Any thread. run() returns after the task in hand.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Stateless; any thread.
[[nodiscard]] std::unique_ptr<FileSystem> make_real_file_system();

}  // namespace rabia::io
