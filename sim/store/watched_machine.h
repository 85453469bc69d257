// A replica's store, and who looks at what it does: every change goes to the ChangesWatch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kv/operations.h"
#include "rabia/state_machine.h"
#include "sim/store/changes_watch.h"

namespace rabia::sim {

// One thread. All that is given to it outlives it.
class WatchedMachine final : public StateMachine {
 public:
  // `store` keeps its changes. `lives`: false when the process is a ghost, whose doings are
  // nobody's.
  WatchedMachine(kv::StoreMachine& store, ChangesWatch& changes, Tally& tally, std::string host,
                 std::function<bool()> lives)
      : store_(store),
        changes_(changes),
        tally_(tally),
        host_(std::move(host)),
        lives_(std::move(lives)) {}

  void begin_batch(const ApplyContext& context) override;
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return store_.wake_at(); }
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override;
  void prefetch(std::span<const std::string_view> commands) const override {
    store_.prefetch(commands);
  }
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override {
    return store_.begin_snapshot();
  }
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override {
    return store_.begin_load();
  }
  [[nodiscard]] StateDigest digest() const override { return store_.digest(); }

 private:
  void tell(const ApplyContext& context);

  kv::StoreMachine& store_;
  ChangesWatch& changes_;
  Tally& tally_;
  std::string host_;
  std::function<bool()> lives_;
  std::uint64_t told_ = 0;  // The last change that was told.
};

}  // namespace rabia::sim
