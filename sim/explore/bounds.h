// The explorations that rabia-explore knows by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/explore/founding_model.h"
#include "sim/explore/log_bound.h"
#include "sim/explore/search.h"
#include "sim/explore/slot_bound.h"

namespace rabia::sim::explore {

struct Bound {
  std::string_view name;
  std::string_view what;
  std::variant<SlotBound, LogBound, FoundingBound> bound;
  bool is_short = false;  // Of the set that takes seconds.
  // States of the checker of docs/protocol.md, section 15, at the same bound, or 0.
  std::uint64_t checker_states = 0;
};

// In the order in which they are run: the short ones first.
[[nodiscard]] const std::vector<Bound>& all_bounds();
[[nodiscard]] const Bound* find_bound(std::string_view name);  // Null: there is none.
[[nodiscard]] std::unique_ptr<Model> model_of(const Bound& bound);

}  // namespace rabia::sim::explore
