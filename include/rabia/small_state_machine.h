// A replicated state machine of your own: three functions. docs/library.md begins with one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rabia/result.h"
#include "rabia/state_machine.h"

namespace rabia {

// For a state that is small enough to be written as a whole in a moment: some megabytes, since the
// replica waits for it at each snapshot. (A larger one implements StateMachine, as the key-value
// store does.)
//
// Every replica executes the same commands in the same order, and all must come to the same state.
// So execute() may use nothing but the state, the command and the context: no clock (context.time),
// no random device (context.random()), no address, no iteration over an unordered container, no
// file, no thread. rabia/check_deterministic.h looks for what was overlooked.
//
// Threads: all functions are called from the replica's thread, one at a time.
class SmallStateMachine : public StateMachine {
 public:
  // Executes one command and returns what its client is answered: on every replica, whoever waits.
  // `command` is valid during the call only, and may be any bytes: what is no command of yours
  // changes nothing and gets an answer that says so.
  virtual std::string execute(const ApplyContext& context, std::string_view command) = 0;
  // The whole state as bytes. Equal states give equal bytes.
  [[nodiscard]] virtual std::string save() const = 0;
  // Takes the state that save() wrote, in this version of your program or an earlier one.
  // Code::corrupted, and the state stays as it was: these are no such bytes.
  virtual Status load(std::string_view bytes) = 0;

  void apply(const ApplyContext& context, std::string_view command, std::string* reply) final;
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() final;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() final;
  // Of all commands so far and their answers: replicas compare it as they run, so an answer that
  // differs stops the replica that is alone with it.
  [[nodiscard]] StateDigest digest() const final { return digest_; }

 private:
  class Reader;
  class Loader;

  StateDigest digest_;
};

}  // namespace rabia
