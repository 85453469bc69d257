// The hash that orders the store's keys.
#pragma once

#include <cstdint>
#include <string_view>

namespace rabia::kv {

// Must be fixed for the life of the data: cursors of SCAN are hash values, and stores on different
// replicas must agree on them. Tests pass poor ones to force collisions.
using HashFunction = std::uint64_t (*)(std::string_view key);

}  // namespace rabia::kv
