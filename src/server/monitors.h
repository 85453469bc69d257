// The clients in MONITOR, which are shown the commands of all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/command.h"

namespace rabia::server {

// Costs a comparison a command while there is none. Core thread only.
class Monitors {
 public:
  explicit Monitors(ServerState& server) : server_(server) {}

  void add(std::uint64_t client) { clients_.push_back(client); }
  void remove(std::uint64_t client) { std::erase(clients_, client); }
  [[nodiscard]] bool any() const { return !clients_.empty(); }
  // Shows a command that `from` gave, but for those of administrators.
  void show(const ClientState& from, const Command& command, Arguments arguments);

 private:
  ServerState& server_;
  std::vector<std::uint64_t> clients_;
  std::vector<std::string_view> words_;
  std::string line_;
};

}  // namespace rabia::server
