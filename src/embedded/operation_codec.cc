#include "embedded/operation_codec.h"

#include <array>
#include <optional>

#include "base/codec.h"
#include "kv/operations.h"
#include "kv/result_reader.h"
#include "kv/transaction_text.h"

namespace rabia::embedded {
namespace {

template <typename... Functions>
struct Each : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Each(Functions...) -> Each<Functions...>;

enum class Read : std::uint8_t { get = 0, exists = 1, list_keys = 2, size = 3 };

// Some may be due and not be removed yet.
std::uint64_t keys_that_live(const kv::Store& store) {
  if (!store.any_due()) return store.size();
  std::uint64_t keys = 0;
  store.for_each([&keys](std::string_view, std::string_view) { ++keys; });
  return keys;
}

std::string read_of(Read kind, std::string_view text) {
  std::string out(1, static_cast<char>(kind));
  out.append(text);
  return out;
}

Status unexpected() {
  return {Code::corrupted, "the store answered what is no answer to this operation"};
}

Status error_of(std::string_view text) {
  std::string_view reason = text;
  if (reason.starts_with(kv::aborted_error)) reason.remove_prefix(kv::aborted_error.size());
  const Code code = reason.starts_with("OOM ") ? Code::exhausted : Code::invalid_argument;
  return {code, std::string(text)};
}

// One result, and what belongs to it.
Result<kv::Result> take(const kv::Operation& operation, kv::ResultReader& in) {
  const std::optional<kv::ResultItem> item = in.next();
  if (!item) return unexpected();
  if (item->tag == kv::ResultTag::error) return error_of(item->text);
  using Answer = std::optional<kv::Result>;
  const bool is_integer = item->tag == kv::ResultTag::integer;
  const auto was_there = [&]() -> Answer {
    return is_integer ? Answer(kv::WasThere{item->integer != 0}) : Answer();
  };
  const auto done = [&]() -> Answer {
    return item->tag == kv::ResultTag::ok ? Answer(kv::Done{}) : Answer();
  };
  const Each answer_to{
      [&](const kv::Set&) { return done(); },
      [&](const kv::Clear&) { return done(); },
      [&](const kv::Delete&) { return was_there(); },
      [&](const kv::Exists&) { return was_there(); },
      [&](const kv::Size&) -> Answer {
        return is_integer ? Answer(kv::Count{static_cast<std::uint64_t>(item->integer)}) : Answer();
      },
      [&](const kv::Get&) -> Answer {
        if (item->tag == kv::ResultTag::nil) return kv::Found{};
        if (item->tag != kv::ResultTag::bytes) return std::nullopt;
        return kv::Found{std::string(item->text)};
      },
      [&](const kv::ListKeys&) -> Answer {
        if (item->tag != kv::ResultTag::list) return std::nullopt;
        kv::Keys keys;
        for (std::int64_t left = item->integer; left > 0; --left) {
          const std::optional<kv::ResultItem> key = in.next();
          if (!key || key->tag != kv::ResultTag::bytes) return std::nullopt;
          keys.keys.emplace_back(key->text);
        }
        return keys;
      }};
  Answer answer = std::visit(answer_to, operation);
  if (!answer) return unexpected();
  return std::move(*answer);
}

}  // namespace

bool is_read(const kv::Operation& operation) {
  return std::visit(
      Each{[](const kv::Set&) { return false; }, [](const kv::Delete&) { return false; },
           [](const kv::Clear&) { return false; }, [](const auto&) { return true; }},
      operation);
}

Status check(const kv::Operation& operation) {
  const auto key = [](const std::string& text) -> Status {
    if (text.size() <= kv::operation_key_bytes_max) return {};
    return {Code::invalid_argument, "a key of " + std::to_string(text.size()) + " bytes: at most " +
                                        std::to_string(kv::operation_key_bytes_max)};
  };
  return std::visit(Each{[&](const kv::Set& set) -> Status {
                           if (set.time_to_live && set.time_to_live->count() < 1) {
                             return {Code::invalid_argument, "a time to live is 1 ms or more"};
                           }
                           return key(set.key);
                         },
                         [&](const kv::Get& get) { return key(get.key); },
                         [&](const kv::Delete& erase) { return key(erase.key); },
                         [&](const kv::Exists& exists) { return key(exists.key); },
                         [&](const kv::ListKeys& list) { return key(list.prefix); },
                         [](const auto&) { return Status(); }},
                    operation);
}

Status check(std::span<const kv::Operation> operations) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (Status status = check(operations[i]); !status.ok()) {
      return {status.code(), "operation " + std::to_string(i + 1) + ": " + status.message()};
    }
  }
  return {};
}

std::string encode_write(const kv::Operation& operation) {
  std::string out;
  std::visit(Each{[&](const kv::Set& set) {
                    kv::SetOptions options;
                    if (set.time_to_live) {
                      options.expiry = {kv::Expiry::Kind::in, set.time_to_live->count()};
                    }
                    kv::encode_set(out, set.key, set.value, options);
                  },
                  [&](const kv::Delete& erase) {
                    kv::encode_erase(out, std::array{std::string_view(erase.key)});
                  },
                  [&](const kv::Clear&) { kv::encode_clear(out); }, [](const auto&) {}},
             operation);
  return out;
}

std::string encode_read(const kv::Operation& operation) {
  return std::visit(
      Each{[](const kv::Get& get) { return read_of(Read::get, get.key); },
           [](const kv::Exists& exists) { return read_of(Read::exists, exists.key); },
           [](const kv::ListKeys& list) { return read_of(Read::list_keys, list.prefix); },
           [](const kv::Size&) { return read_of(Read::size, {}); },
           [](const auto&) { return std::string(); }},
      operation);
}

std::string encode_batch(std::span<const kv::Operation> operations) {
  std::vector<std::string> encoded;
  std::vector<kv::TransactionItem> items;
  encoded.reserve(operations.size());
  items.reserve(operations.size());
  for (const kv::Operation& operation : operations) {
    const bool reads = is_read(operation);
    encoded.push_back(reads ? encode_read(operation) : encode_write(operation));
    items.push_back({reads, encoded.back()});
  }
  std::string out;
  kv::encode_transaction(out, {}, items);
  return out;
}

void answer_read(const kv::Store& store, std::string_view read, std::string& out) {
  kv::ResultWriter answer(&out);
  const std::string_view text = read.substr(std::min<std::size_t>(1, read.size()));
  switch (static_cast<Read>(read.empty() ? '\xff' : read.front())) {
    case Read::get:
      if (const auto value = store.get(text)) return answer.bytes(*value);
      return answer.nil();
    case Read::exists:
      return answer.integer(store.contains(text) ? 1 : 0);
    case Read::size:
      return answer.integer(static_cast<std::int64_t>(keys_that_live(store)));
    case Read::list_keys: {
      std::vector<std::string_view> keys;
      store.for_each([&](std::string_view key, std::string_view) {
        if (key.starts_with(text)) keys.push_back(key);
      });
      answer.list(keys.size());
      for (const std::string_view key : keys) answer.bytes(key);
      return;
    }
  }
  answer.error("ERR no such read");
}

Result<kv::Result> decode_answer(const kv::Operation& operation, std::string_view answer) {
  kv::ResultReader in(answer);
  return take(operation, in);
}

Status check_written(std::string_view answer) {
  kv::ResultReader in(answer);
  const std::optional<kv::ResultItem> item = in.next();
  if (!item) return unexpected();
  return item->tag == kv::ResultTag::error ? error_of(item->text) : Status();
}

Result<std::vector<kv::Result>> decode_batch_answer(std::span<const kv::Operation> operations,
                                                    std::string_view answer) {
  kv::ResultReader in(answer);
  const std::optional<kv::ResultItem> list = in.next();
  if (!list) return unexpected();
  if (list->tag == kv::ResultTag::error) return error_of(list->text);
  if (list->tag != kv::ResultTag::list) return unexpected();
  std::vector<kv::Result> results;
  results.reserve(operations.size());
  for (const kv::Operation& operation : operations) {
    Result<kv::Result> result = unexpected();
    if (is_read(operation)) {
      const std::optional<kv::ResultItem> read = in.next();
      if (!read || read->tag != kv::ResultTag::read) return unexpected();
      result = decode_answer(operation, read->text);
    } else {
      result = take(operation, in);
    }
    if (!result.ok()) return result.status();
    results.push_back(result.take());
  }
  return results;
}

}  // namespace rabia::embedded
