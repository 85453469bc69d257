// RABIA.ONCE: a command that is executed once, however often it is sent.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/number.h"
#include "kv/operations.h"
#include "server/command.h"
#include "server/command_table.h"
#include "server/server.h"
#include "server/text.h"

namespace rabia::server {
namespace {

bool refuse(WriteCall& call, std::string error) {
  call.error = std::move(error);
  return false;
}

bool keys_fit(const Command& command, Arguments arguments, const ServerOptions& options) {
  std::vector<std::string_view> keys;
  find_keys(command, arguments, keys);
  return std::all_of(keys.begin(), keys.end(), [&options](std::string_view key) {
    return key.size() <= options.key_bytes_max;
  });
}

// session, number, then a command that writes.
bool encode_once_call(WriteCall& call) {
  const std::string_view session = call.arguments[1];
  const auto number = base::parse_integer(call.arguments[2]);
  if (session.empty() || session.size() > kv::StoreMachine::session_bytes_max) {
    return refuse(call, "ERR a session has 1 to " +
                            std::to_string(kv::StoreMachine::session_bytes_max) + " bytes");
  }
  if (!number || *number < 0) {
    return refuse(call, "ERR the number of a command in its session is an integer from 0 on");
  }
  const Arguments arguments = call.arguments.subspan(3);
  std::string error;
  const Command* const command = CommandTable::instance().resolve(arguments, error);
  if (command == nullptr) return refuse(call, error);
  // How many a message reaches differs between members: it is no answer to keep for all.
  const bool is_message = command->name == "publish" || command->name == "spublish";
  if (command->write == nullptr || (command->flags & flag::alone) != 0 || is_message) {
    return refuse(call,
                  "ERR RABIA.ONCE takes one command that writes, and " + to_upper(command->name) +
                      (is_message ? " is none: send it by itself"
                                  : " is none: send it by itself, it is safe to send it again"));
  }
  if (!keys_fit(*command, arguments, call.options)) {
    return refuse(call, "ERR a key is too large: at most " +
                            std::to_string(call.options.key_bytes_max) + " bytes are accepted");
  }
  std::string operation;
  WriteCall inner{
      .options = call.options, .arguments = arguments, .operation = operation, .error = call.error};
  if (!command->write(inner)) return false;
  kv::encode_once(call.operation,
                  {.session = session,
                   .number = static_cast<std::uint64_t>(*number),
                   .keep_milliseconds = call.options.once_keep_seconds * 1000},
                  operation);
  return true;
}

constexpr Command rows[] = {
    {.name = "rabia.once",
     .syntax = "session number command [arg ...]",
     .arity = -4,
     .flags = flag::write | flag::denyoom | flag::alone,
     .group = "generic",
     .since = "0.1.0",
     .summary = "Executes a command that writes, unless this session has sent one of this number: "
                "then answers what that was answered.",
     .complexity = "That of the command.",
     .write = encode_once_call},
};

}  // namespace

std::span<const Command> once_commands() {
  return rows;
}

}  // namespace rabia::server
