// Signed integers as varints: numbers near zero, of either sign, become small ones.
#pragma once

#include <cstdint>

namespace rabia::kv {

// 0, -1, 1, -2, … become 0, 1, 2, 3, …
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::int64_t unzigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

}  // namespace rabia::kv
