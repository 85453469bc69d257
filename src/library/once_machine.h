// What the library replicates: a state machine of a user's, and the answers that are kept so that
// what is sent twice is executed once. docs/formats/library.md.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/kept_replies.h"
#include "rabia/session.h"
#include "rabia/state_machine.h"

namespace rabia::library {

// Each appends one command of OnceMachine to `out`.
void encode_plain(std::string& out, std::string_view command);
void encode_named(std::string& out, const NamedCommand& named);

// Core thread only. `machine` outlives it.
class OnceMachine final : public StateMachine {
 public:
  static constexpr std::uint64_t keep_milliseconds = 3'600'000;
  static constexpr std::uint64_t answer_bytes_max = 1 << 20;  // Of one that is kept.

  explicit OnceMachine(StateMachine& machine) : machine_(machine) {}

  [[nodiscard]] bool is_around(const StateMachine& machine) const { return &machine == &machine_; }

  void begin_batch(const ApplyContext& context) override;
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return machine_.wake_at(); }
  // Malformed commands change nothing and answer nothing.
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override;
  void prefetch(std::span<const std::string_view> commands) const override;
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override;
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override;
  [[nodiscard]] StateDigest digest() const override;

 private:
  class Reader;
  class Loader;

  void apply_named(const ApplyContext& context, std::string_view named, std::string* reply);

  StateMachine& machine_;
  kv::KeptReplies replies_;
  std::string reply_;                               // Scratch.
  mutable std::vector<std::string_view> commands_;  // Scratch.
};

}  // namespace rabia::library
