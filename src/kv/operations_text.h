// For tests of operations: short ways to encode one, and to run it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/operations.h"
#include "kv/reply_text.h"

namespace rabia::kv {

inline constexpr std::uint64_t limit = 1'000;

inline std::string run(StoreMachine& machine, std::string_view command) {
  std::string reply;
  machine.apply({}, command, &reply);
  return reply_text(reply);
}

// Short ways to encode.
inline std::string set(std::string_view key, std::string_view value, SetOptions options = {}) {
  std::string out;
  encode_set(out, key, value, options);
  return out;
}
inline std::string erase(std::vector<std::string_view> keys) {
  std::string out;
  encode_erase(out, keys);
  return out;
}
inline std::string append(std::string_view key, std::string_view bytes,
                          std::uint64_t most = limit) {
  std::string out;
  encode_append(out, key, bytes, most);
  return out;
}
inline std::string increment(std::string_view key, std::int64_t delta) {
  std::string out;
  encode_increment(out, key, delta);
  return out;
}
inline std::string increment_float(std::string_view key, std::string_view delta) {
  std::string out;
  encode_increment_float(out, key, delta);
  return out;
}
inline std::string set_range(std::string_view key, std::uint64_t offset, std::string_view bytes,
                             std::uint64_t most = limit) {
  std::string out;
  encode_set_range(out, key, offset, bytes, most);
  return out;
}
inline std::string set_many(std::vector<KeyValue> pairs, bool only_if_none_exists = false) {
  std::string out;
  encode_set_many(out, pairs, only_if_none_exists);
  return out;
}
inline std::string get_and_erase(std::string_view key) {
  std::string out;
  encode_get_and_erase(out, key);
  return out;
}
inline std::string clear() {
  std::string out;
  encode_clear(out);
  return out;
}

inline std::string publish(ChannelKind kind, std::string_view channel, std::string_view payload) {
  std::string out;
  encode_publish(out, kind, channel, payload);
  return out;
}
inline std::string expire(std::string_view key, Expiry expiry, ExpireConditions conditions = {}) {
  std::string out;
  encode_expire(out, key, expiry, conditions);
  return out;
}
inline std::string get_and_expire(std::string_view key, Expiry expiry) {
  std::string out;
  encode_get_and_expire(out, key, expiry);
  return out;
}
inline std::string persist(std::string_view key) {
  std::string out;
  encode_persist(out, key);
  return out;
}
inline std::string rename(std::string_view from, std::string_view to, bool only_if_absent = false) {
  std::string out;
  encode_rename(out, from, to, only_if_absent);
  return out;
}
inline std::string copy(std::string_view from, std::string_view to, bool replace = false) {
  std::string out;
  encode_copy(out, from, to, replace);
  return out;
}
inline std::string set_limits(std::vector<LimitChange> changes, bool only_unset = false) {
  std::string out;
  encode_set_limits(out, changes, only_unset);
  return out;
}
inline std::string touch(const std::vector<std::string>& keys) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  std::string out;
  encode_touch(out, views);
  return out;
}
inline std::string once(std::string_view session, std::uint64_t number, std::string_view operation,
                        std::uint64_t keep_milliseconds = 1'000) {
  std::string out;
  encode_once(out, {session, number, keep_milliseconds}, operation);
  return out;
}
inline std::string transaction(std::vector<TransactionItem> items,
                               std::vector<TransactionCondition> conditions = {}) {
  std::string out;
  encode_transaction(out, conditions, items);
  return out;
}

}  // namespace rabia::kv
