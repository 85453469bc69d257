// CLIENT and its subcommands, but for KILL (client_kill.cc).
#include <optional>
#include <string>
#include <vector>

#include "base/number.h"
#include "server/authentication.h"
#include "server/client_kill.h"
#include "server/client_list.h"
#include "server/client_state.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/text.h"

namespace rabia::server {
namespace {

void run_id(LocalCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.client.id));
}

void run_getname(LocalCall& call) {
  if (call.client.name.empty()) return call.reply.null();
  call.reply.bulk(call.client.name);
}

void run_setname(LocalCall& call) {
  if (set_client_name(call, call.arguments[2])) call.reply.ok();
}

void run_setinfo(LocalCall& call) {
  const std::string_view option = call.arguments[2];
  const std::string_view value = call.arguments[3];
  const bool is_name = equals_ignoring_case(option, "lib-name");
  if (!is_name && !equals_ignoring_case(option, "lib-ver")) {
    std::string error = "ERR Unrecognized option '";
    return call.reply.error(error.append(option).append("'"));
  }
  if (!is_plain_word(value)) {
    std::string error = is_name ? "ERR lib-name" : "ERR lib-ver";
    return call.reply.error(
        error.append(" cannot contain spaces, newlines or special characters."));
  }
  (is_name ? call.client.library_name : call.client.library_version) = value;
  call.reply.ok();
}

void run_info_of_client(LocalCall& call) {
  const Session* const session = call.server.sessions.find(call.client.id);
  call.reply.verbatim(describe(*session, call.server.executor.now()) + "\n");
}

// CLIENT LIST ID id …
void list_by_id(LocalCall& call) {
  std::string list;
  for (const std::string_view argument : call.arguments.subspan(3)) {
    const auto id = base::parse_integer(argument);
    if (!id || *id <= 0) return call.reply.error("ERR Invalid client ID");
    const Session* const session = call.server.sessions.find(static_cast<std::uint64_t>(*id));
    if (session == nullptr || session->dead()) continue;
    list += describe(*session, call.server.executor.now()) + "\n";
  }
  call.reply.verbatim(list);
}

void run_list(LocalCall& call) {
  const Arguments& arguments = call.arguments;
  std::optional<ClientType> shown;
  if (arguments.size() == 4 && equals_ignoring_case(arguments[2], "TYPE")) {
    shown = client_type(arguments[3]);
    if (!shown) return call.reply.error(unknown_client_type(arguments[3]));
  } else if (arguments.size() > 3 && equals_ignoring_case(arguments[2], "ID")) {
    return list_by_id(call);
  } else if (arguments.size() != 2) {
    return call.reply.error(message::syntax_error);
  }
  std::string list;
  for (const auto& [id, session] : call.server.sessions.all()) {
    if (session->dead() || (shown && *shown != type_of(session->client()))) continue;
    list += describe(*session, call.server.executor.now()) + "\n";
  }
  call.reply.verbatim(list);
}

// Sets a switch from "on" or "off".
void run_switch(LocalCall& call, bool& value) {
  const std::string_view word = call.arguments[2];
  const bool on = equals_ignoring_case(word, "on");
  if (!on && !equals_ignoring_case(word, "off")) return call.reply.error(message::syntax_error);
  value = on;
  call.reply.ok();
}

void run_no_evict(LocalCall& call) {
  run_switch(call, call.client.no_evict);
}
void run_no_touch(LocalCall& call) {
  run_switch(call, call.client.no_touch);
}

void run_reply(LocalCall& call) {
  const std::string_view mode = call.arguments[2];
  ReplyMode& replies = call.client.replies;
  if (equals_ignoring_case(mode, "on")) {
    replies = {};
    call.reply.ok();
  } else if (equals_ignoring_case(mode, "off")) {
    replies.off = true;
  } else if (equals_ignoring_case(mode, "skip")) {
    replies.skip_next = !replies.off;
  } else {
    call.reply.error(message::syntax_error);
  }
}

void run_help(LocalCall& call) {
  write_help("client", client_subcommands(), call.reply);
}

constexpr Flags plain_flags = flag::noscript | flag::loading | flag::stale;
constexpr Flags admin_flags = plain_flags | flag::admin;

// A row of the family: what differs between them.
struct Row {
  std::string_view name;
  std::string_view syntax;
  int arity;
  Flags flags;
  std::string_view since;
  std::string_view summary;
  std::string_view complexity;
  LocalHandler handler;
  std::string_view tips = {};
};

constexpr Command make(const Row& row) {
  return {.name = row.name,
          .syntax = row.syntax,
          .arity = row.arity,
          .flags = row.flags,
          .categories = category::connection,
          .tips = row.tips,
          .group = "connection",
          .since = row.since,
          .summary = row.summary,
          .complexity = row.complexity,
          .local = row.handler};
}

constexpr std::string_view constant = "O(1)";
constexpr std::string_view linear = "O(N) where N is the number of clients.";

constexpr Command rows[] = {
    make({"client|getname", "", 2, plain_flags, "2.6.9", "Answers the connection's name.", constant,
          run_getname}),
    make({"client|help", "", 2, flag::loading | flag::stale, "5.0.0", "Prints this help.", constant,
          run_help}),
    make({"client|id", "", 2, plain_flags, "5.0.0", "Answers the connection's number.", constant,
          run_id}),
    make({"client|info", "", 2, plain_flags, "6.2.0", "Describes this connection.", constant,
          run_info_of_client, "nondeterministic_output"}),
    make({"client|kill",
          "<ip:port> | [ID id] [ADDR ip:port] [LADDR ip:port] [TYPE type] [USER user] "
          "[SKIPME yes|no]",
          -3, admin_flags, "2.4.0", "Closes connections.", linear, run_client_kill}),
    make({"client|list", "[TYPE type | ID id [id ...]]", -2, admin_flags, "2.4.0",
          "Describes the connections, one a line.", linear, run_list, "nondeterministic_output"}),
    make({"client|no-evict", "ON|OFF", 3, admin_flags, "7.0.0",
          "Accepted for clients that ask: connections are not evicted.", constant, run_no_evict}),
    make({"client|no-touch", "ON|OFF", 3, plain_flags, "7.2.0",
          "Whether reads of this client count as uses of keys, for eviction.", constant,
          run_no_touch}),
    make({"client|reply", "ON|OFF|SKIP", 3, plain_flags | flag::alone, "3.2.0",
          "Chooses which replies the connection gets.", constant, run_reply}),
    make({"client|setinfo", "LIB-NAME name | LIB-VER version", 4, plain_flags, "7.2.0",
          "Notes the client's library, for CLIENT LIST.", constant, run_setinfo}),
    make({"client|setname", "name", 3, plain_flags, "2.6.9", "Names the connection.", constant,
          run_setname}),
};

}  // namespace

std::span<const Command> client_subcommands() {
  return rows;
}

}  // namespace rabia::server
