// A machine as its replica has it, and who looks at what it does: all of it goes to the
// ExecutedLog. Commands carry the number of their operation in front, which the machine does not
// see.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rabia/state_machine.h"
#include "sim/machine/executed_log.h"

namespace rabia::sim {

// The command as it goes into the log.
[[nodiscard]] std::string numbered(std::uint64_t operation, std::string_view command);

// One life's of one replica. One thread.
class LoggedMachine final : public StateMachine {
 public:
  // `log` outlives it. `lives`: false when the process is a ghost, whose doings are nobody's.
  LoggedMachine(std::unique_ptr<StateMachine> machine, ExecutedLog& log, std::string host,
                std::function<bool()> lives)
      : machine_(std::move(machine)), log_(log), host_(std::move(host)), lives_(std::move(lives)) {}

  // So much of the log is in its state.
  [[nodiscard]] const Place& place() const { return place_; }
  // As it was made.
  [[nodiscard]] const StateMachine& machine() const { return *machine_; }
  // Nothing: a cut is being read.
  [[nodiscard]] std::optional<std::string> snapshot();

  void begin_batch(const ApplyContext& context) override;
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return machine_->wake_at(); }
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override;
  void prefetch(std::span<const std::string_view> commands) const override;
  // Where it stands (two fixed 64 bits), and then the machine.
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override;
  [[nodiscard]] StateDigest digest() const override { return machine_->digest(); }

 private:
  class Reader;
  Status loaded(std::string_view prefix);
  [[nodiscard]] ExecutedLog::Executor executor() const {
    return {host_, place_, loaded_, machine_->digest()};
  }

  std::unique_ptr<StateMachine> machine_;
  ExecutedLog& log_;
  std::string host_;
  std::function<bool()> lives_;
  Place place_;
  std::optional<Place> loaded_;  // Where it stood then.
  int cuts_ = 0;                 // That are being read.
};

}  // namespace rabia::sim
