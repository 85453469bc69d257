// Executing what changes keys as such (when they expire, what they are called), and messages.
#include <optional>
#include <string>

#include "kv/execution.h"

namespace rabia::kv {
namespace {

constexpr std::string_view no_such_key_error = "ERR no such key";

ExpireConditions conditions_of(std::uint8_t bits) {
  return {.if_none = (bits & 1) != 0,
          .if_any = (bits & 2) != 0,
          .if_greater = (bits & 4) != 0,
          .if_less = (bits & 8) != 0};
}

bool allow(const ExpireConditions& conditions, Deadline present, std::int64_t next) {
  const bool has_one = present != no_deadline;
  const auto now = static_cast<std::int64_t>(present);
  if (conditions.if_none && has_one) return false;
  if (conditions.if_any && !has_one) return false;
  if (conditions.if_greater && (!has_one || next <= now)) return false;
  return !conditions.if_less || !has_one || next < now;
}

// Gives a key that is there another deadline, or erases it.
void give_deadline(Execution& run, std::string_view key, const Expiry& expiry,
                   std::int64_t deadline) {
  if (run.is_over(expiry, deadline)) {
    run.store.erase(key);
  } else {
    run.store.set_deadline(key, Execution::kept(expiry, deadline));
  }
}

}  // namespace

namespace execute {

void expire(Execution& run) {
  const std::string_view key = run.key();
  const Expiry expiry = run.expiry();
  if (expiry.kind != Expiry::Kind::in && expiry.kind != Expiry::Kind::at) run.in.fail();
  const ExpireConditions conditions = conditions_of(run.choice(15));
  if (!run.complete()) return;
  const std::optional<Store::Item> item = run.store.find(key);
  const std::int64_t deadline = run.deadline_of(expiry, no_deadline);
  const bool done = item && allow(conditions, item->deadline, deadline);
  if (done) give_deadline(run, key, expiry, deadline);
  run.out.integer(done ? 1 : 0);
}

void get_and_expire(Execution& run) {
  const std::string_view key = run.key();
  const Expiry expiry = run.expiry();
  if (!run.complete()) return;
  const std::optional<Store::Item> item = run.store.find(key);
  if (!item) {
    run.missed(key);
    return run.out.nil();
  }
  run.out.bytes(item->value);
  const Deadline present = item->deadline;
  const std::int64_t deadline = run.deadline_of(expiry, present);
  if (deadline != static_cast<std::int64_t>(present)) {
    give_deadline(run, key, expiry, deadline);
  } else {
    run.store.touch(key);
  }
}

void persist(Execution& run) {
  const std::string_view key = run.key();
  if (!run.complete()) return;
  const std::optional<Store::Item> item = run.store.find(key);
  const bool done = item && item->deadline != no_deadline;
  if (done) run.store.set_deadline(key, no_deadline);
  run.out.integer(done ? 1 : 0);
}

void rename(Execution& run) {
  const std::string_view from = run.key();
  const std::string_view to = run.key();
  const bool if_absent = run.choice(1) != 0;
  if (!run.complete()) return;
  const std::optional<Store::Item> item = run.store.find(from);
  if (!item) return run.out.error(no_such_key_error);
  const bool done = !if_absent || !run.store.contains(to);
  if (done && from != to) run.store.rename(from, to);
  if (if_absent) return run.out.integer(done ? 1 : 0);
  run.out.ok();
}

void copy(Execution& run) {
  const std::string_view from = run.key();
  const std::string_view to = run.key();
  const bool replace = run.choice(1) != 0;
  if (!run.complete() || !run.has_room_for(to)) return;
  const std::optional<Store::Item> item = run.store.find(from);
  const bool done = item && from != to && (replace || !run.store.contains(to));
  if (!item) run.missed(from);
  if (done) {
    const std::string value(item->value);  // A change must not read what it may move.
    run.store.set(to, value, item->deadline);
  }
  run.out.integer(done ? 1 : 0);
}

void publish(Execution& run) {
  const auto kind = static_cast<ChannelKind>(run.choice(1));
  const std::string_view channel = run.value();
  const std::string_view payload = run.value();
  if (!run.complete()) return;
  const std::uint64_t receivers =
      run.listener == nullptr ? 0 : run.listener->on_message(kind, channel, payload);
  run.out.integer(static_cast<std::int64_t>(receivers));
}

void touch(Execution& run) {
  base::Decoder in = run.in;
  for (std::uint64_t left = run.in.varint(); left > 0 && run.in.ok(); --left) run.key();
  if (!run.complete()) return;
  std::int64_t found = 0;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    const std::string_view key = in.bytes();
    if (!run.store.contains(key)) continue;
    ++found;
    run.store.touch(key);
  }
  run.out.integer(found);
}

}  // namespace execute

}  // namespace rabia::kv
