// The HELP of commands that have subcommands.
#pragma once

#include <span>
#include <string_view>

#include "server/command.h"

namespace rabia::server {

// Writes the lines of "<CONTAINER> HELP" from the rows.
void write_help(std::string_view container, std::span<const Command> subcommands,
                resp::ReplyWriter& reply);

}  // namespace rabia::server
