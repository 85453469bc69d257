#include "server/help.h"

#include <string>

#include "server/text.h"

namespace rabia::server {

void write_help(std::string_view container, std::span<const Command> subcommands,
                resp::ReplyWriter& reply) {
  reply.array(1 + 2 * subcommands.size());
  std::string first = to_upper(container);
  reply.simple(first.append(" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
  for (const Command& subcommand : subcommands) {
    std::string call = to_upper(subcommand.name.substr(container.size() + 1));
    if (!subcommand.syntax.empty()) call.append(" ").append(subcommand.syntax);
    reply.simple(call);
    std::string summary = "    ";
    reply.simple(summary.append(subcommand.summary));
  }
}

}  // namespace rabia::server
