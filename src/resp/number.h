// Integers as the Redis protocol writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rabia::resp {

// A signed 64-bit decimal in its one canonical form: no sign but '-', no leading zeros, no spaces,
// nothing behind it. Nothing when `text` is anything else or out of range.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace rabia::resp
