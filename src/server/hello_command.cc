// HELLO: the handshake of clients that know RESP3.
#include <cstdint>
#include <optional>

#include "base/number.h"
#include "server/authentication.h"
#include "server/client_state.h"
#include "server/redis_version.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

constexpr std::string_view authenticate_first =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";

// The version asked for, or nothing after an error was written.
std::optional<resp::Protocol> protocol_of(LocalCall& call) {
  if (call.arguments.size() < 2) return call.client.protocol;
  const auto version = base::parse_integer(call.arguments[1]);
  if (!version) {
    call.reply.error("ERR Protocol version is not an integer or out of range");
    return std::nullopt;
  }
  if (*version != 2 && *version != 3) {
    call.reply.error("NOPROTO unsupported protocol version");
    return std::nullopt;
  }
  return *version == 2 ? resp::Protocol::resp2 : resp::Protocol::resp3;
}

// False after an error was written.
bool take_options(LocalCall& call) {
  const Arguments& arguments = call.arguments;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t more = arguments.size() - i - 1;
    if (equals_ignoring_case(arguments[i], "AUTH") && more >= 2) {
      if (!authenticate(call, arguments[i + 1], arguments[i + 2])) return false;
      i += 2;
    } else if (equals_ignoring_case(arguments[i], "SETNAME") && more >= 1) {
      if (!set_client_name(call, arguments[i + 1])) return false;
      i += 1;
    } else {
      std::string error = "ERR Syntax error in HELLO option '";
      call.reply.error(error.append(arguments[i]).append("'"));
      return false;
    }
  }
  return true;
}

// Some clients take the first seven pairs by place: ours comes behind them.
void write_greeting(LocalCall& call) {
  resp::ReplyWriter& reply = call.reply;
  reply.map(8);
  const auto field = [&](std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
  };
  field("server", "redis");
  field("version", redis_version);
  reply.bulk("proto");
  reply.integer(static_cast<std::int64_t>(reply.protocol()));
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(call.client.id));
  field("mode", "standalone");
  field("role", "master");
  reply.bulk("modules");
  reply.array(0);
  field("rabia_version", RABIA_VERSION);
}

}  // namespace

void run_hello(LocalCall& call) {
  const auto protocol = protocol_of(call);
  if (!protocol || !take_options(call)) return;
  if (!call.client.authenticated) return call.reply.error(authenticate_first);
  call.client.protocol = *protocol;
  call.reply.set_protocol(*protocol);
  write_greeting(call);
}

}  // namespace rabia::server
