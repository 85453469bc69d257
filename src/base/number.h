// Integers as text, as Redis reads them: in its protocol, in arguments and in values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rabia::base {

// A signed 64-bit decimal in its one canonical form, that which printing it gives: no sign but '-',
// no leading zeros, no "-0", no spaces, nothing behind it. Nothing when `text` is anything else or
// out of range.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace rabia::base
