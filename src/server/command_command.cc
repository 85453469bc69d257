// COMMAND: the table describes itself.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/client_state.h"
#include "server/command_reply.h"
#include "server/command_table.h"
#include "server/glob.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

void run_count(LocalCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.server.commands.commands().size()));
}

void run_info_of(LocalCall& call) {
  if (call.arguments.size() == 2) return run_command(call);
  const Arguments names = call.arguments.subspan(2);
  call.reply.array(names.size());
  for (const std::string_view name : names) {
    if (const Command* const command = call.server.commands.find(name)) {
      write_info(*command, call.reply);
    } else {
      call.reply.null();
    }
  }
}

void run_docs(LocalCall& call) {
  std::vector<const Command*> commands;
  for (const std::string_view name : call.arguments.subspan(2)) {
    const Command* const command = call.server.commands.find(name);
    if (command != nullptr) commands.push_back(command);
  }
  if (call.arguments.size() == 2) commands = call.server.commands.commands();
  call.reply.map(commands.size());
  for (const Command* command : commands) {
    call.reply.bulk(command->name);
    write_docs(*command, call.reply);
  }
}

// Whether COMMAND LIST shows a row. `kind` is one of ACLCAT, PATTERN, MODULE.
bool passes(const Command& command, std::string_view kind, std::string_view value) {
  if (equals_ignoring_case(kind, "PATTERN")) {
    return glob_matches(value, command.name, Case::ignore);
  }
  if (!equals_ignoring_case(kind, "ACLCAT")) return false;
  const std::vector<std::string_view> categories = acl_categories(command);
  return std::any_of(categories.begin(), categories.end(), [&](std::string_view category) {
    return equals_ignoring_case(category.substr(1), value);
  });
}

void run_list(LocalCall& call) {
  const Arguments& arguments = call.arguments;
  const bool filtered = arguments.size() > 2;
  const bool known_kind = arguments.size() == 5 && equals_ignoring_case(arguments[2], "FILTERBY") &&
                          (equals_ignoring_case(arguments[3], "MODULE") ||
                           equals_ignoring_case(arguments[3], "ACLCAT") ||
                           equals_ignoring_case(arguments[3], "PATTERN"));
  if (filtered && !known_kind) return call.reply.error(message::syntax_error);
  std::vector<std::string_view> names;
  const auto consider = [&](const Command& command) {
    if (!filtered || passes(command, arguments[3], arguments[4])) names.push_back(command.name);
  };
  for (const Command* command : call.server.commands.commands()) {
    consider(*command);
    for (const Command& subcommand : command->subcommands) consider(subcommand);
  }
  call.reply.array(names.size());
  for (const std::string_view name : names) call.reply.bulk(name);
}

void run_getkeys(LocalCall& call) {
  const Arguments inner = call.arguments.subspan(2);
  const Command* const command = call.server.commands.find_for(inner);
  if (command == nullptr) return call.reply.error("ERR Invalid command specified");
  if (!has_keys(*command)) {
    return call.reply.error("ERR The command has no key arguments");
  }
  if (!arity_allows(*command, inner.size())) {
    return call.reply.error("ERR Invalid number of arguments specified for command");
  }
  std::vector<std::string_view> keys;
  find_keys(*command, inner, keys);
  call.reply.array(keys.size());
  for (const std::string_view key : keys) call.reply.bulk(key);
}

void run_help(LocalCall& call) {
  write_help("command", command_subcommands(), call.reply);
}

// A row of the family: what differs between them.
struct Row {
  std::string_view name;
  std::string_view syntax;
  int arity;
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
          .flags = flag::loading | flag::stale,
          .categories = category::connection,
          .tips = row.tips,
          .group = "server",
          .since = row.since,
          .summary = row.summary,
          .complexity = row.complexity,
          .local = row.handler};
}

constexpr std::string_view linear = "O(N) where N is the number of commands.";
constexpr std::string_view unordered = "nondeterministic_output_order";

constexpr Command rows[] = {
    make({"command|count", "", 2, "2.8.13", "Answers the number of commands.", "O(1)", run_count}),
    make({"command|docs", "[name [name ...]]", -2, "7.0.0", "Describes commands for people.",
          linear, run_docs, unordered}),
    make({"command|getkeys", "command [arg ...]", -4, "2.8.13",
          "Answers the keys among the arguments of a command.",
          "O(N) where N is the number of arguments.", run_getkeys}),
    make({"command|help", "", 2, "5.0.0", "Prints this help.", "O(1)", run_help}),
    make({"command|info", "[name [name ...]]", -2, "2.8.13", "Describes commands for programs.",
          linear, run_info_of, unordered}),
    make({"command|list", "[FILTERBY MODULE module | ACLCAT category | PATTERN pattern]", -2,
          "7.0.0", "Answers the names of commands.", linear, run_list, unordered}),
};

}  // namespace

void run_command(LocalCall& call) {
  const std::vector<const Command*>& commands = call.server.commands.commands();
  call.reply.array(commands.size());
  for (const Command* command : commands) write_info(*command, call.reply);
}

std::span<const Command> command_subcommands() {
  return rows;
}

}  // namespace rabia::server
