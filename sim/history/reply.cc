#include "sim/history/reply.h"

#include <charconv>
#include <cstdint>

namespace rabia::sim::history {
namespace {

// Of "$5" or "*3". Nothing when it is no number.
std::optional<std::int64_t> number_behind_kind(std::string_view line) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(line.data() + 1, line.data() + line.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != line.data() + line.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::size_t> reply_length(std::string_view bytes) {
  const std::size_t line_end = bytes.find("\r\n");
  if (line_end == std::string_view::npos) return std::nullopt;
  std::size_t length = line_end + 2;
  const char kind = bytes.front();
  if (kind != '$' && kind != '*') return length;
  const std::int64_t number = number_behind_kind(bytes.substr(0, line_end)).value_or(0);
  if (number < 0) return length;
  if (kind == '$') {
    length += static_cast<std::size_t>(number) + 2;
    return length <= bytes.size() ? std::optional(length) : std::nullopt;
  }
  for (std::int64_t i = 0; i < number; ++i) {
    const auto element = reply_length(bytes.substr(length));
    if (!element) return std::nullopt;
    length += *element;
  }
  return length;
}

std::optional<std::string> word_of(std::string_view reply) {
  const std::size_t line_end = reply.find("\r\n");
  if (line_end == std::string_view::npos) return std::nullopt;
  const auto number = number_behind_kind(reply.substr(0, line_end));
  if (reply.front() == ':' && number) return std::string(reply.substr(1, line_end - 1));
  const bool is_text = reply.front() == '$' && number && *number >= 0;
  if (!is_text || reply_length(reply) != reply.size()) return std::nullopt;
  return std::string(reply.substr(line_end + 2, static_cast<std::size_t>(*number)));
}

std::optional<std::vector<std::string>> elements_of(std::string_view reply) {
  const std::size_t line_end = reply.find("\r\n");
  if (line_end == std::string_view::npos || reply.front() != '*') return std::nullopt;
  const auto count = number_behind_kind(reply.substr(0, line_end));
  if (!count || *count < 0) return std::nullopt;
  std::string_view rest = reply.substr(line_end + 2);
  std::vector<std::string> elements;
  for (std::int64_t i = 0; i < *count; ++i) {
    const auto length = reply_length(rest);
    if (!length) return std::nullopt;
    elements.emplace_back(rest.substr(0, *length));
    rest.remove_prefix(*length);
  }
  return rest.empty() ? std::optional(std::move(elements)) : std::nullopt;
}

}  // namespace rabia::sim::history
