// Times and durations in the arguments of commands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kv/operations.h"
#include "server/command.h"

namespace rabia::server {

// A number of units of `unit` milliseconds, in milliseconds. Nothing: `error` says why, in the name
// of the command. A duration is above 0, and does not lead beyond what a time can be.
[[nodiscard]] std::optional<std::int64_t> read_duration(std::string_view text, std::int64_t unit,
                                                        std::string_view command,
                                                        std::string& error);
// Any time or duration that fits: those that are over, too.
[[nodiscard]] std::optional<std::int64_t> read_time(std::string_view text, std::int64_t unit,
                                                    std::string_view command, std::string& error);

// EX, PX, EXAT, PXAT, or one word beside them: at most one of them, once or more often.
class ExpiryOption {
 public:
  // Takes the option at `i`, and moves `i` to its last word. False: it is none, or another was
  // given, or its time is missing.
  [[nodiscard]] bool take(Arguments arguments, std::size_t& i, std::string_view word);
  // Puts what was given into `expiry`: `of_word` for the word; nothing when none was. False:
  // `error` is set.
  [[nodiscard]] bool read(std::string_view command, kv::Expiry::Kind of_word, kv::Expiry& expiry,
                          std::string& error) const;

 private:
  std::string_view name_;
  std::string_view time_;  // Empty: the word.
  bool has_time_ = false;
};

}  // namespace rabia::server
