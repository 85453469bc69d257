// Pub/Sub at one replica: who is subscribed to what, and who is told of a message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "kv/listener.h"
#include "server/buffer_pool.h"
#include "server/client_subscriptions.h"

namespace rabia::server {

class Session;

// A message costs a lookup of its channel and a look at each pattern; beside that, only what its
// receivers are sent. Core thread only.
class Subscriptions {
 public:
  // The seed keeps clients from choosing names that fall together.
  Subscriptions(BufferPool& buffers, std::uint64_t seed);

  // False: it was subscribed already. The session is removed before it ends.
  bool add(SubscriptionKind kind, std::string_view name, Session& session);
  // False: it was not subscribed. `name` may be one of the session's own: it is gone then.
  bool remove(SubscriptionKind kind, std::string_view name, Session& session);
  void remove_all(Session& session);

  // How many names have a subscriber.
  [[nodiscard]] std::size_t names(SubscriptionKind kind) const { return table(kind).size(); }
  [[nodiscard]] std::size_t subscribers(SubscriptionKind kind, std::string_view name) const;
  // In no order.
  template <typename Use>
  void for_each_name(SubscriptionKind kind, Use use) const {
    for (const auto& [name, sessions] : table(kind)) use(std::string_view(name));
  }

  std::uint64_t on_message(kv::ChannelKind kind, std::string_view channel,
                           std::string_view payload);
  // Ends all subscribers: they could not know what they missed.
  void on_skipped();

 private:
  struct Hash {
    using is_transparent = void;
    std::uint64_t seed;
    std::size_t operator()(std::string_view name) const { return base::hash64(name, seed); }
  };
  using Sessions = std::vector<Session*>;  // By id, never empty.
  using Table = std::unordered_map<std::string, Sessions, Hash, std::equal_to<>>;

  [[nodiscard]] Table& table(SubscriptionKind kind) {
    return tables_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] const Table& table(SubscriptionKind kind) const {
    return tables_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] Session* anyone() const;
  std::uint64_t tell(SubscriptionKind kind, std::string_view word, std::string_view channel,
                     std::string_view payload);
  std::uint64_t tell_patterns(std::string_view channel, std::string_view payload);

  BufferPool& buffers_;
  std::array<Table, subscription_kinds> tables_;
};

}  // namespace rabia::server
