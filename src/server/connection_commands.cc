// Commands about the connection itself.
#include <optional>

#include "base/number.h"
#include "server/authentication.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/text.h"

namespace rabia::server {
namespace {

void run_ping(LocalCall& call) {
  if (call.arguments.size() > 2) {
    return call.reply.error("ERR wrong number of arguments for 'ping' command");
  }
  const std::string_view message = call.arguments.size() == 2 ? call.arguments[1] : "";
  if (call.client.only_subscribes()) {
    call.reply.array(2);
    call.reply.bulk("pong");
    return call.reply.bulk(message);
  }
  if (call.arguments.size() == 2) return call.reply.bulk(message);
  call.reply.simple("PONG");
}

void run_echo(LocalCall& call) {
  call.reply.bulk(call.arguments[1]);
}

void run_auth(LocalCall& call) {
  const Arguments& arguments = call.arguments;
  if (arguments.size() > 3) return call.reply.error(message::syntax_error);
  if (arguments.size() == 2 && call.server.options.require_pass.empty()) {
    return call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are "
        "you sure your configuration is correct?");
  }
  const std::string_view user = arguments.size() == 3 ? arguments[1] : "default";
  if (authenticate(call, user, arguments.back())) call.reply.ok();
}

void run_select(LocalCall& call) {
  const auto index = base::parse_integer(call.arguments[1]);
  if (!index) return call.reply.error(message::not_an_integer);
  if (*index < INT32_MIN || *index > INT32_MAX) {
    return call.reply.error(
        "ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*index != 0) return call.reply.error("ERR DB index is out of range");
  call.reply.ok();
}

void run_quit(LocalCall& call) {
  call.client.close_after_reply = true;
  call.reply.ok();
}

void run_reset(LocalCall& call) {
  ClientState& client = call.client;
  client.name.clear();
  client.protocol = resp::Protocol::resp2;
  client.authenticated = call.server.options.require_pass.empty();
  client.no_evict = false;
  client.no_touch = false;
  client.replies = {};
  if (client.monitors) call.server.monitors.remove(client.id);
  client.monitors = false;
  client.transaction.reset();
  client.watched.clear();
  call.server.sessions.find(client.id)->leave_all();
  call.reply.simple("RESET");
}

// WAIT only notes what is waited for: the session polls and answers.
void run_wait(LocalCall& call) {
  const auto needed = base::parse_integer(call.arguments[1]);
  if (!needed) return call.reply.error(message::not_an_integer);
  const auto timeout = base::parse_integer(call.arguments[2]);
  if (!timeout) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return call.reply.error("ERR timeout is negative");
  // A century is for ever, and cannot overflow the clock.
  constexpr std::int64_t longest_ms = 100LL * 365 * 24 * 3600 * 1000;
  PendingWait wait{.needed = *needed};
  if (*timeout > 0 && *timeout < longest_ms) {
    wait.deadline = call.server.executor.now() + std::chrono::milliseconds(*timeout);
  }
  call.client.wait = wait;
}

constexpr Flags session_flags =
    flag::noscript | flag::loading | flag::stale | flag::fast | flag::no_auth | flag::allow_busy;

constexpr Command auth_row = {.name = "auth",
                              .syntax = "[username] password",
                              .arity = -2,
                              .flags = session_flags | flag::alone,
                              .categories = category::connection,
                              .group = "connection",
                              .since = "1.0.0",
                              .summary = "Logs the connection in with a password.",
                              .complexity = "O(1)",
                              .local = run_auth};

constexpr Command hello_row = {.name = "hello",
                               .syntax = "[protover [AUTH username password] [SETNAME name]]",
                               .arity = -1,
                               .flags = session_flags | flag::alone,
                               .categories = category::connection,
                               .group = "connection",
                               .since = "6.0.0",
                               .summary = "Greets the server and chooses the protocol's version.",
                               .complexity = "O(1)",
                               .local = run_hello};

constexpr Command ping_row = {.name = "ping",
                              .syntax = "[message]",
                              .arity = -1,
                              .flags = flag::fast | flag::in_subscriber,
                              .categories = category::connection,
                              .tips = "request_policy:all_shards response_policy:all_succeeded",
                              .group = "connection",
                              .since = "1.0.0",
                              .summary = "Answers PONG, or the message.",
                              .complexity = "O(1)",
                              .local = run_ping};

constexpr Command echo_row = {.name = "echo",
                              .syntax = "message",
                              .arity = 2,
                              .flags = flag::loading | flag::stale | flag::fast,
                              .categories = category::connection,
                              .group = "connection",
                              .since = "1.0.0",
                              .summary = "Answers the message.",
                              .complexity = "O(1)",
                              .local = run_echo};

constexpr Command select_row = {.name = "select",
                                .syntax = "index",
                                .arity = 2,
                                .flags = flag::loading | flag::stale | flag::fast,
                                .categories = category::connection,
                                .group = "connection",
                                .since = "1.0.0",
                                .summary = "Chooses a database: there is only number 0.",
                                .complexity = "O(1)",
                                .local = run_select};

constexpr Command quit_row = {.name = "quit",
                              .arity = -1,
                              .flags = session_flags | flag::at_once_in_multi | flag::in_subscriber,
                              .categories = category::connection,
                              .group = "connection",
                              .since = "1.0.0",
                              .summary = "Closes the connection after the reply.",
                              .complexity = "O(1)",
                              .local = run_quit};

constexpr Command reset_row = {
    .name = "reset",
    .arity = 1,
    .flags = session_flags | flag::at_once_in_multi | flag::in_subscriber,
    .categories = category::connection,
    .group = "connection",
    .since = "6.2.0",
    .summary = "Puts the connection back into its first state.",
    .complexity = "O(1)",
    .local = run_reset};

constexpr Command wait_row = {
    .name = "wait",
    .syntax = "numreplicas timeout",
    .arity = 3,
    .flags = flag::noscript | flag::alone,
    .categories = category::connection,
    .tips = "request_policy:all_shards response_policy:agg_min",
    .group = "generic",
    .since = "3.0.0",
    .summary =
        "Waits until so many other members hold everything that was executed here, or for "
        "so many milliseconds.",
    .complexity = "O(1)",
    .local = run_wait};

}  // namespace

std::span<const Command> connection_commands() {
  static const Command rows[] = {
      auth_row,
      hello_row,
      ping_row,
      echo_row,
      select_row,
      quit_row,
      reset_row,
      wait_row,
      {.name = "client",
       .syntax = "subcommand",
       .arity = -2,
       .group = "connection",
       .since = "2.4.0",
       .summary = "A container for commands about client connections.",
       .complexity = "Depends on the subcommand.",
       .subcommands = client_subcommands()},
  };
  return rows;
}

}  // namespace rabia::server
