// A counter that all replicas agree on: the smallest state machine.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "rabia/small_state_machine.h"

namespace counter_smr {

// Commands are "add N" with a whole number N; the answer is the sum, or "ERROR" and why. A sum that
// would not fit into 64 bits changes nothing.
class Counter final : public rabia::SmallStateMachine {
 public:
  [[nodiscard]] std::int64_t value() const { return value_; }

  std::string execute(const rabia::ApplyContext& /*context*/, std::string_view command) override {
    std::int64_t number = 0;
    if (!command.starts_with("add ") || !parse(command.substr(4), number)) {
      return "ERROR not a command: say add and a whole number";
    }
    std::int64_t sum = 0;
    if (__builtin_add_overflow(value_, number, &sum)) return "ERROR the sum is too large";
    value_ = sum;
    return std::to_string(value_);
  }
  [[nodiscard]] std::string save() const override { return std::to_string(value_); }
  rabia::Status load(std::string_view bytes) override {
    if (parse(bytes, value_)) return {};
    return {rabia::Code::corrupted, "not the state of a counter"};
  }

 private:
  static bool parse(std::string_view text, std::int64_t& number) {
    std::int64_t read = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    number = read;
    return true;
  }

  std::int64_t value_ = 0;
};

}  // namespace counter_smr
