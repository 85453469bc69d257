// The Redis-protocol front of one replica: accepts client connections and serves them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/executor.h"
#include "io/network.h"
#include "kv/operations.h"
#include "rabia/result.h"
#include "replica/replica.h"
#include "server/picture.h"

namespace rabia::server {

// One setting as CONFIG GET shows it.
struct Setting {
  std::string name;
  std::string value;
  // CONFIG SET: puts the new value into force and returns it as it is to be shown, or says what is
  // wrong with the text. Empty: it cannot be changed while the server runs.
  std::function<Result<std::string>(std::string_view text)> change{};
};

inline constexpr std::uint64_t slowlog_entries_limit = 100'000;

struct ServerOptions {
  io::Endpoint listen;
  std::string require_pass;            // Empty: no AUTH needed.
  std::uint64_t clients_max = 10'000;  // More get "-ERR max number of clients reached".
  std::uint64_t key_bytes_max = 64ULL << 10;
  std::uint64_t value_bytes_max = 16ULL << 20;
  std::uint64_t command_bytes_max = 32ULL << 20;  // One whole command, all its arguments.
  // Replies not yet taken by a client: above the first its commands wait, above the second it is
  // cut.
  std::uint64_t output_bytes_pause = 1ULL << 20;
  std::uint64_t output_bytes_max = 256ULL << 20;
  // SLOWLOG: commands that took longer are noted (below 0: none is), and how many at most.
  std::int64_t slowlog_slower_than_usec = 10'000;
  std::uint64_t slowlog_entries_max = 128;  // Up to slowlog_entries_limit.
  std::vector<Setting> settings;            // What CONFIG GET answers, and CONFIG SET can change.
};

// Core thread only.
class Server {
 public:
  struct Environment {
    io::Executor& executor;
    io::Network& network;
    replica::Replica& replica;
    kv::StoreMachine& machine;
  };
  // Listens at once. Until the replica serves, commands that need it get "-CLUSTERDOWN …".
  static Result<std::unique_ptr<Server>> open(const Environment& environment,
                                              ServerOptions options);
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // Takes some microseconds, however many keys and clients there are.
  [[nodiscard]] virtual ServerPicture picture() const = 0;
};

}  // namespace rabia::server
