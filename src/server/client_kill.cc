#include "server/client_kill.h"

#include "base/number.h"
#include "server/client_state.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// Which clients to close: all that is given must fit.
struct Filter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<ClientType> type;
  bool skip_me = true;

  [[nodiscard]] bool fits(const ClientState& client) const {
    return (!id || *id == client.id) && (!address || *address == client.address) &&
           (!local_address || *local_address == client.local_address) &&
           (!type || *type == type_of(client));
  }
};

// Takes one "OPTION value" pair into the filter. Empty, or the error.
std::string take_option(std::string_view option, std::string_view value, Filter& filter) {
  if (equals_ignoring_case(option, "ID")) {
    const auto id = base::parse_integer(value);
    if (!id || *id < 1) return "ERR client-id should be greater than 0";
    filter.id = static_cast<std::uint64_t>(*id);
  } else if (equals_ignoring_case(option, "TYPE")) {
    filter.type = client_type(value);
    if (!filter.type) return unknown_client_type(value);
  } else if (equals_ignoring_case(option, "ADDR")) {
    filter.address = value;
  } else if (equals_ignoring_case(option, "LADDR")) {
    filter.local_address = value;
  } else if (equals_ignoring_case(option, "USER")) {
    if (value != "default") return "ERR No such user '" + std::string(value) + "'";
  } else if (equals_ignoring_case(option, "SKIPME") &&
             (equals_ignoring_case(value, "yes") || equals_ignoring_case(value, "no"))) {
    filter.skip_me = equals_ignoring_case(value, "yes");
  } else {
    return std::string(message::syntax_error);
  }
  return {};
}

// Closes what fits; the caller itself only after the reply.
std::int64_t kill_all(LocalCall& call, const Filter& filter) {
  std::int64_t killed = 0;
  for (const auto& [id, session] : call.server.sessions.all()) {
    const bool is_me = id == call.client.id;
    if (session->dead() || !filter.fits(session->client()) || (is_me && filter.skip_me)) continue;
    ++killed;
    if (is_me) {
      call.client.close_after_reply = true;
    } else {
      session->kill();
    }
  }
  return killed;
}

}  // namespace

ClientType type_of(const ClientState& client) {
  return client.subscriptions.any() ? ClientType::pubsub : ClientType::normal;
}

std::optional<ClientType> client_type(std::string_view name) {
  if (equals_ignoring_case(name, "normal")) return ClientType::normal;
  if (equals_ignoring_case(name, "slave") || equals_ignoring_case(name, "replica")) {
    return ClientType::replica;
  }
  if (equals_ignoring_case(name, "pubsub")) return ClientType::pubsub;
  if (equals_ignoring_case(name, "master")) return ClientType::master;
  return std::nullopt;
}

std::string unknown_client_type(std::string_view name) {
  return "ERR Unknown client type '" + std::string(name) + "'";
}

void run_client_kill(LocalCall& call) {
  const Arguments& arguments = call.arguments;
  Filter filter;
  if (arguments.size() == 3) {  // The old form: CLIENT KILL address.
    filter.address = arguments[2];
    filter.skip_me = false;
    if (kill_all(call, filter) == 0) return call.reply.error("ERR No such client");
    return call.reply.ok();
  }
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) return call.reply.error(message::syntax_error);
    const std::string error = take_option(arguments[i], arguments[i + 1], filter);
    if (!error.empty()) return call.reply.error(error);
  }
  call.reply.integer(kill_all(call, filter));
}

}  // namespace rabia::server
