// Executing what changes values.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "base/number.h"
#include "kv/execution.h"
#include "kv/number.h"

namespace rabia::kv {
namespace {

constexpr std::string_view too_long_error =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
constexpr std::string_view integer_error = "ERR value is not an integer or out of range";
constexpr std::string_view overflow_error = "ERR increment or decrement would overflow";
constexpr std::string_view float_error = "ERR value is not a valid float";
constexpr std::string_view not_finite_error = "ERR increment would produce NaN or Infinity";

// Reads the items once to see that all are well-formed; a copy of `in` then reads them again.
bool complete_list(Execution& run, base::Decoder& in, bool with_values) {
  in = run.in;
  for (std::uint64_t left = run.in.varint(); left > 0 && run.in.ok(); --left) {
    run.key();
    if (with_values) run.value();
  }
  return run.complete();
}

std::vector<std::string_view> keys_of_pairs(base::Decoder in) {
  std::vector<std::string_view> keys;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    keys.push_back(in.bytes());
    in.bytes();
  }
  return keys;
}

bool has_room_for_pairs(Execution& run, base::Decoder in) {
  return run.has_room(base::Decoder(in).varint(),
                      [&] { return count_new(run.store, keys_of_pairs(in)); });
}

void set_pairs(Store& store, base::Decoder in) {
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    const std::string_view key = in.bytes();
    store.set(key, in.bytes());
  }
}

bool any_exists(const Store& store, base::Decoder in) {
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    if (store.contains(in.bytes())) return true;
    in.bytes();
  }
  return false;
}

}  // namespace

std::uint64_t count_new(const Store& store, std::vector<std::string_view> keys) {
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return static_cast<std::uint64_t>(
      std::ranges::count_if(keys, [&store](std::string_view key) { return !store.contains(key); }));
}

namespace execute {

void set(Execution& run) {
  const auto condition = static_cast<SetCondition>(run.choice(2));
  const bool want_old = run.choice(1) != 0;
  const Expiry expiry = run.expiry();
  const std::string_view key = run.key();
  const std::string_view value = run.value();
  if (!run.complete() || !run.has_room_for(key)) return;
  const bool looks =
      want_old || condition != SetCondition::always || expiry.kind == Expiry::Kind::keep;
  const std::optional<Store::Item> old = looks ? run.store.find(key) : std::nullopt;
  const bool allowed = condition == SetCondition::always ||
                       (condition == SetCondition::if_present) == old.has_value();
  if (want_old && !old) run.missed(key);
  if (want_old) {
    run.bytes_or_nil(old ? std::optional(old->value)
                         : std::nullopt);  // Copied: the change ends it.
  } else if (allowed) {
    run.out.ok();
  } else {
    run.out.nil();
  }
  if (!allowed) return;
  const std::int64_t deadline = run.deadline_of(expiry, old ? old->deadline : no_deadline);
  if (expiry.kind == Expiry::Kind::keep) run.store.begin_operation(set_keeping_deadline);
  if (run.is_over(expiry, deadline)) {
    run.store.erase(key);
  } else {
    run.store.set(key, value, Execution::kept(expiry, deadline));
  }
}

void erase(Execution& run) {
  base::Decoder in = run.in;
  if (!complete_list(run, in, false)) return;
  std::int64_t erased = 0;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    if (run.store.erase(in.bytes())) ++erased;
  }
  run.out.integer(erased);
}

void set_many(Execution& run) {
  base::Decoder in = run.in;
  if (!complete_list(run, in, true)) return;
  if (!has_room_for_pairs(run, in)) return;
  set_pairs(run.store, in);
  run.out.ok();
}

void set_many_if_none(Execution& run) {
  base::Decoder in = run.in;
  if (!complete_list(run, in, true)) return;
  if (!has_room_for_pairs(run, in)) return;
  const bool allowed = !any_exists(run.store, in);
  if (allowed) set_pairs(run.store, in);
  run.out.integer(allowed ? 1 : 0);
}

void append(Execution& run) {
  const std::string_view key = run.key();
  const std::string_view bytes = run.in.bytes();
  const std::uint64_t limit = run.value_bytes_max();
  if (!run.complete() || !run.has_room_for(key)) return;
  const std::optional<std::string_view> old = run.store.get(key);
  const std::uint64_t old_length = old ? old->size() : 0;
  // A new value was checked when the client sent it; only growth is checked here, as in Redis.
  const std::uint64_t length_max = old ? limit : Store::value_bytes_max;
  if (old_length + bytes.size() > length_max) return run.out.error(too_long_error);
  run.out.integer(static_cast<std::int64_t>(run.store.append(key, bytes)));
}

void set_range(Execution& run) {
  const std::string_view key = run.key();
  const std::uint64_t offset = run.in.varint();
  const std::string_view bytes = run.in.bytes();
  const std::uint64_t limit = run.value_bytes_max();
  if (!run.complete() || !run.has_room_for(key)) return;
  if (bytes.empty()) {  // Changes nothing, and does not make an empty value.
    const std::optional<std::string_view> old = run.store.get(key);
    return run.out.integer(old ? static_cast<std::int64_t>(old->size()) : 0);
  }
  if (bytes.size() > limit || offset > limit - bytes.size()) return run.out.error(too_long_error);
  run.out.integer(static_cast<std::int64_t>(run.store.set_range(key, offset, bytes)));
}

void increment(Execution& run) {
  const std::string_view key = run.key();
  const std::int64_t delta = unzigzag(run.in.varint());
  if (!run.complete() || !run.has_room_for(key)) return;
  const std::optional<Store::Item> item = run.store.find(key);
  const std::optional<std::int64_t> old = base::parse_integer(item ? item->value : "0");
  if (!old) return run.out.error(integer_error);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*old, delta, &sum)) return run.out.error(overflow_error);
  run.store.set(key, format_integer(sum), item ? item->deadline : no_deadline);
  run.out.integer(sum);
}

void increment_float(Execution& run) {
  const std::string_view key = run.key();
  const std::string_view delta_text = run.in.bytes();
  if (!run.complete() || !run.has_room_for(key)) return;
  const std::optional<Store::Item> item = run.store.find(key);
  const std::optional<long double> old = parse_float(item ? item->value : "0");
  const std::optional<long double> delta = parse_float(delta_text);
  if (!old || !delta) return run.out.error(float_error);
  const long double sum = *old + *delta;
  if (!std::isfinite(sum)) return run.out.error(not_finite_error);
  const std::string text = format_float(sum);
  run.store.set(key, text, item ? item->deadline : no_deadline);
  run.out.bytes(text);
}

void get_and_erase(Execution& run) {
  const std::string_view key = run.key();
  if (!run.complete()) return;
  run.bytes_or_nil(run.store.get(key));
  if (!run.store.erase(key)) run.missed(key);
}

void clear(Execution& run) {
  if (!run.complete()) return;
  run.store.clear();
  run.out.ok();
}

}  // namespace execute

}  // namespace rabia::kv
