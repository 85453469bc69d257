// Passwords and names of clients: what AUTH, HELLO and CLIENT share.
#pragma once

#include <string_view>

#include "server/command.h"

namespace rabia::server {

// Logs the client in. False (and an error was written) when user or password is wrong.
bool authenticate(LocalCall& call, std::string_view user, std::string_view password);

// False (and an error was written) when the name has bytes that CLIENT LIST could not show.
bool set_client_name(LocalCall& call, std::string_view name);

// Whether a word can stand in a line of CLIENT LIST: no spaces, line ends or control bytes.
[[nodiscard]] bool is_plain_word(std::string_view text);

}  // namespace rabia::server
