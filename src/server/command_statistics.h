// What a server counts of its commands, by name, and of the errors that it answers, by code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration_histogram.h"
#include "base/time.h"

namespace rabia::server {

struct CommandCounts {
  std::uint64_t calls = 0;
  std::uint64_t rejected = 0;  // Not executed: wrong number of arguments, no password, no room.
  std::uint64_t failed = 0;    // Of the calls: answered by an error.
  // From parsing to the reply, so the commit is in it. Without calls in a transaction, whose time
  // is that of its EXEC.
  base::DurationHistogram took;
};

// Core thread only.
class CommandStatistics {
 public:
  // `commands`: how many rows the command table has.
  explicit CommandStatistics(std::size_t commands) : counts_(commands) {}

  // `index` is that of a row of the command table (Command::index), here and below.
  void called(std::size_t index, base::Duration took, std::uint64_t times, std::uint64_t failed);
  void called_in_transaction(std::size_t index) { ++counts_[index].calls; }
  void rejected(std::size_t index) { ++counts_[index].rejected; }
  // `text` begins with a code: "CODE …".
  void error(std::string_view text);
  void reset();

  [[nodiscard]] const CommandCounts& of(std::size_t index) const { return counts_[index]; }
  // By code.
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& errors() const {
    return errors_;
  }
  [[nodiscard]] std::uint64_t errors_in_all() const;

 private:
  std::vector<CommandCounts> counts_;
  std::map<std::string, std::uint64_t, std::less<>> errors_;  // We choose the codes: there are few.
};

}  // namespace rabia::server
