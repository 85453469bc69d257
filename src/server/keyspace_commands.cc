// Commands about keys as such.
#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/number.h"
#include "kv/operations.h"
#include "server/command.h"
#include "server/glob.h"
#include "server/lookup.h"
#include "server/server_state.h"
#include "server/text.h"

namespace rabia::server {
namespace {

constexpr std::string_view string_type = "string";  // The only type there is as yet.

bool refuse(WriteCall& call, std::string_view error) {
  call.error = error;
  return false;
}

bool encode_del(WriteCall& call) {
  kv::encode_erase(call.operation, call.arguments.subspan(1));
  return true;
}

bool encode_flush(WriteCall& call) {
  const Arguments& arguments = call.arguments;
  const bool fits = arguments.size() == 1 ||
                    (arguments.size() == 2 && (equals_ignoring_case(arguments[1], "ASYNC") ||
                                               equals_ignoring_case(arguments[1], "SYNC")));
  if (!fits) return refuse(call, message::syntax_error);
  kv::encode_clear(call.operation);
  return true;
}

bool encode_rename_call(WriteCall& call) {
  kv::encode_rename(call.operation, call.arguments[1], call.arguments[2], false);
  return true;
}
bool encode_renamenx(WriteCall& call) {
  kv::encode_rename(call.operation, call.arguments[1], call.arguments[2], true);
  return true;
}

bool encode_copy_call(WriteCall& call) {
  const Arguments& arguments = call.arguments;
  bool replace = false;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    if (equals_ignoring_case(arguments[i], "REPLACE")) {
      replace = true;
    } else if (equals_ignoring_case(arguments[i], "DB") && i + 1 < arguments.size()) {
      const auto database = base::parse_integer(arguments[++i]);
      if (!database) return refuse(call, message::not_an_integer);
      if (*database != 0) return refuse(call, "ERR DB index is out of range");
    } else {
      return refuse(call, message::syntax_error);
    }
  }
  if (arguments[1] == arguments[2]) {
    return refuse(call, "ERR source and destination objects are the same");
  }
  kv::encode_copy(call.operation, arguments[1], arguments[2], replace);
  return true;
}

void run_exists(ReadCall& call) {
  std::int64_t count = 0;
  for (const std::string_view key : call.arguments.subspan(1)) count += exists(call, key) ? 1 : 0;
  call.reply.integer(count);
}

// A use of the keys, also by a client whose reads are none, as in Redis.
void run_touch(ReadCall& call) {
  std::int64_t count = 0;
  call.is_use = true;
  for (const std::string_view key : call.arguments.subspan(1)) count += look_up(call, key) ? 1 : 0;
  call.reply.integer(count);
}

void run_type(ReadCall& call) {
  call.reply.simple(exists(call, call.arguments[1]) ? string_type : "none");
}

void run_dbsize(ReadCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.store.size()));
}

// Two replicas with equal positions have equal digests.
void run_digest(ReadCall& call) {
  call.reply.array(2);
  call.reply.integer(static_cast<std::int64_t>(call.replica.status().position.value));
  call.reply.bulk(to_string(call.server.machine.digest()));
}

void run_randomkey(ReadCall& call) {
  const auto key = call.store.random_key(call.random.next());
  if (!key) return call.reply.null();
  call.reply.bulk(*key);
}

void write_keys(const std::vector<std::string_view>& keys, resp::ReplyWriter& reply) {
  reply.array(keys.size());
  for (const std::string_view key : keys) reply.bulk(key);
}

void run_keys(ReadCall& call) {
  const std::string_view pattern = call.arguments[1];
  std::vector<std::string_view> keys;
  call.store.for_each([&](std::string_view key, std::string_view) {
    if (pattern == "*" || glob_matches(pattern, key)) keys.push_back(key);
  });
  write_keys(keys, call.reply);
}

struct ScanOptions {
  std::optional<std::string_view> pattern;
  std::uint64_t count = 10;
  bool any_type_fits = true;
};

// Empty, or the error.
std::string_view take_scan_options(Arguments arguments, ScanOptions& options) {
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    const std::string_view option = arguments[i];
    if (i + 1 == arguments.size()) return message::syntax_error;
    const std::string_view value = arguments[i + 1];
    if (equals_ignoring_case(option, "COUNT")) {
      const auto count = base::parse_integer(value);
      if (!count) return message::not_an_integer;
      if (*count < 1) return message::syntax_error;
      options.count = static_cast<std::uint64_t>(*count);
    } else if (equals_ignoring_case(option, "MATCH")) {
      options.pattern = value;
    } else if (equals_ignoring_case(option, "TYPE")) {
      options.any_type_fits = equals_ignoring_case(value, string_type);
    } else {
      return message::syntax_error;
    }
  }
  return {};
}

std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  std::uint64_t cursor = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, cursor);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return cursor;
}

void run_scan(ReadCall& call) {
  const auto cursor = parse_cursor(call.arguments[1]);
  if (!cursor) return call.reply.error("ERR invalid cursor");
  ScanOptions options;
  const std::string_view error = take_scan_options(call.arguments, options);
  if (!error.empty()) return call.reply.error(error);
  std::vector<std::string_view> keys;
  const std::uint64_t next =
      call.store.scan(*cursor, options.count, [&](std::string_view key, std::string_view) {
        if (!options.any_type_fits) return;
        if (options.pattern && !glob_matches(*options.pattern, key)) return;
        keys.push_back(key);
      });
  call.reply.array(2);
  call.reply.bulk(std::to_string(next));
  write_keys(keys, call.reply);
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
};

constexpr Command make(const Row& row) {
  return {.name = row.name,
          .syntax = row.syntax,
          .arity = row.arity,
          .flags = row.flags,
          .categories = category::keyspace,
          .keys = row.keys,
          .key_flags = row.key_flags,
          .tips = row.tips,
          .group = "generic",
          .since = row.since,
          .summary = row.summary,
          .complexity = row.complexity};
}

constexpr Command reading(Command command, ReadHandler handler) {
  command.flags |= flag::readonly;
  command.read = handler;
  return command;
}

constexpr Command writing(Command command, WriteHandler handler) {
  command.flags |= flag::write;
  command.write = handler;
  return command;
}

constexpr Command with_second_key(Command command, std::string_view flags) {
  command.second_key_flags = flags;
  return command;
}

constexpr Command in_group(Command command, std::string_view group) {
  command.group = group;
  return command;
}

constexpr Command dangerous(Command command) {
  command.categories |= category::dangerous;
  return command;
}

constexpr KeyPositions no_key = {};
constexpr KeyPositions one_key = {.first = 1, .last = 1, .step = 1};
constexpr KeyPositions two_keys = {.first = 1, .last = 2, .step = 1};
constexpr KeyPositions all_keys = {.first = 1, .last = -1, .step = 1};
constexpr std::string_view of_keys = "O(N) where N is the number of keys given.";
constexpr std::string_view of_store = "O(N) where N is the number of keys in the store.";
constexpr std::string_view summed = "request_policy:multi_shard response_policy:agg_sum";
constexpr std::string_view on_all = "request_policy:all_shards response_policy:all_succeeded";
constexpr std::string_view clears = "O(1): the memory is freed a little at a time.";

constexpr Command rows[] = {
    in_group(reading(make({"rabia.digest", "", 1, flag::fast, no_key, "", "nondeterministic_output",
                           "0.2.0",
                           "Answers how many batches of the log are executed, and a digest of the "
                           "state after them: equal on all replicas.",
                           "O(1)"}),
                     run_digest),
             "server"),
    with_second_key(
        writing(make({"copy", "source destination [DB 0] [REPLACE]", -3, flag::denyoom, two_keys,
                      "RO access", "", "6.2.0", "Copies a value to another key.",
                      "O(N) where N is the size of the value."}),
                encode_copy_call),
        "OW update"),
    with_second_key(writing(make({"rename", "key newkey", 3, 0, two_keys, "RW access delete", "",
                                  "1.0.0", "Gives a key another name, over what has it.",
                                  "O(N) where N is the size of the value."}),
                            encode_rename_call),
                    "OW update"),
    with_second_key(
        writing(make({"renamenx", "key newkey", 3, flag::fast, two_keys, "RW access delete", "",
                      "1.0.0", "Gives a key another name, if nothing has it.",
                      "O(N) where N is the size of the value."}),
                encode_renamenx),
        "OW insert"),
    reading(make({"touch", "key [key ...]", -2, flag::fast, all_keys, "RO", summed, "3.2.1",
                  "Counts how many of the keys exist, and uses them.", of_keys}),
            run_touch),
    in_group(reading(make({"dbsize", "", 1, flag::fast, no_key, "",
                           "request_policy:all_shards response_policy:agg_sum", "1.0.0",
                           "Answers the number of keys.", "O(1)"}),
                     run_dbsize),
             "server"),
    writing(make({"del", "key [key ...]", -2, 0, all_keys, "RM delete", summed, "1.0.0",
                  "Deletes keys.", of_keys}),
            encode_del),
    reading(make({"exists", "key [key ...]", -2, flag::fast, all_keys, "RO", summed, "1.0.0",
                  "Counts how many of the keys exist.", of_keys}),
            run_exists),
    in_group(dangerous(writing(make({"flushall", "[ASYNC | SYNC]", -1, 0, no_key, "", on_all,
                                     "1.0.0", "Deletes all keys.", clears}),
                               encode_flush)),
             "server"),
    in_group(dangerous(writing(make({"flushdb", "[ASYNC | SYNC]", -1, 0, no_key, "", on_all,
                                     "1.0.0", "Deletes all keys.", clears}),
                               encode_flush)),
             "server"),
    dangerous(reading(
        make({"keys", "pattern", 2, 0, no_key, "",
              "request_policy:all_shards nondeterministic_output_order", "1.0.0",
              "Lists all keys that match a pattern. Holds up everybody: use SCAN.", of_store}),
        run_keys)),
    reading(make({"randomkey", "", 1, 0, no_key, "",
                  "request_policy:all_shards nondeterministic_output", "1.0.0", "Answers some key.",
                  "O(1)"}),
            run_randomkey),
    reading(make({"scan", "cursor [MATCH pattern] [COUNT count] [TYPE type]", -2, 0, no_key, "",
                  "nondeterministic_output request_policy:special", "2.8.0",
                  "Lists keys, some at each call.", "O(1) for each call with the usual COUNT."}),
            run_scan),
    reading(make({"type", "key", 2, flag::fast, one_key, "RO", "", "1.0.0",
                  "Answers the type of a value.", "O(1)"}),
            run_type),
    writing(make({"unlink", "key [key ...]", -2, flag::fast, all_keys, "RM delete", summed, "4.0.0",
                  "Deletes keys.", of_keys}),
            encode_del),
};

}  // namespace

std::span<const Command> keyspace_commands() {
  return rows;
}

}  // namespace rabia::server
