// The store as a state machine: which operation a command is, and transactions of them.
#include "kv/operations.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "base/mutant.h"
#include "kv/digest.h"
#include "kv/execution.h"
#include "kv/result.h"
#include "kv/snapshot.h"
#include "kv/transaction_text.h"

namespace rabia::kv {

using base::Mutant;
using base::mutated;

namespace {

constexpr std::string_view limit_error = "ERR a limit is out of its range";
constexpr std::string_view no_reader_error = "ERR nothing can be read in a transaction here";

using Execute = void (*)(Execution&);
// By the number of the operation. What holds others, or is of the machine, is not in it, and none
// of these holds one of them.
constexpr std::array<Execute, 21> executes = {
    nullptr,
    execute::set,
    execute::erase,
    execute::append,
    execute::increment,
    execute::increment_float,
    execute::set_range,
    execute::set_many,
    execute::set_many_if_none,
    execute::get_and_erase,
    execute::clear,
    nullptr,  // A transaction.
    execute::publish,
    execute::expire,
    execute::get_and_expire,
    execute::persist,
    execute::rename,
    execute::copy,
    nullptr,  // once,
    nullptr,  // and set_limits.
    execute::touch,
};
static_assert(executes.size() == static_cast<std::size_t>(OperationCode::touch) + 1);

// Whether it may add data, so that it needs room.
constexpr bool adds_data(OperationCode operation) {
  switch (operation) {
    case OperationCode::set:
    case OperationCode::append:
    case OperationCode::increment:
    case OperationCode::increment_float:
    case OperationCode::set_range:
    case OperationCode::set_many:
    case OperationCode::set_many_if_none:
    case OperationCode::copy:
      return true;
    default:
      return false;
  }
}

// To the first key of an operation; false when it has none.
bool skip_to_key(base::Decoder& in) {
  switch (static_cast<OperationCode>(in.fixed<std::uint8_t>())) {
    case OperationCode::set:
      in.fixed<std::uint16_t>();                           // Condition, want_old.
      if (in.fixed<std::uint8_t>() % 3 != 0) in.varint();  // Expiry: `in` and `at` have a time.
      break;
    case OperationCode::erase:
    case OperationCode::set_many:
    case OperationCode::set_many_if_none:
    case OperationCode::touch:
      in.varint();
      break;
    case OperationCode::append:
    case OperationCode::increment:
    case OperationCode::increment_float:
    case OperationCode::set_range:
    case OperationCode::get_and_erase:
    case OperationCode::expire:
    case OperationCode::get_and_expire:
    case OperationCode::persist:
    case OperationCode::rename:
    case OperationCode::copy:
      break;
    default:
      return false;
  }
  return in.ok() && in.remaining() > 0;
}

}  // namespace

void StoreMachine::begin_batch(const ApplyContext& context) {
  constexpr std::uint64_t too_early = 50;  // Milliseconds.
  store_.advance_clock(context.time.value +
                       (mutated(Mutant::expiry_before_its_time) ? too_early : 0));
  replies_.advance_clock(context.time.value);
  store_.begin_operation(0);
  store_.expire(expired_by_a_batch);
  room().evict();
}

std::optional<LogTime> StoreMachine::wake_at() const {
  if (Fullness(store_, limits_.limits()).must_evict()) return LogTime{0};
  const Deadline next = store_.next_deadline();
  return next == no_deadline ? std::nullopt : std::optional(LogTime{next});
}

void StoreMachine::Recorder::on_change(const Change& change) {
  if (keeps) log.add(change);
  if (listener != nullptr) listener->on_change(change);
}

// Nobody who listens costs a change nothing.
void StoreMachine::listen() {
  const bool anyone = recorder_.keeps || recorder_.listener != nullptr;
  store_.set_listener(anyone ? &recorder_ : nullptr);
}

void StoreMachine::set_listener(Listener* listener) {
  recorder_.listener = listener;
  listen();
}

void StoreMachine::keep_changes(std::uint64_t bytes_max) {
  recorder_.keeps = true;
  recorder_.log.set_bytes_max(bytes_max);
  recorder_.log.begin_at(store_.revision());
  listen();
}

void StoreMachine::apply(const ApplyContext& /*context*/, std::string_view command,
                         std::string* reply) {
  if (mutated(Mutant::transaction_not_as_one)) execute(std::exchange(late_, {}), nullptr, nullptr);
  const auto is = [&](OperationCode operation) {
    return !command.empty() && command.front() == static_cast<char>(operation);
  };
  if (is(OperationCode::transaction)) return execute_transaction(command.substr(1), reply);
  if (is(OperationCode::once)) return execute_once(command.substr(1), reply);
  if (is(OperationCode::set_limits)) return execute_set_limits(command.substr(1), reply);
  Room room = this->room();
  execute(command, reply, &room);
}

// `room`: null when it was asked already.
void StoreMachine::execute(std::string_view operation_bytes, std::string* reply, Room* room) {
  base::Decoder in(operation_bytes);
  const auto operation = in.fixed<std::uint8_t>();
  Execution run{store_, in, ResultWriter(reply), recorder_.listener, room};
  const bool known = operation < executes.size() && executes[operation] != nullptr;
  if (!known) return run.out.error(malformed_error);
  store_.begin_operation(operation);
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

LimitChange take_limit(base::Decoder& in) {
  const auto field = static_cast<LimitField>(in.fixed<std::uint8_t>());
  return {field, in.varint()};
}

bool is_well_formed(base::Decoder in) {
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) take_condition(in);
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) take_item(in);
  return in.complete();
}

// Calls `use` with each key that an operation may add.
template <typename Use>
void for_each_added_key(std::string_view operation, const Use& use) {
  base::Decoder in(operation);
  if (operation.empty() || !adds_data(static_cast<OperationCode>(operation.front()))) return;
  if (!skip_to_key(in)) return;
  const auto kind = static_cast<OperationCode>(operation.front());
  const bool in_pairs = kind == OperationCode::set_many || kind == OperationCode::set_many_if_none;
  if (kind == OperationCode::copy) in.bytes();
  do {
    const std::string_view key = in.bytes();
    if (in.ok()) use(key);
    if (in_pairs) in.bytes();
  } while (in_pairs && in.ok() && in.remaining() > 0);
}

// What a transaction may add: whether anything, and how many keys that are not there. What it
// deletes makes no room for them.
struct Added {
  bool any = false;
  std::uint64_t keys = 0;
};
Added added_by(const Store& store, const Room& room, base::Decoder in) {
  for (std::uint64_t left = in.varint(); left > 0; --left) take_condition(in);
  Added added;
  std::vector<std::string_view> keys;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    const TransactionItem item = take_item(in);
    if (item.is_read) continue;
    for_each_added_key(item.bytes, [&](std::string_view key) { keys.push_back(key); });
  }
  added.any = !keys.empty();
  added.keys = room.has_keys_for(keys.size()) ? keys.size() : count_new(store, std::move(keys));
  return added;
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
  // As a whole, and before the conditions: what goes now may be what they are about.
  Room room = this->room();
  if (const Added added = added_by(store_, room, in); added.any) {
    const std::string_view refusal = room.make(added.keys);
    if (!refusal.empty()) return out.error(std::string(aborted_error).append(refusal));
  }
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
      execute(item.bytes, reply, nullptr);
    } else if (out.wanted() && reader_ == nullptr) {
      out.error(no_reader_error);
    } else if (out.wanted()) {
      read_.clear();
      reader_->read(item.bytes, read_);
      out.read(read_);
    }
  }
}

// The reply is made on all replicas, whoever waits. An error is a reply too.
void StoreMachine::execute_once(std::string_view once, std::string* reply) {
  ResultWriter out(reply);
  base::Decoder in(once);
  const std::string_view session = in.bytes();
  const std::uint64_t number = in.varint();
  const std::uint64_t keep_milliseconds = in.varint();
  const std::string_view operation = in.bytes();
  // What a message is answered differs between replicas, and what is kept must not.
  const bool is_message =
      !operation.empty() && operation.front() == static_cast<char>(OperationCode::publish);
  if (!in.complete() || session.size() > session_bytes_max || is_message) {
    return out.error(malformed_error);
  }
  const auto kept = replies_.find(session, number);
  if (kept && !mutated(Mutant::once_executed_again)) {
    if (reply != nullptr) reply->append(*kept);
    return;
  }
  read_.clear();
  Room room = this->room();
  execute(operation, &read_, &room);
  // Refused, it was not executed, and may be sent again.
  if (!room.refused()) replies_.keep(session, number, read_, keep_milliseconds);
  if (reply != nullptr) reply->append(read_);
}

void StoreMachine::execute_set_limits(std::string_view changes, std::string* reply) {
  ResultWriter out(reply);
  base::Decoder in(changes);
  const auto only_unset = in.fixed<std::uint8_t>();
  base::Decoder again = in;
  Limits tried = limits_.limits();
  bool in_range = true;
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    const LimitChange change = take_limit(in);
    in_range = in_range && put(tried, change.field, change.value);
  }
  if (!in.complete() || only_unset > 1) return out.error(malformed_error);
  if (!in_range) return out.error(limit_error);
  for (std::uint64_t left = again.varint(); left > 0; --left) {
    const LimitChange change = take_limit(again);
    if (only_unset == 1 && limits_.is_set(change.field)) continue;
    RABIA_CHECK(limits_.set(change.field, change.value));
  }
  put_limits_into_force();
  out.ok();
}

void StoreMachine::put_limits_into_force() {
  store_.track_uses(tracking_of(limits_.limits().policy));
  store_.let_keys_expire(limits_.limits().key_expiration_enabled);
}

StateDigest StoreMachine::digest() const {
  StateDigest digest = store_.digest();
  add(digest, digest_of_replies(replies_.store().digest()));
  add(digest, digest_of_limits(limits_.store().digest()));
  return digest;
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
  Store* const stores[] = {&store_, &replies_.store(), &limits_.store()};
  return std::make_unique<StoresSnapshotReader>(stores);
}

std::unique_ptr<SnapshotLoader> StoreMachine::begin_load() {
  Store* const stores[] = {&store_, &replies_.store(), &limits_.store()};
  return std::make_unique<StoresSnapshotLoader>(stores, [this] {
    limits_.reload();
    put_limits_into_force();
    recorder_.log.begin_at(store_.revision());
    if (recorder_.listener != nullptr) recorder_.listener->on_skipped();
  });
}

}  // namespace rabia::kv
