// The key-value store on a host, and its server, as `rabia-server` has them.
#pragma once

#include <memory>

#include "kv/operations.h"
#include "server/server.h"
#include "sim/store/changes_watch.h"
#include "sim/store/store_plan.h"
#include "sim/store/watched_machine.h"
#include "sim/world/host.h"
#include "sim/world/users.h"

namespace rabia::sim {

// One thread.
class StoreService final : public Service {
 public:
  // All outlive it.
  StoreService(const Site& site, const StorePlan& plan, ChangesWatch& changes, Tally& tally);

  [[nodiscard]] StateMachine& machine() override { return watched_; }
  Status serve(replica::Replica& replica) override;
  void stop() override { server_.reset(); }
  [[nodiscard]] bool rests() const override { return store().keys_with_deadline() == 0; }

  [[nodiscard]] const kv::Store& store() const { return machine_.store(); }
  [[nodiscard]] const kv::ChangeLog& changes() const { return machine_.changes(); }

 private:
  Site site_;
  const StorePlan& plan_;
  kv::StoreMachine machine_;
  WatchedMachine watched_;
  std::unique_ptr<server::Server> server_;
};

// Of a host of a world of StoreUsers, which has a process.
[[nodiscard]] inline const StoreService& store_service_of(Host& host) {
  return static_cast<const StoreService&>(host.service());
}

}  // namespace rabia::sim
