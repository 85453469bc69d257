// Replies as RESP2 bytes: where they end, and what arrays are made of.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::sim::history {

// The length of the first reply in `bytes`, or nothing while it is not complete.
[[nodiscard]] std::optional<std::size_t> reply_length(std::string_view bytes);

// Of a bulk string or an integer. Nothing when it is neither, or nil.
[[nodiscard]] std::optional<std::string> word_of(std::string_view reply);

// The replies in an array that is all of `reply`. Nothing when it is no array, or nil.
[[nodiscard]] std::optional<std::vector<std::string>> elements_of(std::string_view reply);

}  // namespace rabia::sim::history
