#include "rabia_bench/reply_scanner.h"

#include <algorithm>
#include <utility>

#include "base/number.h"

namespace rabia::bench {
namespace {

constexpr std::size_t line_bytes_max = 64 * 1024;
constexpr std::size_t error_bytes_max = 200;
constexpr std::int64_t length_max = 1LL << 32;
constexpr std::string_view ok = "+OK\r\n";

}  // namespace

ReplyScanner::Found ReplyScanner::next(std::string_view& bytes) {
  if (open_ == 0) {
    reply_.kind = Reply::Kind::text;
    reply_.error.clear();
    // The commonest reply by far.
    if (bytes.starts_with(ok)) {
      bytes.remove_prefix(ok.size());
      return Found::reply;
    }
    open_ = 1;
    is_top_ = true;
  }
  while (!bytes.empty()) {
    Found found = Found::more;
    if (skip_ > 0) {
      const std::uint64_t skipped = std::min<std::uint64_t>(skip_, bytes.size());
      bytes.remove_prefix(skipped);
      skip_ -= skipped;
      if (skip_ == 0) found = element_ends();
    } else {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos || !line_.empty()) {
        const std::size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
        line_.append(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
        if (line_.size() > line_bytes_max) return Found::malformed;
        if (end == std::string_view::npos) return Found::more;
        found = take_line(line_);
        line_.clear();
      } else {
        found = take_line(bytes.substr(0, end + 1));
        bytes.remove_prefix(end + 1);
      }
    }
    if (found != Found::more) return found;
  }
  return Found::more;
}

ReplyScanner::Found ReplyScanner::take_line(std::string_view line) {
  if (line.size() < 3 || line[line.size() - 2] != '\r') return Found::malformed;
  const char type = line[0];
  const std::string_view content = line.substr(1, line.size() - 3);
  const bool is_top = std::exchange(is_top_, false);
  std::int64_t length = 0;
  switch (type) {
    case '+':
      return element_ends();
    case ':':
      if (is_top) {
        const auto integer = base::parse_integer(content);
        if (!integer) return Found::malformed;
        reply_.kind = Reply::Kind::integer;
        reply_.integer = *integer;
      }
      return element_ends();
    case '-':
      if (is_top) reply_.kind = Reply::Kind::error;
      if (reply_.error.empty()) reply_.error = content.substr(0, error_bytes_max);
      if (reply_.error.empty()) reply_.error = "(an error without text)";
      return element_ends();
    case '$':
      if (!take_length(content, length)) return Found::malformed;
      if (length >= 0) {
        skip_ = static_cast<std::uint64_t>(length) + 2;
        return Found::more;
      }
      if (is_top) reply_.kind = Reply::Kind::nothing;
      return element_ends();
    case '*':
      if (!take_length(content, length)) return Found::malformed;
      if (is_top) reply_.kind = length < 0 ? Reply::Kind::nothing : Reply::Kind::list;
      if (length > 0) open_ += static_cast<std::uint64_t>(length);
      return element_ends();
    default:
      return Found::malformed;
  }
}

bool ReplyScanner::take_length(std::string_view digits, std::int64_t& length) {
  const auto integer = base::parse_integer(digits);
  if (!integer || *integer < -1 || *integer > length_max) return false;
  length = *integer;
  return true;
}

ReplyScanner::Found ReplyScanner::element_ends() {
  --open_;
  return open_ == 0 ? Found::reply : Found::more;
}

}  // namespace rabia::bench
