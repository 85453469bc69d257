// What an answer means for a call, and whether its command may be sent again. Values; nothing
// waits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rabia/kv/client.h"

namespace rabia::client {

enum class Verdict : std::uint8_t {
  answered,  // By the command itself, also when that is an error.
  refused,   // Nothing was done, and will not be; another replica may do it, or this one later.
  unknown,   // It may be done yet.
};
[[nodiscard]] Verdict judge(const kv::ClientReply& reply);

// Of an error that a server answers.
[[nodiscard]] Status to_status(std::string_view error);

// How often a command may be sent.
enum class Repeat : std::uint8_t {
  freely,   // It changes nothing.
  by_name,  // The servers see that it is the same.
  never,    // Unless nothing was done.
};

// The sendings of one command.
class Attempts {
 public:
  explicit Attempts(Repeat repeat) : repeat_(repeat) {}

  // A sending of which nothing was done, and will not be.
  void refused(std::string why) { why_ = std::move(why); }
  // One of which nobody knows.
  void lost(std::string why);

  [[nodiscard]] bool may_send_again() const { return !maybe_done_ || repeat_ != Repeat::never; }
  // When it is not sent again: what its caller is told.
  [[nodiscard]] Status failure() const;
  // When it was answered: Ok, or the error that its caller is told.
  [[nodiscard]] Status answered(const kv::ClientReply& reply) const;

 private:
  Repeat repeat_;
  bool maybe_done_ = false;
  std::string why_ = "nothing was tried";
};

}  // namespace rabia::client
