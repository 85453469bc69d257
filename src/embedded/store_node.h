// The state machine under a ReplicatedStore.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/change_bus.h"
#include "kv/operations.h"
#include "rabia/kv/store_config.h"
#include "rabia/state_machine.h"

namespace rabia::embedded {

// A store, what its transactions read, and the bus of its changes. Core thread only.
class StoreNode final : public StateMachine {
 public:
  explicit StoreNode(const kv::StoreConfig& config);
  ~StoreNode() override;

  [[nodiscard]] const kv::StoreConfig& config() const { return config_; }
  [[nodiscard]] const kv::StoreMachine& machine() const { return machine_; }
  [[nodiscard]] const kv::Store& store() const { return machine_.store(); }
  // Of the changes that are kept, if the config has notifications.
  [[nodiscard]] kv::ChangeBus& bus() { return bus_; }
  // One ReplicatedStore at a time. False: there is one. Any thread.
  [[nodiscard]] bool take() { return !taken_.exchange(true); }
  void give_back() { taken_ = false; }
  // Is called when the bus has something to deliver, maybe in the midst of a command; none: nobody
  // is told.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  void begin_batch(const ApplyContext& context) override { machine_.begin_batch(context); }
  [[nodiscard]] std::optional<LogTime> wake_at() const override { return machine_.wake_at(); }
  void apply(const ApplyContext& context, std::string_view command, std::string* reply) override {
    machine_.apply(context, command, reply);
  }
  void prefetch(std::span<const std::string_view> commands) const override {
    machine_.prefetch(commands);
  }
  [[nodiscard]] std::unique_ptr<SnapshotReader> begin_snapshot() override {
    return machine_.begin_snapshot();
  }
  [[nodiscard]] std::unique_ptr<SnapshotLoader> begin_load() override {
    return machine_.begin_load();
  }
  [[nodiscard]] StateDigest digest() const override { return machine_.digest(); }

 private:
  // Tells the bus what happens.
  struct Ear final : kv::Listener {
    explicit Ear(kv::ChangeBus& of) : bus(of) {}
    void on_change(const kv::Change& change) override { bus.on_change(change); }
    std::uint64_t on_message(kv::ChannelKind, std::string_view, std::string_view) override {
      return 0;
    }
    void on_missed(std::string_view) override {}
    void on_skipped() override { bus.on_skipped(); }
    kv::ChangeBus& bus;
  };
  struct Reader final : kv::TransactionReader {
    explicit Reader(const kv::Store& of) : store(of) {}
    void read(std::string_view bytes, std::string& out) override;
    const kv::Store& store;
  };

  kv::StoreConfig config_;
  std::atomic<bool> taken_ = false;
  std::function<void()> wake_;
  kv::StoreMachine machine_;
  kv::ChangeBus bus_;
  Ear ear_{bus_};
  Reader reader_{machine_.store()};
};

}  // namespace rabia::embedded
