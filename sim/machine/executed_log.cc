#include "sim/machine/executed_log.h"

#include "sim/machine/quoted.h"

namespace rabia::sim {

namespace {

constexpr std::size_t piece_bytes = 64 << 10;

// What sets a replica apart from the machine that executes the log by itself.
std::string circumstances(const ExecutedLog::Executor& executor, bool waited_for) {
  std::string text = waited_for ? "" : "; nobody waits for the answer there";
  if (executor.loaded) {
    text += "; it has loaded a snapshot after command " + std::to_string(executor.loaded->commands);
  }
  return text;
}

bool is_same(const ApplyContext& one, const ApplyContext& other) {
  return one.position == other.position && one.origin == other.origin && one.time == other.time;
}

}  // namespace

std::string describe_command(std::uint64_t number, std::string_view command) {
  return "command " + std::to_string(number) + " of the log, " + quoted(command) + ",";
}

std::string snapshot_of(StateMachine& machine) {
  const std::unique_ptr<SnapshotReader> reader = machine.begin_snapshot();
  std::string state;
  while (reader->read(piece_bytes, state)) {
  }
  return state;
}

void ExecutedLog::begun(const Executor& executor, const ApplyContext& context) {
  const Place& before = executor.before;
  if (before.batches == batches_.size() && before.commands == entries_.size()) {
    machine_->begin_batch(context);
    batches_.push_back({context, entries_.size(), machine_->digest()});
  }
  const auto broken = [&](const char* what) {
    broken_("batch " + std::to_string(before.batches) + ", behind command " +
            std::to_string(before.commands) + " of the log: " + executor.host + " " + what +
            circumstances(executor, true));
  };
  if (before.batches >= batches_.size()) return broken("begins it before the one before it");
  const Batch& batch = batches_[before.batches];
  if (batch.first != before.commands || !is_same(batch.context, context)) {
    return broken("begins another one than others");
  }
  if (executor.digest != batch.digest) {
    broken(
        "comes to another state by begin_batch() than a machine that executes the log by itself");
  }
}

void ExecutedLog::add(const ApplyContext& context, std::uint64_t operation,
                      std::string_view command) {
  Entry entry{.operation = operation, .command = std::string(command), .answer = {}};
  machine_->apply(context, command, &entry.answer);
  entry.digest = machine_->digest();
  entries_.push_back(std::move(entry));
  if (const std::string why = complaint(*machine_); !why.empty()) {
    broken_("after " + describe_command(entries_.size(), command) + " your check says: " + why);
  }
}

void ExecutedLog::executed(const Executor& executor, const ApplyContext& context,
                           std::uint64_t operation, std::string_view command,
                           const std::string* answer) {
  const std::uint64_t number = executor.before.commands;
  if (number == entries_.size()) add(context, operation, command);
  const auto broken = [&](const std::string& what) {
    broken_(describe_command(number + 1, command) + " " + what +
            circumstances(executor, answer != nullptr));
  };
  if (number > entries_.size()) return broken("is executed before the one before it");
  const Entry& entry = entries_[number];
  if (entry.operation != operation || entry.command != command) {
    return broken("is executed at " + executor.host + ", and others executed " +
                  quoted(entry.command));
  }
  if (answer != nullptr && *answer != entry.answer) {
    return broken("is answered " + quoted(*answer) + " at " + executor.host + ", and " +
                  quoted(entry.answer) + " by a machine that executes the log by itself");
  }
  if (executor.digest != entry.digest) {
    broken("brings " + executor.host +
           " to another state than a machine that executes the log by itself");
  }
}

void ExecutedLog::loaded(const Executor& executor) {
  const auto digest = digest_at(executor.before);
  if (digest == executor.digest) return;
  broken_("the snapshot that " + executor.host + " loads, after command " +
          std::to_string(executor.before.commands) + " of the log, " +
          (digest ? "makes another state than the commands up to there" : "is of no place of it"));
}

std::optional<StateDigest> ExecutedLog::digest_at(const Place& place) const {
  if (place.batches > batches_.size() || place.commands > entries_.size()) return std::nullopt;
  if (place.batches == 0) return digest_at_first_;
  const Batch& batch = batches_[place.batches - 1];
  if (place.commands < batch.first) return std::nullopt;
  return place.commands == batch.first ? batch.digest : entries_[place.commands - 1].digest;
}

std::string ExecutedLog::snapshot() {
  return snapshot_of(*machine_);
}

std::string ExecutedLog::complaint(const StateMachine& machine) const {
  if (!check_) return {};
  const Status status = check_(machine);
  return status.ok() ? "" : status.message().empty() ? "no" : status.message();
}

}  // namespace rabia::sim
