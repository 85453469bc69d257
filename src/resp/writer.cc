#include "resp/writer.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace rabia::resp {
namespace {

// As Redis 7.0 prints a double: 17 significant digits.
std::string_view print(double value, char (&buffer)[40]) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const int size = std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return {buffer, static_cast<std::size_t>(size)};
}

}  // namespace

void ReplyWriter::line(char type, std::string_view text) {
  out_->push_back(type);
  out_->append(text);
  out_->append("\r\n");
}

void ReplyWriter::header(char type, std::uint64_t count) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, count).ptr;
  line(type, {digits, static_cast<std::size_t>(end - digits)});
}

void ReplyWriter::simple(std::string_view text) {
  line('+', text);
}

void ReplyWriter::error(std::string_view text) {
  while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
  out_->push_back('-');
  for (const char c : text) out_->push_back(c == '\r' || c == '\n' ? ' ' : c);
  out_->append("\r\n");
}

void ReplyWriter::integer(std::int64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  line(':', {digits, static_cast<std::size_t>(end - digits)});
}

void ReplyWriter::bulk(std::string_view bytes) {
  header('$', bytes.size());
  out_->append(bytes);
  out_->append("\r\n");
}

void ReplyWriter::null() {
  out_->append(resp3() ? "_\r\n" : "$-1\r\n");
}

void ReplyWriter::null_array() {
  out_->append(resp3() ? "_\r\n" : "*-1\r\n");
}

void ReplyWriter::map(std::size_t pairs) {
  if (resp3()) {
    header('%', pairs);
  } else {
    header('*', 2 * pairs);
  }
}

void ReplyWriter::set(std::size_t count) {
  header(resp3() ? '~' : '*', count);
}

void ReplyWriter::push(std::size_t count) {
  header(resp3() ? '>' : '*', count);
}

void ReplyWriter::double_value(double value) {
  char buffer[40];
  const std::string_view text = print(value, buffer);
  if (resp3()) {
    line(',', text);
  } else {
    bulk(text);
  }
}

void ReplyWriter::boolean(bool value) {
  if (resp3()) {
    out_->append(value ? "#t\r\n" : "#f\r\n");
  } else {
    integer(value ? 1 : 0);
  }
}

void ReplyWriter::verbatim(std::string_view text, std::string_view format) {
  if (!resp3()) return bulk(text);
  header('=', text.size() + format.size() + 1);
  out_->append(format);
  out_->push_back(':');
  out_->append(text);
  out_->append("\r\n");
}

}  // namespace rabia::resp
