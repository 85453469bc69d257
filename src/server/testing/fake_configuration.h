// Settings that are texts and nothing else, for CONFIG.
#pragma once

#include <optional>
#include <utility>

#include "base/number.h"
#include "server/configuration.h"

namespace rabia::server::testing {

class FakeConfiguration final : public Configuration {
 public:
  explicit FakeConfiguration(std::vector<Setting> settings) : settings_(std::move(settings)) {}

  Status rewritten{Code::not_found, "no file"};          // What rewrite() answers.
  std::function<void(const Setting&)> put_into_force{};  // Called for each change.

  [[nodiscard]] std::vector<Setting> settings() const override { return settings_; }
  // Takes everything but "bad".
  std::optional<Refusal> set(std::span<const Change> changes) override {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].value == "bad") return Refusal{i, "'bad' is not a number"};
    }
    for (const Change& change : changes) {
      for (Setting& each : settings_) {
        if (each.name != change.name) continue;
        each.value = change.value;
        if (put_into_force) put_into_force(each);
      }
    }
    return std::nullopt;
  }
  // Any number, of max_entries.
  std::optional<Refusal> read_limits(std::span<const Change> changes,
                                     std::vector<kv::LimitChange>& limits) const override {
    for (const Change& change : changes) {
      const auto number = base::parse_integer(change.value);
      if (!number)
        return Refusal{limits.size(), "'" + std::string(change.value) + "' is not a number"};
      limits.push_back({kv::LimitField::max_entries, static_cast<std::uint64_t>(*number)});
    }
    return std::nullopt;
  }
  void rewrite(std::function<void(const Status&)> done) override { done(rewritten); }

 private:
  std::vector<Setting> settings_;
};

}  // namespace rabia::server::testing
