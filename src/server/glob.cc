#include "server/glob.h"

#include <cstddef>

#include "server/text.h"

namespace rabia::server {
namespace {

class Matcher {
 public:
  Matcher(std::string_view pattern, Case letters)
      : pattern_(pattern), ignore_case_(letters == Case::ignore) {}

  // Every element but * takes exactly one byte, so after a mismatch it is enough to let the latest
  // * take one byte more.
  bool matches(std::string_view text) {
    std::size_t at = 0;          // In the pattern.
    std::size_t retry = none;    // In the pattern, behind the latest *.
    std::size_t retry_text = 0;  // In the text, where that * would end next.
    std::size_t i = 0;
    while (i < text.size()) {
      if (at < pattern_.size() && pattern_[at] == '*') {
        retry = ++at;
        retry_text = i;
      } else if (at < pattern_.size() && element_matches(at, text[i])) {
        ++i;
      } else if (retry != none) {
        at = retry;
        i = ++retry_text;
      } else {
        return false;
      }
    }
    while (at < pattern_.size() && pattern_[at] == '*') ++at;
    return at == pattern_.size();
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  [[nodiscard]] unsigned char folded(char c) const {
    return static_cast<unsigned char>(ignore_case_ ? lower_case(c) : c);
  }

  // Compares one byte with the element at `at`, which is moved behind it.
  bool element_matches(std::size_t& at, char c) const {
    if (pattern_[at] == '?') {
      ++at;
      return true;
    }
    if (pattern_[at] == '[') return set_matches(at, c);
    if (pattern_[at] == '\\' && at + 1 < pattern_.size()) ++at;
    return folded(pattern_[at++]) == folded(c);
  }

  // A set that is not closed ends with the pattern. A range takes whatever byte follows the '-'.
  bool set_matches(std::size_t& at, char c) const {
    ++at;
    const bool negated = at < pattern_.size() && pattern_[at] == '^';
    if (negated) ++at;
    bool found = false;
    while (at < pattern_.size() && pattern_[at] != ']') {
      if (pattern_[at] == '\\' && at + 1 < pattern_.size()) {
        ++at;
        found = found || pattern_[at] == c;
        ++at;
      } else if (at + 2 < pattern_.size() && pattern_[at + 1] == '-') {
        found = found || in_range(pattern_[at], pattern_[at + 2], c);
        at += 3;
      } else {
        found = found || folded(pattern_[at]) == folded(c);
        ++at;
      }
    }
    if (at < pattern_.size()) ++at;
    return found != negated;
  }

  [[nodiscard]] bool in_range(char from, char to, char c) const {
    unsigned char low = folded(from);
    unsigned char high = folded(to);
    if (low > high) std::swap(low, high);
    return folded(c) >= low && folded(c) <= high;
  }

  std::string_view pattern_;
  bool ignore_case_;
};

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, Case letters) {
  return Matcher(pattern, letters).matches(text);
}

}  // namespace rabia::server
