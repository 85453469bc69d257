#include "io/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <charconv>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace rabia::io {
namespace {

constexpr std::size_t value_bytes_max = 1024;

struct Output {
  std::mutex mutex;
  LogSink sink;
  spdlog::logger logger{"rabia", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

  Output() {
    logger.set_level(spdlog::level::trace);
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc));
  }
};

// Never destroyed: threads may log until the process ends.
Output& output() {
  static auto* const instance = new Output;
  return *instance;
}

bool plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_escaped(std::string& out, char c) {
  static constexpr char hex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out.push_back('\\');
    out.push_back(c);
  } else if (c == '\n') {
    out.append("\\n");
  } else if (byte < 0x20 || byte >= 0x7f) {
    out.append("\\x");
    out.push_back(hex[byte >> 4]);
    out.push_back(hex[byte & 15]);
  } else {
    out.push_back(c);
  }
}

void append_text(std::string& out, std::string_view text) {
  const bool cut = text.size() > value_bytes_max;
  if (cut) text = text.substr(0, value_bytes_max);
  if (!cut && plain(text)) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) append_escaped(out, c);
  out.append(cut ? "...\"" : "\"");
}

template <typename T>
void append_number(std::string& out, T value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_value(std::string& out, const LogField::Value& value) {
  std::visit(
      [&out](auto held) {
        using T = decltype(held);
        if constexpr (std::is_same_v<T, bool>) {
          out.append(held ? "true" : "false");
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          append_text(out, held);
        } else {
          append_number(out, held);
        }
      },
      value);
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

Result<Level> parse_log_level(std::string_view name) {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error, Level::off}) {
    if (name == name_of(level)) return level;
  }
  if (name == "warn") return Level::warning;
  return {Code::invalid_argument, "unknown log level \"" + std::string(name) +
                                      "\": use debug, info, warning, error or off"};
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::off:
      return "off";
  }
  return "unknown";
}

void set_log_level(Level level) {
  detail::log_level.store(level, std::memory_order_relaxed);
}

void set_log_sink(LogSink sink) {
  const std::lock_guard lock(output().mutex);
  output().sink = std::move(sink);
}

namespace detail {

void write_log(Level level, std::string_view component, std::string_view message,
               std::initializer_list<LogField> fields) {
  std::string line = "component=";
  append_text(line, component);
  line.append(" message=");
  append_text(line, message);
  for (const LogField& field : fields) {
    line.push_back(' ');
    line.append(field.key());
    line.push_back('=');
    append_value(line, field.value());
  }
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  if (out.sink) {
    out.sink(level, line);
  } else {
    out.logger.log(spdlog_level(level), line);
  }
}

}  // namespace detail
}  // namespace rabia::io
