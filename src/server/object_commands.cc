// OBJECT and MEMORY: how a key is kept.
#include <optional>
#include <string_view>

#include "base/number.h"
#include "server/command.h"
#include "server/help.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// As Redis would keep it: programs look at this to see whether a value is a number.
std::string_view encoding_of(std::string_view value) {
  constexpr std::size_t embedded_bytes_max = 44;
  if (base::parse_integer(value)) return "int";
  return value.size() <= embedded_bytes_max ? "embstr" : "raw";
}

void run_encoding(ReadCall& call) {
  const auto value = call.store.get(call.arguments[2]);
  if (!value) return call.reply.null();
  call.reply.bulk(encoding_of(*value));
}

void run_refcount(ReadCall& call) {
  if (!call.store.contains(call.arguments[2])) return call.reply.null();
  call.reply.integer(1);
}

void run_usage(ReadCall& call) {
  const bool has_samples =
      call.arguments.size() == 5 && equals_ignoring_case(call.arguments[3], "SAMPLES");
  if (call.arguments.size() != 3 && !has_samples) return call.reply.error(message::syntax_error);
  if (has_samples) {
    const auto samples = base::parse_integer(call.arguments[4]);
    if (!samples) return call.reply.error(message::not_an_integer);
    if (*samples < 0) return call.reply.error(message::syntax_error);
  }
  const std::optional<std::uint64_t> bytes = call.store.memory_bytes_of(call.arguments[2]);
  if (!bytes) return call.reply.null();
  call.reply.integer(static_cast<std::int64_t>(*bytes));
}

std::span<const Command> object_subcommands();
std::span<const Command> memory_subcommands();

void run_object_help(LocalCall& call) {
  write_help("object", object_subcommands(), call.reply);
}
void run_memory_help(LocalCall& call) {
  write_help("memory", memory_subcommands(), call.reply);
}

constexpr Command of_key(std::string_view name, std::string_view since, std::string_view summary,
                         ReadHandler handler) {
  return {.name = name,
          .syntax = "key",
          .arity = 3,
          .flags = flag::readonly,
          .categories = category::keyspace,
          .keys = {.first = 2, .last = 2, .step = 1},
          .key_flags = "RO",
          .tips = "nondeterministic_output",
          .group = "generic",
          .since = since,
          .summary = summary,
          .complexity = "O(1)",
          .read = handler};
}

constexpr Command help(std::string_view name, std::string_view group, std::string_view since,
                       LocalHandler handler) {
  return {.name = name,
          .arity = 2,
          .flags = flag::loading | flag::stale,
          .group = group,
          .since = since,
          .summary = "Lists the subcommands.",
          .complexity = "O(1)",
          .local = handler};
}

constexpr Command in_categories(Command command, Categories categories) {
  command.categories = categories;
  return command;
}

constexpr Command memory_usage() {
  Command usage = of_key("memory|usage", "4.0.0",
                         "Answers how many bytes of memory a key and its value take.", run_usage);
  usage.syntax = "key [SAMPLES count]";
  usage.arity = -3;
  usage.categories = 0;
  usage.tips = "";
  usage.group = "server";
  return usage;
}

std::span<const Command> object_subcommands() {
  static constexpr Command rows[] = {
      of_key("object|encoding", "2.2.3", "Answers how Redis would keep a value.", run_encoding),
      in_categories(help("object|help", "generic", "6.2.0", run_object_help), category::keyspace),
      of_key("object|refcount", "2.2.3", "Answers how often a value is referred to: once.",
             run_refcount),
  };
  return rows;
}

std::span<const Command> memory_subcommands() {
  static constexpr Command rows[] = {
      help("memory|help", "server", "4.0.0", run_memory_help),
      memory_usage(),
  };
  return rows;
}

Command container(std::string_view name, std::string_view group, std::string_view since,
                  std::string_view summary, std::span<const Command> subcommands) {
  return {.name = name,
          .syntax = "subcommand",
          .arity = -2,
          .group = group,
          .since = since,
          .summary = summary,
          .complexity = "Depends on the subcommand.",
          .subcommands = subcommands};
}

}  // namespace

std::span<const Command> object_commands() {
  static const Command rows[] = {
      container("memory", "server", "4.0.0", "Tells about memory.", memory_subcommands()),
      container("object", "generic", "2.2.3", "Tells how a key is kept.", object_subcommands()),
  };
  return rows;
}

}  // namespace rabia::server
