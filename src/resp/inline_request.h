// A request typed by hand: words and quoted strings on one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rabia::resp {

// A piece of some text that the owner of the slice knows.
struct Slice {
  std::size_t offset = 0;
  std::size_t size = 0;
};

// Splits a line into its words and appends their unquoted bytes to `text` and their places to
// `words` (both should be empty). "…" knows \n \r \t \b \a \xHH and \ before any other byte; '…'
// knows only \'. A closing quote must be followed by a space or the end. A zero byte ends the line.
// False when quotes are unbalanced. Source: the rules of Redis's sdssplitargs.
[[nodiscard]] bool split_inline(std::string_view line, std::string& text,
                                std::vector<Slice>& words);

}  // namespace rabia::resp
