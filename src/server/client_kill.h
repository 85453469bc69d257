// CLIENT KILL, and the types of clients that it and CLIENT LIST know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/command.h"

namespace rabia::server {

// The types that Redis has. Our clients are normal or pubsub.
enum class ClientType : std::uint8_t { normal, replica, pubsub, master };

[[nodiscard]] ClientType type_of(const ClientState& client);
[[nodiscard]] std::optional<ClientType> client_type(std::string_view name);
[[nodiscard]] std::string unknown_client_type(std::string_view name);

void run_client_kill(LocalCall& call);

}  // namespace rabia::server
