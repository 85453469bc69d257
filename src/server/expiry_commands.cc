// Commands about when keys expire.
#include <algorithm>
#include <string>

#include "server/command.h"
#include "server/expiry.h"
#include "server/keyspace_events.h"
#include "server/text.h"

namespace rabia::server {
namespace {

// ---- setting a deadline

// NX, XX, GT, LT. False: `error` is set.
bool take_conditions(WriteCall& call, kv::ExpireConditions& conditions) {
  for (const std::string_view option : call.arguments.subspan(3)) {
    if (equals_ignoring_case(option, "NX")) {
      conditions.if_none = true;
    } else if (equals_ignoring_case(option, "XX")) {
      conditions.if_any = true;
    } else if (equals_ignoring_case(option, "GT")) {
      conditions.if_greater = true;
    } else if (equals_ignoring_case(option, "LT")) {
      conditions.if_less = true;
    } else {
      call.error = "ERR Unsupported option ";
      call.error.append(option);
      return false;
    }
  }
  const bool others = conditions.if_any || conditions.if_greater || conditions.if_less;
  if (conditions.if_none && others) {
    call.error = "ERR NX and XX, GT or LT options at the same time are not compatible";
    return false;
  }
  if (conditions.if_greater && conditions.if_less) {
    call.error = "ERR GT and LT options at the same time are not compatible";
    return false;
  }
  return true;
}

// A time that is over erases the key.
bool encode_expire_as(WriteCall& call, std::string_view name, std::int64_t unit,
                      kv::Expiry::Kind kind) {
  kv::ExpireConditions conditions;
  if (!take_conditions(call, conditions)) return false;
  std::optional<std::int64_t> milliseconds = read_time(call.arguments[2], unit, name, call.error);
  if (!milliseconds) return false;
  if (kind == kv::Expiry::Kind::in && *milliseconds > 0) {
    milliseconds = read_duration(call.arguments[2], unit, name, call.error);
    if (!milliseconds) return false;
  }
  kv::encode_expire(call.operation, call.arguments[1], {kind, *milliseconds}, conditions);
  return true;
}

bool encode_expire_call(WriteCall& call) {
  return encode_expire_as(call, "expire", 1000, kv::Expiry::Kind::in);
}
bool encode_pexpire(WriteCall& call) {
  return encode_expire_as(call, "pexpire", 1, kv::Expiry::Kind::in);
}
bool encode_expireat(WriteCall& call) {
  return encode_expire_as(call, "expireat", 1000, kv::Expiry::Kind::at);
}
bool encode_pexpireat(WriteCall& call) {
  return encode_expire_as(call, "pexpireat", 1, kv::Expiry::Kind::at);
}

bool encode_persist_call(WriteCall& call) {
  kv::encode_persist(call.operation, call.arguments[1]);
  return true;
}

// ---- asking for it

// Answers what `shown` makes of the deadline; -2 when there is no key, -1 when it has none.
template <typename Show>
void answer_deadline(ReadCall& call, Show shown) {
  const auto item = call.store.find(call.arguments[1]);
  if (!item) {
    note_miss(call.server, call.arguments[1]);
    return call.reply.integer(-2);
  }
  if (item->deadline == kv::no_deadline) return call.reply.integer(-1);
  call.reply.integer(shown(static_cast<std::int64_t>(item->deadline)));
}

constexpr std::int64_t in_seconds(std::int64_t milliseconds) {
  return (milliseconds + 500) / 1000;
}

// By where the log's clock would be if somebody wrote now, so that it is seen to go on. The key is
// there until the log's clock has reached its deadline.
std::int64_t left_of(const ReadCall& call, std::int64_t deadline) {
  const auto now = static_cast<std::int64_t>(call.replica.log_time().value);
  return std::max<std::int64_t>(deadline - now, 0);
}

void run_ttl(ReadCall& call) {
  answer_deadline(call, [&](std::int64_t deadline) { return in_seconds(left_of(call, deadline)); });
}
void run_pttl(ReadCall& call) {
  answer_deadline(call, [&](std::int64_t deadline) { return left_of(call, deadline); });
}
void run_expiretime(ReadCall& call) {
  answer_deadline(call, in_seconds);
}
void run_pexpiretime(ReadCall& call) {
  answer_deadline(call, [](std::int64_t deadline) { return deadline; });
}

// ---- rows

constexpr Command make(std::string_view name, std::string_view since, std::string_view summary) {
  return {.name = name,
          .syntax = "key",
          .arity = 2,
          .flags = flag::fast,
          .categories = category::keyspace,
          .keys = {.first = 1, .last = 1, .step = 1},
          .group = "generic",
          .since = since,
          .summary = summary,
          .complexity = "O(1)"};
}

constexpr Command reading(Command command, std::string_view tips, ReadHandler handler) {
  command.flags |= flag::readonly;
  command.key_flags = "RO access";
  command.tips = tips;
  command.read = handler;
  return command;
}

constexpr Command writing(Command command, WriteHandler handler) {
  command.flags |= flag::write;
  command.key_flags = "RW update";
  command.write = handler;
  return command;
}

constexpr Command setting(Command command, std::string_view syntax, WriteHandler handler) {
  command.arity = -3;
  command.syntax = syntax;
  return writing(command, handler);
}

constexpr std::string_view changing = "nondeterministic_output";

constexpr Command rows[] = {
    setting(make("expire", "1.0.0", "Sets after how many seconds a key expires."),
            "key seconds [NX | XX | GT | LT]", encode_expire_call),
    setting(make("expireat", "1.2.0", "Sets at which Unix time a key expires."),
            "key unix-time-seconds [NX | XX | GT | LT]", encode_expireat),
    reading(make("expiretime", "7.0.0", "Answers at which Unix time a key expires."), "",
            run_expiretime),
    writing(make("persist", "2.2.0", "Makes a key never expire."), encode_persist_call),
    setting(make("pexpire", "2.6.0", "Sets after how many milliseconds a key expires."),
            "key milliseconds [NX | XX | GT | LT]", encode_pexpire),
    setting(make("pexpireat", "2.6.0", "Sets at which Unix time in milliseconds a key expires."),
            "key unix-time-milliseconds [NX | XX | GT | LT]", encode_pexpireat),
    reading(
        make("pexpiretime", "7.0.0", "Answers at which Unix time in milliseconds a key expires."),
        "", run_pexpiretime),
    reading(make("pttl", "2.6.0", "Answers in how many milliseconds a key expires."), changing,
            run_pttl),
    reading(make("ttl", "1.0.0", "Answers in how many seconds a key expires."), changing, run_ttl),
};

}  // namespace

std::span<const Command> expiry_commands() {
  return rows;
}

}  // namespace rabia::server
