// Commands that may be sent again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace rabia {

// A command under a name. Of all that are submitted under one name, at whatever replicas and
// however often, the first is executed; the others change nothing and are answered what it was
// answered. An answer is kept in the replicated state for an hour of the log's clock; beyond a
// million answers or 64 MiB the oldest go first, and one above 1 MiB is not kept. What comes again
// after that is executed anew.
struct NamedCommand {
  std::string session;       // 1 to session_bytes_max bytes; nobody else's.
  std::uint64_t number = 0;  // Another one for each command of the session, in any order.
  std::string command;

  static constexpr std::size_t session_bytes_max = 256;
};

// Gives commands names. Thread-compatible: one thread at a time.
class Session {
 public:
  // With a name that nobody else has (128 random bits).
  Session();
  // One that goes on: `next_number` was never used in it.
  Session(std::string name, std::uint64_t next_number)
      : name_(std::move(name)), next_number_(next_number) {}

  [[nodiscard]] NamedCommand name(std::string command) {
    return {name_, next_number_++, std::move(command)};
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t next_number() const { return next_number_; }

 private:
  std::string name_;
  std::uint64_t next_number_ = 1;
};

}  // namespace rabia
