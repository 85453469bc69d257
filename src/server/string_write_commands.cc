// Commands that change strings: each handler checks its arguments and encodes an operation.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "base/number.h"
#include "kv/operations.h"
#include "server/command.h"
#include "server/expiry.h"
#include "server/server.h"
#include "server/text.h"

namespace rabia::server {
namespace {

bool refuse(WriteCall& call, std::string_view error) {
  call.error = error;
  return false;
}

// SET's options from the third argument on. False: `error` is set.
bool take_set_options(WriteCall& call, kv::SetOptions& options) {
  ExpiryOption expiry;
  for (std::size_t i = 3; i < call.arguments.size(); ++i) {
    const std::string_view option = call.arguments[i];
    if (equals_ignoring_case(option, "NX") && options.condition != kv::SetCondition::if_present) {
      options.condition = kv::SetCondition::if_absent;
    } else if (equals_ignoring_case(option, "XX") &&
               options.condition != kv::SetCondition::if_absent) {
      options.condition = kv::SetCondition::if_present;
    } else if (equals_ignoring_case(option, "GET")) {
      options.want_old = true;
    } else if (!expiry.take(call.arguments, i, "KEEPTTL")) {
      return refuse(call, message::syntax_error);
    }
  }
  return expiry.read("set", kv::Expiry::Kind::keep, options.expiry, call.error);
}

bool encode_set_call(WriteCall& call) {
  kv::SetOptions options;
  if (!take_set_options(call, options)) return false;
  kv::encode_set(call.operation, call.arguments[1], call.arguments[2], options);
  return true;
}

bool encode_setex_as(WriteCall& call, std::string_view name, std::int64_t unit) {
  kv::SetOptions options;
  options.expiry.kind = kv::Expiry::Kind::in;
  const auto milliseconds = read_duration(call.arguments[2], unit, name, call.error);
  if (!milliseconds) return false;
  options.expiry.milliseconds = *milliseconds;
  kv::encode_set(call.operation, call.arguments[1], call.arguments[3], options);
  return true;
}
bool encode_setex(WriteCall& call) {
  return encode_setex_as(call, "setex", 1000);
}
bool encode_psetex(WriteCall& call) {
  return encode_setex_as(call, "psetex", 1);
}

bool encode_getex(WriteCall& call) {
  ExpiryOption option;
  for (std::size_t i = 2; i < call.arguments.size(); ++i) {
    if (!option.take(call.arguments, i, "PERSIST")) return refuse(call, message::syntax_error);
  }
  kv::Expiry expiry{.kind = kv::Expiry::Kind::keep};
  if (!option.read("getex", kv::Expiry::Kind::never, expiry, call.error)) return false;
  kv::encode_get_and_expire(call.operation, call.arguments[1], expiry);
  return true;
}

// As MSETNX of one key: it answers 1 or 0.
bool encode_setnx(WriteCall& call) {
  const kv::KeyValue pair{.key = call.arguments[1], .value = call.arguments[2]};
  kv::encode_set_many(call.operation, {&pair, 1}, true);
  return true;
}

bool encode_getset(WriteCall& call) {
  kv::encode_set(call.operation, call.arguments[1], call.arguments[2], {.want_old = true});
  return true;
}

bool encode_getdel(WriteCall& call) {
  kv::encode_get_and_erase(call.operation, call.arguments[1]);
  return true;
}

bool encode_append_call(WriteCall& call) {
  kv::encode_append(call.operation, call.arguments[1], call.arguments[2],
                    call.options.value_bytes_max);
  return true;
}

bool encode_setrange(WriteCall& call) {
  const auto offset = base::parse_integer(call.arguments[2]);
  if (!offset) return refuse(call, message::not_an_integer);
  if (*offset < 0) return refuse(call, "ERR offset is out of range");
  kv::encode_set_range(call.operation, call.arguments[1], static_cast<std::uint64_t>(*offset),
                       call.arguments[3], call.options.value_bytes_max);
  return true;
}

bool encode_pairs(WriteCall& call, std::string_view name, bool only_if_none_exists) {
  const Arguments words = call.arguments.subspan(1);
  if (words.size() % 2 != 0) {
    std::string error = "ERR wrong number of arguments for '";
    return refuse(call, error.append(name).append("' command"));
  }
  std::vector<kv::KeyValue> pairs;
  pairs.reserve(words.size() / 2);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    pairs.push_back({.key = words[i], .value = words[i + 1]});
  }
  kv::encode_set_many(call.operation, pairs, only_if_none_exists);
  return true;
}

bool encode_mset(WriteCall& call) {
  return encode_pairs(call, "mset", false);
}
bool encode_msetnx(WriteCall& call) {
  return encode_pairs(call, "msetnx", true);
}

bool encode_incr(WriteCall& call) {
  kv::encode_increment(call.operation, call.arguments[1], 1);
  return true;
}

bool encode_decr(WriteCall& call) {
  kv::encode_increment(call.operation, call.arguments[1], -1);
  return true;
}

bool encode_incrby(WriteCall& call) {
  const auto delta = base::parse_integer(call.arguments[2]);
  if (!delta) return refuse(call, message::not_an_integer);
  kv::encode_increment(call.operation, call.arguments[1], *delta);
  return true;
}

bool encode_decrby(WriteCall& call) {
  const auto delta = base::parse_integer(call.arguments[2]);
  if (!delta) return refuse(call, message::not_an_integer);
  if (*delta == std::numeric_limits<std::int64_t>::min()) {
    return refuse(call, "ERR decrement would overflow");
  }
  kv::encode_increment(call.operation, call.arguments[1], -*delta);
  return true;
}

bool encode_incrbyfloat(WriteCall& call) {
  kv::encode_increment_float(call.operation, call.arguments[1], call.arguments[2]);
  return true;
}

// A row of the family: what differs between them.
struct Row {
  std::string_view name;
  std::string_view syntax;
  int arity;
  Flags flags;
  std::string_view key_flags;
  std::string_view since;
  std::string_view summary;
  WriteHandler handler;
};

constexpr Command make(const Row& row) {
  return {.name = row.name,
          .syntax = row.syntax,
          .arity = row.arity,
          .flags = row.flags | flag::write,
          .categories = category::string,
          .keys = {.first = 1, .last = 1, .step = 1},
          .key_flags = row.key_flags,
          .group = "string",
          .since = row.since,
          .summary = row.summary,
          .complexity = "O(1)",
          .write = row.handler};
}

constexpr Command with_pairs(Command command, std::string_view tips) {
  command.keys = {.first = 1, .last = -1, .step = 2};
  command.tips = tips;
  command.complexity = "O(N) where N is the number of keys.";
  return command;
}

constexpr Flags denyoom = flag::denyoom;
constexpr Flags fast = flag::denyoom | flag::fast;
constexpr std::string_view changes = "RW access update";

constexpr Command rows[] = {
    make({"append", "key value", 3, fast, "RW insert", "2.0.0",
          "Appends to a value, which is created when missing.", encode_append_call}),
    make({"decr", "key", 2, fast, changes, "1.0.0", "Subtracts one from a number.", encode_decr}),
    make({"decrby", "key decrement", 3, fast, changes, "1.0.0", "Subtracts from a number.",
          encode_decrby}),
    make({"getdel", "key", 2, flag::fast, "RW access delete", "6.2.0",
          "Answers a value and deletes its key.", encode_getdel}),
    make({"getset", "key value", 3, fast, changes, "1.0.0",
          "Sets a value and answers the one before.", encode_getset}),
    make({"incr", "key", 2, fast, changes, "1.0.0", "Adds one to a number.", encode_incr}),
    make(
        {"incrby", "key increment", 3, fast, changes, "1.0.0", "Adds to a number.", encode_incrby}),
    make({"incrbyfloat", "key increment", 3, fast, changes, "2.6.0",
          "Adds to a number with a fraction.", encode_incrbyfloat}),
    with_pairs(make({"mset", "key value [key value ...]", -3, denyoom, "OW update", "1.0.1",
                     "Sets several keys at once.", encode_mset}),
               "request_policy:multi_shard response_policy:all_succeeded"),
    with_pairs(make({"msetnx", "key value [key value ...]", -3, denyoom, "OW insert", "1.0.1",
                     "Sets several keys at once, if none of them exists.", encode_msetnx}),
               "request_policy:multi_shard response_policy:agg_min"),
    make(
        {"getex",
         "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds "
         "| PERSIST]",
         -2, flag::fast, "RW access update", "6.2.0",
         "Answers a value and sets when its key expires.", encode_getex}),
    make({"psetex", "key milliseconds value", 4, denyoom, "OW update", "2.6.0",
          "Sets a key that expires after some milliseconds.", encode_psetex}),
    make({"setex", "key seconds value", 4, denyoom, "OW update", "2.0.0",
          "Sets a key that expires after some seconds.", encode_setex}),
    make({"set",
          "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
          "unix-time-milliseconds | KEEPTTL]",
          -3, denyoom, "RW access update variable_flags", "1.0.0", "Sets a key.", encode_set_call}),
    make({"setnx", "key value", 3, fast, "OW insert", "1.0.0", "Sets a key if it does not exist.",
          encode_setnx}),
    make({"setrange", "key offset value", 4, denyoom, "RW update", "2.2.0",
          "Overwrites a part of a value.", encode_setrange}),
};

}  // namespace

std::span<const Command> string_write_commands() {
  return rows;
}

}  // namespace rabia::server
