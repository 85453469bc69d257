// A machine whose state can become another one outside the log, as by a broken memory or a bug.
// What differs is a number beside its state, the flaw: it is in the digest and goes with snapshots
// as any state does, and no client can see it, so that histories stay what they would have been.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rabia/state_machine.h"

namespace rabia::sim {

// One thread. `machine` outlives it.
class CorruptibleMachine final : public StateMachine {
 public:
  explicit CorruptibleMachine(StateMachine& machine) : machine_(machine) {}

  void corrupt(std::uint64_t flaw) { set_flaw(flaw); }
  // 0: the state is right.
  [[nodiscard]] std::uint64_t flaw() const { return flaw_; }
  [[nodiscard]] bool ever_flawed() const { return ever_flawed_; }

  void begin_batch(const ApplyContext& context) override { machine_.begin_batch(context); }
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return machine_.wake_at(); }
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override {
    machine_.apply(context, command, reply);
  }
  void prefetch(std::span<const std::string_view> commands) const override {
    machine_.prefetch(commands);
  }
  // The flaw, fixed 64 bits, and then the machine.
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override;
  [[nodiscard]] StateDigest digest() const override {
    const StateDigest digest = machine_.digest();
    return {digest.high, digest.low ^ flaw_};
  }

 private:
  void set_flaw(std::uint64_t flaw) {
    flaw_ = flaw;
    ever_flawed_ = ever_flawed_ || flaw != 0;
  }

  StateMachine& machine_;
  std::uint64_t flaw_ = 0;
  bool ever_flawed_ = false;
};

}  // namespace rabia::sim
