// Section 13 of protocol.md, as far as it speaks of one slot, in one state of all members.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/configuration.h"
#include "sim/explore/slot_members.h"

namespace rabia::sim::explore {

// All members at one moment: the owner first. `flags` is what ever happened (SlotFlag).
struct SlotView {
  std::vector<MemberFacts> members;
  std::uint8_t flags = 0;
  consensus::Phase phases = 1;  // Those that were explored.
};

// Rules 1 to 7; the number of the first that is broken, and how.
[[nodiscard]] std::optional<std::string> broken_rule(const SlotView& view);

}  // namespace rabia::sim::explore
