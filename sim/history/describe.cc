#include "sim/history/describe.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "sim/history/transaction.h"

namespace rabia::sim::history {
namespace {

constexpr std::size_t text_bytes_max = 80;

std::string cut(std::string text) {
  if (text.size() <= text_bytes_max) return text;
  const std::size_t half = text_bytes_max / 2;
  return text.substr(0, half) + " ... " + text.substr(text.size() - half) + " (" +
         std::to_string(text.size()) + " bytes)";
}

// Printable on one line, whatever the bytes are.
std::string escaped(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '"' || c == '\\') {
      text.append("\\").push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      text.append("\\x").push_back(digits[byte >> 4]);
      text.push_back(digits[byte & 15]);
    } else {
      text.push_back(c);
    }
  }
  return text;
}

std::string quoted(std::string_view bytes) {
  return '"' + cut(escaped(bytes)) + '"';
}

// Reads one reply from the front of `rest`. Nothing when it is malformed.
std::optional<std::string> take_reply(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (rest.empty() || end == std::string_view::npos) return std::nullopt;
  const char kind = rest.front();
  const std::string_view line = rest.substr(1, end - 1);
  rest.remove_prefix(end + 2);
  if (kind == '+') return escaped(line);
  if (kind == '-') return "(error) " + escaped(line);
  std::int64_t number = 0;
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != line.data() + line.size()) return std::nullopt;
  if (kind == ':') return std::to_string(number);
  if ((kind == '$' || kind == '*') && number == -1) return "nil";
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(number, 0));
  if (kind == '$') {
    if (rest.size() < size + 2 || rest.substr(size, 2) != "\r\n") return std::nullopt;
    std::string text = quoted(rest.substr(0, size));
    rest.remove_prefix(size + 2);
    return text;
  }
  if (kind != '*') return std::nullopt;
  std::string text = "[";
  for (std::size_t i = 0; i < size; ++i) {
    const auto item = take_reply(rest);
    if (!item) return std::nullopt;
    text.append(i == 0 ? "" : ", ").append(*item);
  }
  return text + "]";
}

// "EXEC [INCR n; GET k], if k is v".
std::string describe_transaction(const Transaction& transaction) {
  std::string text;
  for (const Arguments& command : transaction.commands) {
    text.append(text.empty() ? "" : "; ").append(describe_command(command));
  }
  text = "EXEC [" + text + "]";
  if (!transaction.watched) return text;
  const auto& [key, value] = *transaction.watched;
  return text + ", if " + describe_word(key) + " is " + (value ? describe_word(*value) : "absent");
}

}  // namespace

std::string describe(base::Instant instant) {
  constexpr std::int64_t in_ms = 1'000'000;
  const std::int64_t nanoseconds = instant.time_since_epoch().count();
  std::string fraction = std::to_string(std::abs(nanoseconds % in_ms));
  fraction.insert(0, 6 - fraction.size(), '0');
  return (nanoseconds < 0 ? "-" : "") + std::to_string(std::abs(nanoseconds / in_ms)) + '.' +
         fraction + " ms";
}

std::string describe_reply(std::string_view reply) {
  std::string_view rest = reply;
  const auto text = take_reply(rest);
  return text && rest.empty() ? *text : "bytes " + quoted(reply);
}

std::string describe_word(std::string_view word) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/{}";
  const bool is_plain = !word.empty() && word.find_first_not_of(plain) == std::string::npos;
  return is_plain ? cut(std::string(word)) : quoted(word);
}

std::string describe_command(const Arguments& args) {
  if (is_transaction(args)) return describe_transaction(transaction_of(args));
  std::string text;
  for (const std::string& word : args) {
    text.append(text.empty() ? "" : " ").append(describe_word(word));
  }
  return text;
}

std::string describe(const Operation& operation) {
  std::string text = "client " + std::to_string(operation.client) + ": " +
                     describe_command(operation.args) + "  [" + describe(operation.invoked) + ", ";
  switch (operation.outcome) {
    case Outcome::done:
      return text + describe(operation.returned) + "]  -> " + describe_reply(operation.reply);
    case Outcome::unknown:
      return text + "...]  outcome unknown";
    case Outcome::not_executed:
      return text + "...]  not executed";
  }
  return text;
}

}  // namespace rabia::sim::history
