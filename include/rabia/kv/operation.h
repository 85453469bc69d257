// What can be done to a key-value store, and what it answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rabia::kv {

// Keys and values are any bytes: keys up to key_bytes_max, an operation or a batch of them up to
// rabia::command_bytes_max in all.
inline constexpr std::size_t operation_key_bytes_max = 64U << 10;

struct Set {
  std::string key;
  std::string value;
  // The key is gone when so much time of the log's clock has passed, from 1 ms on. Nothing: it
  // stays.
  std::optional<std::chrono::milliseconds> time_to_live{};
};
struct Get {
  std::string key;
};
struct Delete {
  std::string key;
};
struct Exists {
  std::string key;
};
// All keys that begin with `prefix`, in an order of no meaning.
struct ListKeys {
  std::string prefix{};
};
struct Clear {};
struct Size {};

using Operation = std::variant<Set, Get, Delete, Exists, ListKeys, Clear, Size>;

struct Done {};  // Set, Clear.
struct Found {   // Get. Nothing: there is no such key.
  std::optional<std::string> value;
};
struct WasThere {  // Delete, Exists.
  bool value = false;
};
struct Keys {  // ListKeys.
  std::vector<std::string> keys;
};
struct Count {  // Size.
  std::uint64_t keys = 0;
};

// The alternative that the operation's comment names.
using Result = std::variant<Done, Found, WasThere, Keys, Count>;

}  // namespace rabia::kv
