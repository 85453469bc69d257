// The Redis-protocol front of one replica: accepts client connections and serves them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/executor.h"
#include "io/network.h"
#include "kv/change_bus.h"
#include "kv/operations.h"
#include "rabia/result.h"
#include "replica/replica.h"
#include "resp/parser.h"
#include "server/configuration.h"
#include "server/keyspace_classes.h"
#include "server/picture.h"

namespace rabia::server {

inline constexpr std::uint64_t slowlog_entries_limit = 100'000;

struct ServerOptions {
  io::Endpoint listen;
  std::string require_pass;            // Empty: no AUTH needed.
  std::uint64_t clients_max = 10'000;  // More get "-ERR max number of clients reached".
  std::uint64_t key_bytes_max = 64ULL << 10;
  std::uint64_t value_bytes_max = 16ULL << 20;
  std::uint64_t command_bytes_max = 32ULL << 20;  // One whole command, all its arguments.
  // How long the reply to a command of RABIA.ONCE is kept. Above 0.
  std::uint64_t once_keep_seconds = 3600;
  // Replies not yet taken by a client: above the first its commands wait, above the second it is
  // cut.
  std::uint64_t output_bytes_pause = 1ULL << 20;
  std::uint64_t output_bytes_max = 256ULL << 20;
  // The same of a subscriber, which is cut above the first, or when it was above the second for so
  // long.
  std::uint64_t push_bytes_max = 32ULL << 20;
  std::uint64_t push_bytes_soft_max = 8ULL << 20;
  base::Duration push_slow_max = std::chrono::seconds(60);
  // Of one client.
  std::uint64_t subscriptions_max = 100'000;
  std::uint64_t subscription_bytes_max = 16ULL << 20;  // All names together.
  // RABIA.WATCH and RABIA.EVENTS, and what they look back on, in bytes of memory.
  bool enable_notifications = true;
  std::uint64_t notification_history_bytes = 32ULL << 20;
  // Revisions noted for one who is told of changes; beyond, it is led through that memory.
  std::uint64_t notification_buffer_size = kv::ChangeBus::default_buffer_size;
  KeyspaceClasses notify_keyspace_events = 0;
  // SLOWLOG: commands that took longer are noted (below 0: none is), and how many at most.
  std::int64_t slowlog_slower_than_usec = 10'000;
  std::uint64_t slowlog_entries_max = 128;  // Up to slowlog_entries_limit.

  [[nodiscard]] resp::ParserLimits parser_limits() const {
    return {.argument_bytes_max = value_bytes_max, .command_bytes_max = command_bytes_max};
  }
};

// Core thread only.
class Server {
 public:
  struct Environment {
    io::Executor& executor;
    io::Network& network;
    replica::Replica& replica;
    kv::StoreMachine& machine;
    // Null: CONFIG knows only what is the same in every server.
    Configuration* configuration = nullptr;
  };
  // Listens at once. Until the replica serves, commands that need it get "-CLUSTERDOWN …".
  static Result<std::unique_ptr<Server>> open(const Environment& environment,
                                              ServerOptions options);
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // In force from the next command on, but `listen`, which stays as it is. Clients that are
  // connected stay so, and stay authenticated. Refuses what open() would; nothing is changed then.
  virtual Status set_options(ServerOptions options) = 0;
  // Limits that were given to this replica at its start: they become those of the cluster, as far
  // as nobody ever set them. Tries until it is so, and logs a warning when one is another.
  virtual void offer_limits(std::vector<kv::LimitChange> given) = 0;
  // Takes some microseconds, however many keys and clients there are.
  [[nodiscard]] virtual ServerPicture picture() const = 0;
};

}  // namespace rabia::server
