// Text as the bank writes it: words with one space between two, numbers in their shortest form. So
// the same thing is always the same bytes.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace banking_smr {

// Reads one line, word by word. What is missing or malformed reads as nothing, and is remembered.
// A value that looks at the text it was given.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view word() {
    if (!more_) well_formed_ = false;
    const std::size_t space = rest_.find(' ');
    const std::string_view found = rest_.substr(0, space);
    more_ = space != std::string_view::npos;
    rest_ = more_ ? rest_.substr(space + 1) : std::string_view();
    if (found.empty()) well_formed_ = false;
    return found;
  }
  template <std::integral Number>
  Number number() {
    const std::string_view text = word();
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && std::to_string(value) == text) return value;
    well_formed_ = false;
    return 0;
  }
  // Everything up to the end, spaces included.
  std::string_view rest() {
    more_ = false;
    return rest_;
  }

  // A word was none of those that may stand there.
  void refuse() { well_formed_ = false; }
  [[nodiscard]] bool well_formed() const { return well_formed_; }
  // Everything was well formed, and nothing is left.
  [[nodiscard]] bool ended() const { return well_formed_ && !more_; }

 private:
  std::string_view rest_;
  bool more_ = true;
  bool well_formed_ = true;
};

inline std::string text_of(std::string_view text) {
  return std::string(text);
}
template <std::integral Number>
std::string text_of(Number number) {
  return std::to_string(number);
}
// Of the ids and times, which hold a number.
template <typename Id>
requires requires(Id id) {
  { id.value } -> std::convertible_to<std::uint64_t>;
}
std::string text_of(Id id) {
  return std::to_string(id.value);
}

// These, with a space between two.
template <typename First, typename... More>
std::string line_of(const First& first, const More&... more) {
  std::string line = text_of(first);
  ((line += ' ', line += text_of(more)), ...);
  return line;
}

}  // namespace banking_smr
