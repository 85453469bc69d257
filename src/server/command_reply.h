// A row of the command table as COMMAND INFO and COMMAND DOCS show it.
#pragma once

#include <string_view>
#include <vector>

#include "server/command.h"

namespace rabia::server {

// "@read", "@string", …: those given in the row and those that follow from its flags, in the order
// in which Redis names them.
[[nodiscard]] std::vector<std::string_view> acl_categories(const Command& command);

// Both with the subcommands.
void write_info(const Command& command, resp::ReplyWriter& reply);
void write_docs(const Command& command, resp::ReplyWriter& reply);

}  // namespace rabia::server
