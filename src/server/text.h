// Small things about text that command handlers share.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace rabia::server {

// ASCII only, whatever the locale.
[[nodiscard]] constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr char upper_case(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

[[nodiscard]] inline std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), upper_case);
  return upper;
}

[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

// Calls `use` with each word of a text whose words are separated by single spaces.
template <typename Use>
void for_each_word(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Answers of Redis that many commands give.
namespace message {
inline constexpr std::string_view syntax_error = "ERR syntax error";
inline constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
// What became of a write without a quorum.
inline constexpr std::string_view not_executed =
    "CLUSTERDOWN The cluster has no quorum: the command was not executed";
inline constexpr std::string_view outcome_unknown =
    "ERR outcome unknown: the command may or may not have been executed; read before retrying";
}  // namespace message

}  // namespace rabia::server
