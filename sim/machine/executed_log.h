// All commands that a world's replicas executed, in their order, and what one machine makes of them
// that executes them by itself: no replica has it, it takes no snapshot, and somebody waits for all
// of its answers. Every replica is held against it, command by command, in all its lives.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rabia/make_state_machine.h"
#include "rabia/simulate.h"
#include "sim/machine/operation.h"

namespace rabia::sim {

// One thread.
class ExecutedLog {
 public:
  using Check = std::function<Status(const StateMachine&)>;
  // `check` may be null. `broken` is told what was violated.
  ExecutedLog(const MakeStateMachine& make, Check check, std::function<void(std::string)> broken)
      : machine_(make()), check_(std::move(check)), broken_(std::move(broken)) {}

  // Who executes something, and where it stands.
  struct Executor {
    const std::string& host;
    Place before;                   // So much was executed.
    std::optional<Place> loaded{};  // Where it loaded a snapshot, in this life.
    StateDigest digest{};           // After it.
  };
  // A batch has begun.
  void begun(const Executor& executor, const ApplyContext& context);
  // The next command of the batch. `answer`: null when nobody waited for it.
  void executed(const Executor& executor, const ApplyContext& context, std::uint64_t operation,
                std::string_view command, const std::string* answer);

  // A snapshot has become its state, of what was executed before.
  void loaded(const Executor& executor);

  struct Entry {
    std::uint64_t operation = 0;
    std::string command;
    std::string answer;
    StateDigest digest{};  // After it.
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] Place end() const { return {batches_.size(), entries_.size()}; }
  // Of the state after so much. Nothing: that is no place of this log.
  [[nodiscard]] std::optional<StateDigest> digest_at(const Place& place) const;
  // All of the state at the end, as a snapshot has it.
  [[nodiscard]] std::string snapshot();
  // What the user says of a state; empty: it may be.
  [[nodiscard]] std::string complaint(const StateMachine& machine) const;

 private:
  struct Batch {
    ApplyContext context;     // Of its beginning.
    std::uint64_t first = 0;  // Its first command.
    StateDigest digest{};     // When it had begun.
  };
  void add(const ApplyContext& context, std::uint64_t operation, std::string_view command);

  std::unique_ptr<StateMachine> machine_;
  Check check_;
  std::function<void(std::string)> broken_;
  StateDigest digest_at_first_ = machine_->digest();
  std::vector<Batch> batches_;
  std::vector<Entry> entries_;
};

// All of a machine's state. No cut of it may live.
[[nodiscard]] std::string snapshot_of(StateMachine& machine);

// "command 17 of the log, 'add 5',".
[[nodiscard]] std::string describe_command(std::uint64_t number, std::string_view command);

}  // namespace rabia::sim
