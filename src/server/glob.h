// Patterns as KEYS, SCAN and CONFIG GET know them.
#pragma once

#include <cstdint>
#include <string_view>

namespace rabia::server {

enum class Case : std::uint8_t { respect, ignore };

// Whether the whole text matches: * any bytes, ? one byte, [a-c] [^a-c] one byte of a set, \ takes
// the next byte as it is. Takes at most the product of the lengths, whatever the pattern.
// Source: what Redis's stringmatchlen answers, odd cases included.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text,
                                Case letters = Case::respect);

}  // namespace rabia::server
