// NotificationBus over the bus of a StoreNode, which belongs to the replica's thread.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "embedded/store_node.h"
#include "rabia/kv/notification_bus.h"
#include "rabia/replica.h"

namespace rabia::embedded {

// Any thread. Ends before the replica.
class NodeBus final : public kv::NotificationBus {
 public:
  NodeBus(Replica& replica, StoreNode& node);
  ~NodeBus() override;

  Result<kv::SubscriptionId> subscribe_to_changes(Callback callback, From from) override;
  Result<kv::SubscriptionId> subscribe_to_prefix(const std::string& prefix, Callback callback,
                                                 From from) override;
  Result<kv::SubscriptionId> subscribe_to_key(const std::string& key, Callback callback,
                                              From from) override;
  bool unsubscribe(kv::SubscriptionId id) override;
  [[nodiscard]] Result<std::unique_ptr<kv::ChangeStream>> open_stream(const std::string& prefix,
                                                                      From from) override;
  [[nodiscard]] std::size_t subscribers() override;

 private:
  class Stream;
  // As from_there(), for a callback.
  template <typename Subscribe>
  Result<kv::SubscriptionId> subscribe(From from, Subscribe subscribe);
  // Runs `subscribe` on the replica's thread, if changes are kept from there on.
  template <typename Subscribe>
  auto from_there(From from, Subscribe subscribe) -> Result<decltype(subscribe())>;
  void deliver_soon();

  Replica& replica_;
  StoreNode& node_;
  // Replica's thread only, as all that follows.
  std::set<kv::SubscriptionId> ids_;  // Of callbacks, which end with this.
  // False since this has ended.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rabia::embedded
