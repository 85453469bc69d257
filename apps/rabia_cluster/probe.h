// Asks one replica for an answer to a linearizable command until it gives one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/executor.h"
#include "io/network.h"

namespace rabia::apps {

// Core thread only.
class Probe final : private io::StreamHandler {
 public:
  // Begins at once; calls `answered` once, never from inside the constructor.
  Probe(io::Executor& executor, io::Network& network, io::Endpoint endpoint,
        const std::string& password, std::function<void()> answered);
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() override;

  // Why there is no answer yet, for people.
  [[nodiscard]] const std::string& last_problem() const { return problem_; }

 private:
  void connect();
  void on_connected(Result<std::unique_ptr<io::Stream>> stream);
  void on_bytes(std::string_view bytes) override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override;
  void judge_last_line();
  void try_later(std::string problem);

  io::Executor& executor_;
  io::Network& network_;
  const io::Endpoint endpoint_;
  const std::string request_;
  const std::size_t lines_wanted_;  // One for each command of the request.
  std::function<void()> answered_;
  std::unique_ptr<io::Connecting> connecting_;
  std::unique_ptr<io::Stream> stream_;
  std::unique_ptr<io::Timer> timer_;
  std::string received_;
  std::string problem_ = "not connected yet";
};

}  // namespace rabia::apps
