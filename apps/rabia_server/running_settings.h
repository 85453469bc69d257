// The settings of a server that runs, for CONFIG: what is in force, and what CONFIG SET changed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/executor.h"
#include "server/configuration.h"
#include "settings/settings.h"
#include "settings/table.h"

namespace rabia::apps {

// Core thread only.
class RunningSettings final : public server::Configuration {
 public:
  struct Environment {
    io::Worker& worker;                                   // Writes the file.
    std::function<void(const Settings&)> put_into_force;  // Called with settings that go together.
    std::function<kv::Limits()> limits;                   // Those of the cluster, as known here.
  };

  // `settings` are complete, and in force. `file`: what rewrite() writes to; empty: there is none.
  // `clients_most`: more would have no descriptors.
  RunningSettings(Settings settings, std::string file, std::uint64_t clients_most,
                  Environment environment);

  [[nodiscard]] const Settings& current() const { return current_; }

  [[nodiscard]] std::vector<server::Setting> settings() const override;
  std::optional<Refusal> set(std::span<const Change> changes) override;
  std::optional<Refusal> read_limits(std::span<const Change> changes,
                                     std::vector<kv::LimitChange>& limits) const override;
  // What was given at the start that is the cluster's to set: all that is not the default.
  [[nodiscard]] std::vector<kv::LimitChange> limits_given() const;
  void rewrite(std::function<void(const Status&)> done) override;

 private:
  [[nodiscard]] std::optional<Refusal> contradiction(const Settings& wanted,
                                                     std::span<const Change> changes) const;

  Settings current_;
  const std::string file_;
  const std::uint64_t clients_most_;
  Environment environment_;
  std::vector<const SettingRow*> changed_;  // Since the start, in the order of the first time.
};

}  // namespace rabia::apps
