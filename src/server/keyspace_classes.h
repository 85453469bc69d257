// The letters of notify-keyspace-events: which events of keys are published at a replica.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rabia::server {

// A set of the bits below.
using KeyspaceClasses = std::uint32_t;
namespace keyspace {
inline constexpr KeyspaceClasses by_key = 1U << 0;    // K: to __keyspace@0__:<key>.
inline constexpr KeyspaceClasses by_event = 1U << 1;  // E: to __keyevent@0__:<event>.
inline constexpr KeyspaceClasses generic = 1U << 2;   // g
inline constexpr KeyspaceClasses string = 1U << 3;    // $
// l, s, h, z: of types that there are none of, as t (streams) and d (modules): they never happen.
inline constexpr KeyspaceClasses list = 1U << 4;
inline constexpr KeyspaceClasses set = 1U << 5;
inline constexpr KeyspaceClasses hash = 1U << 6;
inline constexpr KeyspaceClasses sorted_set = 1U << 7;
inline constexpr KeyspaceClasses expired = 1U << 8;  // x
inline constexpr KeyspaceClasses evicted = 1U << 9;  // e
inline constexpr KeyspaceClasses stream = 1U << 10;
inline constexpr KeyspaceClasses module = 1U << 11;
inline constexpr KeyspaceClasses key_miss = 1U << 12;  // m
inline constexpr KeyspaceClasses new_key = 1U << 13;   // n
// A: all of them but the last two, as in Redis.
inline constexpr KeyspaceClasses all = (1U << 12) - 1 - by_key - by_event;
}  // namespace keyspace

// Any letters in any order. Nothing: one of them is none.
[[nodiscard]] std::optional<KeyspaceClasses> parse_keyspace_classes(std::string_view text);
// In the order in which Redis answers them. Unlike there, n is not left out beside A: it would be
// lost when the configuration is rewritten.
[[nodiscard]] std::string print_keyspace_classes(KeyspaceClasses classes);

}  // namespace rabia::server
