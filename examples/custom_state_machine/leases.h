// Who holds what, and until when: a template for a state machine of your own.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "rabia/small_state_machine.h"

namespace custom_state_machine {

struct Lease {
  std::string holder;
  std::uint64_t until = 0;  // By the log's clock, in milliseconds.
  std::uint64_t token = 0;
};

// "take NAME HOLDER MILLISECONDS" is answered "yes" and a token, which is higher than any before,
// or "no" and who has it. "release NAME HOLDER" is answered "yes" or "no". Else: "ERROR" and why.
class Leases final : public rabia::SmallStateMachine {
 public:
  static constexpr std::uint64_t leases_max = 10'000, milliseconds_max = 86'400'000;
  [[nodiscard]] const std::map<std::string, Lease>& leases() const { return leases_; }
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }

  std::string execute(const rabia::ApplyContext& context, std::string_view command) override {
    std::erase_if(leases_,
                  [&](const auto& each) { return each.second.until <= context.time.value; });
    std::istringstream words{std::string(command)};
    std::string verb, name, holder, more;
    std::uint64_t milliseconds = 0;
    words >> verb >> name >> holder;
    if (verb == "take") words >> milliseconds;
    const bool known = verb == "take" || verb == "release";
    if (!words || words >> more || !known || milliseconds > milliseconds_max) {
      return "ERROR say: take NAME HOLDER MILLISECONDS, or release NAME HOLDER";
    }
    const auto found = leases_.find(name);
    if (verb == "release") {
      const bool held = found != leases_.end() && found->second.holder == holder;
      if (held) leases_.erase(found);
      return held ? "yes" : "no";
    }
    if (found != leases_.end()) return "no " + found->second.holder;
    if (leases_.size() >= leases_max) return "ERROR too many leases";
    leases_[name] = {holder, context.time.value + milliseconds, ++tokens_};
    return "yes " + std::to_string(tokens_);
  }

  [[nodiscard]] std::string save() const override {
    std::string text = std::to_string(tokens_) + "\n";
    for (const auto& [name, lease] : leases_) {
      text += name + " " + lease.holder + " " + std::to_string(lease.until) + " " +
              std::to_string(lease.token) + "\n";
    }
    return text;
  }
  rabia::Status load(std::string_view bytes) override {
    std::istringstream text{std::string(bytes)};
    std::uint64_t tokens = 0;
    std::map<std::string, Lease> leases;
    bool good(text >> tokens);
    for (std::string name; good && text >> name;) {
      Lease& lease = leases[name];
      good = bool(text >> lease.holder >> lease.until >> lease.token);
    }
    if (!good) return {rabia::Code::corrupted, "not the state of leases"};
    tokens_ = tokens;
    leases_ = std::move(leases);
    return {};
  }

 private:
  std::map<std::string, Lease> leases_;
  std::uint64_t tokens_ = 0;  // Given so far.
};

}  // namespace custom_state_machine
