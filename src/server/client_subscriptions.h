// What one client is subscribed to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

namespace rabia::server {

enum class SubscriptionKind : std::uint8_t { channel, pattern, shard_channel };
inline constexpr std::size_t subscription_kinds = 3;

// Changed by Subscriptions alone, which owns the names.
struct ClientSubscriptions {
  using Names = std::set<std::string_view>;

  std::array<Names, subscription_kinds> by_kind;
  std::size_t name_bytes = 0;  // Of all names.

  [[nodiscard]] const Names& of(SubscriptionKind kind) const {
    return by_kind[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t count = 0;
    for (const Names& names : by_kind) count += names.size();
    return count;
  }
  [[nodiscard]] bool any() const {
    return std::ranges::any_of(by_kind, [](const Names& names) { return !names.empty(); });
  }
  // About what they cost beside the client: names, and their places in the sets and tables.
  [[nodiscard]] std::size_t memory_bytes() const { return name_bytes + count() * 160; }
};

}  // namespace rabia::server
