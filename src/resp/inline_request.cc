#include "resp/inline_request.h"

namespace rabia::resp {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads words off the front of a line.
class Splitter {
 public:
  Splitter(std::string_view line, std::string& text) : line_(line), text_(text) {}

  // False at the end of the line.
  bool find_word() {
    while (!line_.empty() && is_space(line_.front())) line_.remove_prefix(1);
    return !line_.empty();
  }

  // Appends one word to the text. False when its quotes are unbalanced.
  bool read_word() {
    while (!line_.empty()) {
      const char c = line_.front();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return true;
      line_.remove_prefix(1);
      if (c == '"') return read_double_quoted();
      if (c == '\'') return read_single_quoted();
      text_.push_back(c);
    }
    return true;
  }

 private:
  bool read_double_quoted() {
    while (!line_.empty()) {
      const char c = line_.front();
      line_.remove_prefix(1);
      if (c == '"') return at_end_of_word();
      if (c == '\\' && !line_.empty()) {
        read_escape();
      } else {
        text_.push_back(c);
      }
    }
    return false;
  }

  bool read_single_quoted() {
    while (!line_.empty()) {
      const char c = line_.front();
      line_.remove_prefix(1);
      if (c == '\'') return at_end_of_word();
      if (c == '\\' && line_.starts_with('\'')) {
        line_.remove_prefix(1);
        text_.push_back('\'');
      } else {
        text_.push_back(c);
      }
    }
    return false;
  }

  // What follows a backslash.
  void read_escape() {
    if (line_.size() >= 3 && line_[0] == 'x' && hex_digit(line_[1]) >= 0 &&
        hex_digit(line_[2]) >= 0) {
      text_.push_back(static_cast<char>(hex_digit(line_[1]) * 16 + hex_digit(line_[2])));
      line_.remove_prefix(3);
      return;
    }
    text_.push_back(unescaped(line_.front()));
    line_.remove_prefix(1);
  }

  [[nodiscard]] bool at_end_of_word() const { return line_.empty() || is_space(line_.front()); }

  std::string_view line_;
  std::string& text_;
};

}  // namespace

bool split_inline(std::string_view line, std::string& text, std::vector<Slice>& words) {
  Splitter splitter(line.substr(0, line.find('\0')), text);
  while (splitter.find_word()) {
    const std::size_t begin = text.size();
    if (!splitter.read_word()) return false;
    words.push_back({.offset = begin, .size = text.size() - begin});
  }
  return true;
}

}  // namespace rabia::resp
