// OBJECT: how a key is kept.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/number.h"
#include "server/command.h"
#include "server/help.h"

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

// With what is said when the policy does not keep it: Redis's words, where it has some.
constexpr std::string_view no_frequency =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";
constexpr std::string_view no_idle_time =
    "ERR An LRU maxmemory policy is not selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";
constexpr std::string_view no_idle_time_in_lfu =
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";

void run_freq(ReadCall& call) {
  const auto item = call.store.find(call.arguments[2]);
  if (!item) return call.reply.null();
  if (call.store.tracking() != kv::UseTracking::frequency) return call.reply.error(no_frequency);
  call.reply.integer(item->use.count_at(call.replica.log_time().value));
}

// -1: not used since the policy was set.
void run_idletime(ReadCall& call) {
  const auto item = call.store.find(call.arguments[2]);
  if (!item) return call.reply.null();
  switch (call.store.tracking()) {
    case kv::UseTracking::none:
      return call.reply.error(no_idle_time);
    case kv::UseTracking::frequency:
      return call.reply.error(no_idle_time_in_lfu);
    case kv::UseTracking::time:
      break;
  }
  if (!item->use.known()) return call.reply.integer(-1);
  const std::uint64_t now = std::max(call.replica.log_time().value, item->use.last());
  call.reply.integer(static_cast<std::int64_t>((now - item->use.last()) / 1000));
}

std::span<const Command> object_subcommands();

void run_object_help(LocalCall& call) {
  write_help("object", object_subcommands(), call.reply);
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

std::span<const Command> object_subcommands() {
  static constexpr Command rows[] = {
      of_key("object|encoding", "2.2.3", "Answers how Redis would keep a value.", run_encoding),
      of_key("object|freq", "4.0.0", "Answers how often a key is used, logarithmically.", run_freq),
      {.name = "object|help",
       .arity = 2,
       .flags = flag::loading | flag::stale,
       .categories = category::keyspace,
       .group = "generic",
       .since = "6.2.0",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)",
       .local = run_object_help},
      of_key("object|idletime", "2.2.3", "Answers for how many seconds a key was not used.",
             run_idletime),
      of_key("object|refcount", "2.2.3", "Answers how often a value is referred to: once.",
             run_refcount),
  };
  return rows;
}

}  // namespace

std::span<const Command> object_commands() {
  static const Command rows[] = {
      {.name = "object",
       .syntax = "subcommand",
       .arity = -2,
       .group = "generic",
       .since = "2.2.3",
       .summary = "Tells how a key is kept.",
       .complexity = "Depends on the subcommand.",
       .subcommands = object_subcommands()},
  };
  return rows;
}

}  // namespace rabia::server
