// What a client sends for one operation of the history, and how it takes what it is told: several
// commands may go before the one whose reply is that of the operation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/history.h"

namespace rabia::sim {

// A command as RESP2.
[[nodiscard]] std::string encode(const history::Arguments& args);

class Request {
 public:
  // A transaction goes as MULTI, its commands, EXEC; whatever is watched was watched before.
  explicit Request(const history::Arguments& operation);
  // One more command at the very front: WATCH or UNWATCH.
  void put_first(const history::Arguments& command);

  // As RESP2. Once.
  [[nodiscard]] std::string take_bytes() { return std::move(bytes_); }

  // The next reply. True when it was the last: then the outcome is known.
  bool take(std::string_view reply);
  [[nodiscard]] history::Outcome outcome() const { return outcome_; }
  // That of the operation. When one of the others was not what any server answers: that one, so
  // that it is judged.
  [[nodiscard]] const std::string& reply() const { return reply_; }
  // Whether something before the last was refused.
  [[nodiscard]] bool was_refused_before() const { return !refusal_.empty(); }

 private:
  void conclude(std::string_view last);

  std::string bytes_;
  std::vector<std::string_view> expected_;  // Before the last reply.
  std::size_t taken_ = 0;
  std::string refusal_;  // The first reply that was not the expected one.
  history::Outcome outcome_ = history::Outcome::unknown;
  std::string reply_;
};

}  // namespace rabia::sim
