// Numbers kept as text in values, as Redis reads and prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rabia::kv {

[[nodiscard]] std::string format_integer(std::int64_t value);

// What strtold takes as a whole, without leading space: decimal, hexadecimal, "inf"; not NaN, and
// nothing that is too large or too small for the type.
//
// This and format_float run on every replica for one logged command, so they must agree to the last
// bit everywhere. They do as long as all replicas have the 80-bit format of x86 (asserted at
// compile time), leave the processor's rounding at its default (nearest, full precision), and a C
// library that rounds correctly (glibc does since 2.17). The locale has no influence.
[[nodiscard]] std::optional<long double> parse_float(std::string_view text);
// 17 digits behind the point at most, without trailing zeros; never with an exponent. The value
// must be finite.
[[nodiscard]] std::string format_float(long double value);

}  // namespace rabia::kv
