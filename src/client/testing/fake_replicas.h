// Replicas that a test answers for.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/connection.h"

namespace rabia::client::testing {

inline Reply text(std::string value) {
  return {.kind = Reply::Kind::text, .text = std::move(value)};
}
inline Reply integer(std::int64_t value) {
  return {.kind = Reply::Kind::integer, .integer = value};
}
inline Reply error(std::string value) {
  return {.kind = Reply::Kind::error, .text = std::move(value)};
}
inline Reply list(std::vector<Reply> items) {
  return {.kind = Reply::Kind::list, .list = std::move(items)};
}

// What each replica, named by its port, answers to a command, in one string with a space between
// the words. Nothing: the connection is lost. Called from any thread, one at a time.
using Answer = std::function<std::optional<Reply>(unsigned port, const std::string& command)>;

class FakeReplicas final : public Dialer {
 public:
  explicit FakeReplicas(Answer answer) : answer_(std::move(answer)) {}

  Result<std::unique_ptr<Connection>> dial(const kv::Address& address, Instant) override {
    const std::lock_guard lock(mutex_);
    ++dialed_;
    if (refuses_ == address.port) return {Code::unavailable, "refused"};
    if (!wrong_password_) return std::unique_ptr<Connection>(new FakeConnection(*this, address));
    return {Code::failed_precondition, "WRONGPASS"};
  }

  void refuse_connections_of(unsigned port) { refuses_ = port; }  // Before they are asked.
  void refuse_the_password() { wrong_password_ = true; }          // Likewise.
  [[nodiscard]] int dialed() const {
    const std::lock_guard lock(mutex_);
    return dialed_;
  }
  // Every command so far, as "port command".
  [[nodiscard]] std::vector<std::string> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  class FakeConnection final : public Connection {
   public:
    FakeConnection(FakeReplicas& replicas, const kv::Address& address)
        : replicas_(replicas), port_(address.port) {}
    Status exchange(std::span<const Words> commands, Instant,
                    std::vector<Reply>& replies) override {
      for (const Words& words : commands) {
        // Which waits for something to tell.
        if (words[0] == "RABIA.EVENTS") std::this_thread::sleep_for(Milliseconds(1));
        if (cut_) return {Code::unavailable, "cut"};
        std::optional<Reply> reply = replicas_.ask(port_, words);
        if (!reply) return {Code::unavailable, "lost"};
        replies.push_back(std::move(*reply));
      }
      return {};
    }
    void cut() override { cut_ = true; }

   private:
    FakeReplicas& replicas_;
    unsigned port_;
    std::atomic<bool> cut_ = false;
  };

  std::optional<Reply> ask(unsigned port, const Words& words) {
    std::string command;
    for (const std::string_view word : words) {
      if (!command.empty()) command += ' ';
      command += word;
    }
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::to_string(port) + ' ' + command);
    return answer_(port, command);
  }

  const Answer answer_;
  unsigned refuses_ = 0;
  bool wrong_password_ = false;
  mutable std::mutex mutex_;  // Guards what follows.
  int dialed_ = 0;
  std::vector<std::string> heard_;
};

inline std::vector<kv::Address> addresses(unsigned count) {
  std::vector<kv::Address> out;
  for (unsigned port = 1; port <= count; ++port) {
    out.push_back({"replica", static_cast<std::uint16_t>(port)});
  }
  return out;
}

}  // namespace rabia::client::testing
