// Executing operations. Each reads its whole command before it touches the store: bytes that are
// malformed anywhere change nothing.
#include "kv/operations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "base/codec.h"
#include "base/mutant.h"
#include "base/number.h"
#include "kv/number.h"
#include "kv/result.h"
#include "kv/snapshot.h"
#include "kv/zigzag.h"

namespace rabia::kv {

using base::Mutant;
using base::mutated;

namespace {

constexpr std::string_view malformed_error = "ERR malformed command";
constexpr std::string_view too_long_error =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
constexpr std::string_view integer_error = "ERR value is not an integer or out of range";
constexpr std::string_view overflow_error = "ERR increment or decrement would overflow";
constexpr std::string_view float_error = "ERR value is not a valid float";
constexpr std::string_view no_reader_error = "ERR nothing can be read in a transaction here";
constexpr std::string_view not_finite_error = "ERR increment would produce NaN or Infinity";

// One operation being executed: the store, its bytes after the first, and where the answer goes.
struct Execution {
  Store& store;
  base::Decoder in;
  ResultWriter out;

  // Whether the command was read to its end and found well-formed. Answers otherwise.
  bool complete() {
    if (!in.complete()) out.error(malformed_error);
    return in.complete();
  }
  // A byte of at most `most`.
  std::uint8_t choice(std::uint8_t most) {
    const auto value = in.fixed<std::uint8_t>();
    if (value > most) in.fail();
    return value;
  }
  std::string_view key() {
    const std::string_view key = in.bytes();
    if (key.size() > Store::key_bytes_max) in.fail();
    return key;
  }
  std::string_view value() {
    const std::string_view value = in.bytes();
    if (value.size() > Store::value_bytes_max) in.fail();
    return value;
  }
  std::uint64_t value_bytes_max() { return std::min(in.varint(), Store::value_bytes_max); }
};

void bytes_or_nil(ResultWriter& out, std::optional<std::string_view> value) {
  if (value) {
    out.bytes(*value);
  } else {
    out.nil();
  }
}

void set(Execution& run) {
  const auto condition = static_cast<SetCondition>(run.choice(2));
  const bool want_old = run.choice(1) != 0;
  const std::string_view key = run.key();
  const std::string_view value = run.value();
  if (!run.complete()) return;
  const bool looks = want_old || condition != SetCondition::always;
  const std::optional<std::string_view> old = looks ? run.store.get(key) : std::nullopt;
  const bool allowed = condition == SetCondition::always ||
                       (condition == SetCondition::if_present) == old.has_value();
  if (want_old) {
    bytes_or_nil(run.out, old);  // Copied now: the change ends the view.
  } else if (allowed) {
    run.out.ok();
  } else {
    run.out.nil();
  }
  if (allowed) run.store.set(key, value);
}

// Reads the items once to see that all are well-formed; a copy of `in` then reads them again.
bool complete_list(Execution& run, base::Decoder& in, bool with_values) {
  in = run.in;
  for (std::uint64_t left = run.in.varint(); left > 0 && run.in.ok(); --left) {
    run.key();
    if (with_values) run.value();
  }
  return run.complete();
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

void set_many(Execution& run) {
  base::Decoder in = run.in;
  if (!complete_list(run, in, true)) return;
  set_pairs(run.store, in);
  run.out.ok();
}

void set_many_if_none(Execution& run) {
  base::Decoder in = run.in;
  if (!complete_list(run, in, true)) return;
  const bool allowed = !any_exists(run.store, in);
  if (allowed) set_pairs(run.store, in);
  run.out.integer(allowed ? 1 : 0);
}

void append(Execution& run) {
  const std::string_view key = run.key();
  const std::string_view bytes = run.in.bytes();
  const std::uint64_t limit = run.value_bytes_max();
  if (!run.complete()) return;
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
  if (!run.complete()) return;
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
  if (!run.complete()) return;
  const std::optional<std::int64_t> old = base::parse_integer(run.store.get(key).value_or("0"));
  if (!old) return run.out.error(integer_error);
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*old, delta, &sum)) return run.out.error(overflow_error);
  run.store.set(key, format_integer(sum));
  run.out.integer(sum);
}

void increment_float(Execution& run) {
  const std::string_view key = run.key();
  const std::string_view delta_text = run.in.bytes();
  if (!run.complete()) return;
  const std::optional<long double> old = parse_float(run.store.get(key).value_or("0"));
  const std::optional<long double> delta = parse_float(delta_text);
  if (!old || !delta) return run.out.error(float_error);
  const long double sum = *old + *delta;
  if (!std::isfinite(sum)) return run.out.error(not_finite_error);
  const std::string text = format_float(sum);
  run.store.set(key, text);
  run.out.bytes(text);
}

void get_and_erase(Execution& run) {
  const std::string_view key = run.key();
  if (!run.complete()) return;
  bytes_or_nil(run.out, run.store.get(key));
  run.store.erase(key);
}

void clear(Execution& run) {
  if (!run.complete()) return;
  run.store.clear();
  run.out.ok();
}

using Execute = void (*)(Execution&);
// By the number of the operation. A transaction is not in it: it holds others, and none of its
// kind.
constexpr std::array<Execute, 11> executes = {
    nullptr,          set,           erase, append, increment, increment_float, set_range, set_many,
    set_many_if_none, get_and_erase, clear,
};
static_assert(executes.size() == static_cast<std::size_t>(Operation::clear) + 1);

// To the first key of an operation; false when it has none.
bool skip_to_key(base::Decoder& in) {
  switch (static_cast<Operation>(in.fixed<std::uint8_t>())) {
    case Operation::set:
      in.fixed<std::uint16_t>();  // Condition, want_old.
      break;
    case Operation::erase:
    case Operation::set_many:
    case Operation::set_many_if_none:
      in.varint();
      break;
    case Operation::append:
    case Operation::increment:
    case Operation::increment_float:
    case Operation::set_range:
    case Operation::get_and_erase:
      break;
    default:
      return false;
  }
  return in.ok() && in.remaining() > 0;
}

}  // namespace

void StoreMachine::apply(const ApplyContext& /*context*/, std::string_view command,
                         std::string* reply) {
  if (mutated(Mutant::transaction_not_as_one)) execute(std::exchange(late_, {}), nullptr);
  const bool is_transaction =
      !command.empty() && command.front() == static_cast<char>(Operation::transaction);
  if (is_transaction) return execute_transaction(command.substr(1), reply);
  execute(command, reply);
}

void StoreMachine::execute(std::string_view operation_bytes, std::string* reply) {
  base::Decoder in(operation_bytes);
  const auto operation = in.fixed<std::uint8_t>();
  Execution run{store_, in, ResultWriter(reply)};
  if (operation == 0 || operation >= executes.size()) return run.out.error(malformed_error);
  executes[operation](run);
}

namespace {

TransactionCondition take_condition(base::Decoder& in) {
  const std::string_view key = in.bytes();
  return {key, in.varint()};
}

// The next item of a transaction; it fails on bytes that are none.
TransactionItem take_item(base::Decoder& in) {
  const auto kind = in.fixed<std::uint8_t>();
  if (kind > 1) in.fail();
  return {kind == 1, in.bytes()};
}

// Which is answered with ok, whatever there was.
bool is_plain_set(std::string_view operation) {
  return operation.starts_with(std::string_view("\x01\0\0", 3));
}

bool is_well_formed(base::Decoder in) {
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) take_condition(in);
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) take_item(in);
  return in.complete();
}

bool holds(const Store& store, const TransactionCondition& condition) {
  const std::optional<Store::Item> item = store.find(condition.key);
  return condition.revision == (item ? item->revision : 0);
}

}  // namespace

// One command of the log: nothing comes between its items. One that is malformed, or fails, does
// not undo the others, as in Redis.
void StoreMachine::execute_transaction(std::string_view transaction, std::string* reply) {
  ResultWriter out(reply);
  base::Decoder in(transaction);
  if (!is_well_formed(in)) return out.error(malformed_error);
  bool executed = true;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    executed = holds(store_, take_condition(in)) && executed;
  }
  if (!executed) return out.nil();
  const std::uint64_t count = in.varint();
  out.list(count);
  for (std::uint64_t left = count; left > 0; --left) {
    const TransactionItem item = take_item(in);
    if (mutated(Mutant::transaction_not_as_one) && left == 1 && is_plain_set(item.bytes)) {
      late_ = item.bytes;
      out.ok();
    } else if (!item.is_read) {
      execute(item.bytes, reply);
    } else if (out.wanted() && reader_ == nullptr) {
      out.error(no_reader_error);
    } else if (out.wanted()) {
      read_.clear();
      reader_->read(item.bytes, read_);
      out.read(read_);
    }
  }
}

// The first key of each: of those with many, the others cost one wait each.
void StoreMachine::prefetch(std::span<const std::string_view> commands) const {
  std::array<std::string_view, Store::prefetched_keys_max> keys;
  std::size_t count = 0;
  for (const std::string_view command : commands) {
    if (count == keys.size()) return;
    base::Decoder in(command);
    if (skip_to_key(in)) keys[count++] = in.bytes();
  }
  store_.prefetch({keys.data(), count});
}

std::unique_ptr<SnapshotReader> StoreMachine::begin_snapshot() {
  return std::make_unique<StoreSnapshotReader>(store_);
}

std::unique_ptr<SnapshotLoader> StoreMachine::begin_load() {
  return std::make_unique<StoreSnapshotLoader>(store_);
}

}  // namespace rabia::kv
