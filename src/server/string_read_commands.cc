// Commands that read strings.
#include <algorithm>
#include <optional>

#include "base/number.h"
#include "server/command.h"
#include "server/lookup.h"
#include "server/text.h"

namespace rabia::server {
namespace {

void run_get(ReadCall& call) {
  const auto value = look_up(call, call.arguments[1]);
  if (!value) return call.reply.null();
  call.reply.bulk(*value);
}

void run_mget(ReadCall& call) {
  const Arguments keys = call.arguments.subspan(1);
  call.reply.array(keys.size());
  for (const std::string_view key : keys) {
    if (const auto value = look_up(call, key)) {
      call.reply.bulk(*value);
    } else {
      call.reply.null();
    }
  }
}

void run_strlen(ReadCall& call) {
  const auto value = look_up(call, call.arguments[1]);
  call.reply.integer(value ? static_cast<std::int64_t>(value->size()) : 0);
}

// The bytes from `start` to `end`, both included; negative numbers count from the end.
std::string_view range_of(std::string_view value, std::int64_t start, std::int64_t end) {
  const auto size = static_cast<std::int64_t>(value.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<std::int64_t>(size + start, 0);
  if (end < 0) end = std::max<std::int64_t>(size + end, 0);
  end = std::min(end, size - 1);
  if (start > end) return {};
  return value.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1));
}

void run_getrange(ReadCall& call) {
  const auto start = base::parse_integer(call.arguments[2]);
  const auto end = base::parse_integer(call.arguments[3]);
  if (!start || !end) return call.reply.error(message::not_an_integer);
  call.reply.bulk(range_of(look_up(call, call.arguments[1]).value_or(""), *start, *end));
}

// A row of the family: what differs between them.
struct Row {
  std::string_view name;
  std::string_view syntax;
  int arity;
  Flags flags;
  KeyPositions keys;
  std::string_view key_flags;
  std::string_view tips;
  std::string_view since;
  std::string_view summary;
  std::string_view complexity;
  ReadHandler handler;
};

constexpr Command make(const Row& row) {
  return {.name = row.name,
          .syntax = row.syntax,
          .arity = row.arity,
          .flags = row.flags | flag::readonly,
          .categories = category::string,
          .keys = row.keys,
          .key_flags = row.key_flags,
          .tips = row.tips,
          .group = "string",
          .since = row.since,
          .summary = row.summary,
          .complexity = row.complexity,
          .read = row.handler};
}

constexpr KeyPositions one_key = {.first = 1, .last = 1, .step = 1};
constexpr KeyPositions all_keys = {.first = 1, .last = -1, .step = 1};
constexpr std::string_view of_the_answer = "O(N) where N is the length of the answer.";

constexpr Command rows[] = {
    make({"get", "key", 2, flag::fast, one_key, "RO access", "", "1.0.0",
          "Answers the value of a key.", "O(1)", run_get}),
    make({"getrange", "key start end", 4, 0, one_key, "RO access", "", "2.4.0",
          "Answers a part of a value.", of_the_answer, run_getrange}),
    make({"mget", "key [key ...]", -2, flag::fast, all_keys, "RO access",
          "request_policy:multi_shard", "1.0.0", "Answers the values of several keys.",
          "O(N) where N is the number of keys.", run_mget}),
    make({"strlen", "key", 2, flag::fast, one_key, "RO", "", "2.2.0",
          "Answers the length of a value.", "O(1)", run_strlen}),
    make({"substr", "key start end", 4, 0, one_key, "RO access", "", "1.0.0",
          "Answers a part of a value (the older name of GETRANGE).", of_the_answer, run_getrange}),
};

}  // namespace

std::span<const Command> string_read_commands() {
  return rows;
}

}  // namespace rabia::server
