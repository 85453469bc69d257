// A connection to one replica, for programs that ask one thing after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "rabia/result.h"

struct redisContext;
struct redisReply;

namespace CLI {
class App;
}

namespace rabia::apps {

// Which replica a command asks, and with which password.
struct Target {
  std::string at;        // HOST:PORT
  std::string password;  // Empty: that of the environment (password_variable), if it has one.
};
// Its flags, --at and --password.
void add_target(CLI::App& command, Target& target);

// What a replica answered; an error is a Status instead.
struct Reply {
  enum class Kind : std::uint8_t { text, integer, nothing, list } kind = Kind::nothing;
  std::string text;
  std::int64_t integer = 0;
  std::vector<Reply> list;

  // Of a list of names and values: the value of that name; null when there is none.
  [[nodiscard]] const Reply* find(std::string_view name) const;
};

// Blocks; one thread. After an error of the connection (Code::unavailable or io_error) it is of no
// more use.
class Connection {
 public:
  static constexpr base::Duration answers_within = std::chrono::seconds(60);

  // Connects, and gives the password when there is one. Code::invalid_argument for an address that
  // is none, Code::unavailable when nobody answers there, Code::failed_precondition for a password
  // that is wrong or missing.
  static Result<Connection> open(const Target& target);

  // Sends one command and waits for its reply. An error of the replica is Code::unavailable when it
  // has no quorum, else Code::failed_precondition, with its text.
  Result<Reply> call(const std::vector<std::string>& words, base::Duration within = answers_within);

  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  Connection(std::string address, redisContext* context)
      : address_(std::move(address)), context_(context) {}
  Status broken(base::Duration within) const;

  std::string address_;
  std::unique_ptr<redisContext, Free> context_;
  bool answered_ = false;  // So the other end speaks our protocol.
};

}  // namespace rabia::apps
