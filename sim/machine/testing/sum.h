// A machine for tests: adds up the lengths of its commands, and answers the sum.
#pragma once

#include <memory>
#include <string>

#include "rabia/small_state_machine.h"

namespace rabia::sim::testing {

class Sum : public SmallStateMachine {
 public:
  std::size_t sum = 0;

  std::string execute(const ApplyContext& /*context*/, std::string_view command) override {
    sum += command.size();
    return std::to_string(sum);
  }
  [[nodiscard]] std::string save() const override { return std::to_string(sum); }
  Status load(std::string_view bytes) override {
    std::size_t read = 0;
    for (const char digit : bytes) {
      if (digit < '0' || digit > '9') return {Code::corrupted, "not the state of a sum"};
      read = 10 * read + static_cast<std::size_t>(digit - '0');
    }
    sum = read;
    return {};
  }
};

}  // namespace rabia::sim::testing
