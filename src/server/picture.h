// What a server tells of itself at once, for metrics. A value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "kv/limits.h"
#include "server/command_statistics.h"
#include "server/statistics.h"

namespace rabia::server {

struct ServerPicture {
  struct Command {
    std::string_view name;  // Of static storage.
    CommandCounts counts;
  };

  base::Duration uptime{};
  std::uint16_t port = 0;
  std::uint64_t clients = 0;
  std::uint64_t clients_max = 0;
  std::uint64_t keys = 0;
  std::uint64_t store_bytes = 0;
  std::uint64_t account_bytes = 0;  // Store::account_bytes().
  kv::Limits limits;
  std::uint64_t keys_expired = 0;  // Here, in this life; and evicted.
  std::uint64_t keys_evicted = 0;
  std::uint64_t slow_commands = 0;  // That SLOWLOG holds.
  Statistics statistics;
  std::vector<Command> commands;                             // Those that were called or rejected.
  std::map<std::string, std::uint64_t, std::less<>> errors;  // By code.
};

}  // namespace rabia::server
