// Section 13 of protocol.md, as far as it speaks of the log and of reads, in one state of all
// members.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "sim/explore/log_members.h"

namespace rabia::sim::explore {

// What ever happened, by slot, and what a step did wrong that no later state shows.
struct LogHistory {
  SlotMask created = 0;
  SlotMask skipped = 0;
  SlotMask decided_zero = 0;
  SlotMask decided_one = 0;
  SlotMask acknowledged = 0;
  bool created_again = false;
  bool low_answer = false;  // A frontier was given below a State 1 said before.
  bool stale_read = false;  // A read missed what was acknowledged before it was asked.
};

// Rules 1, 3, 9 and 10; the number of the first that is broken, and how.
[[nodiscard]] std::optional<std::string> broken_rule(
    const LogHistory& history, const std::array<LogMembers::Facts, log_members>& members);

}  // namespace rabia::sim::explore
