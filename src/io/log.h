// Structured log lines: key=value pairs on stderr, one line an event, time in UTC.
//
//   io::log(io::Level::info, "transport", "peer up", {{"peer", 2}, {"address", address}});
//   time=2025-01-31T12:00:00.123Z level=info component=transport message="peer up" peer=2 address=…
//
// Bytes that came from a peer or a client may be given as they are: what could break a line or
// imitate another field is quoted and escaped, and long values are cut.
//
// Any thread. A level that is off costs one relaxed load (and the making of the arguments: ask
// log_enabled() before building strings on a hot path).
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "rabia/ids.h"
#include "rabia/result.h"

namespace rabia::io {

enum class Level : std::uint8_t { debug, info, warning, error, off };

// One key=value pair. Holds views: use it in the call itself.
class LogField {
 public:
  using Value = std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view>;

  LogField(std::string_view key, bool value) : key_(key), value_(value) {}
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const std::string& value)
      : key_(key), value_(std::string_view(value)) {}
  LogField(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  LogField(std::string_view key, ReplicaId value)
      : key_(key), value_(static_cast<std::uint64_t>(value.value)) {}
  template <std::signed_integral T>
  LogField(std::string_view key, T value) : key_(key), value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view key, T value)
      : key_(key), value_(static_cast<std::uint64_t>(value)) {}
  template <std::floating_point T>
  LogField(std::string_view key, T value) : key_(key), value_(static_cast<double>(value)) {}

  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

// "debug", "info", "warning" (or "warn"), "error", "off".
Result<Level> parse_log_level(std::string_view name);
[[nodiscard]] std::string_view name_of(Level level);

// What is below `level` is not logged. Starts as info.
void set_log_level(Level level);

// Takes lines (without time and level, without newline) in place of stderr; an empty function gives
// stderr back. For tests and the simulator. Called under a lock: must not log itself.
using LogSink = std::function<void(Level, std::string_view)>;
void set_log_sink(LogSink sink);

namespace detail {
inline std::atomic<Level> log_level{Level::info};
void write_log(Level level, std::string_view component, std::string_view message,
               std::initializer_list<LogField> fields);
}  // namespace detail

[[nodiscard]] inline bool log_enabled(Level level) {
  return level >= detail::log_level.load(std::memory_order_relaxed);
}

// Logs one event. `component` is the room's name; `message` is a constant phrase (what varies goes
// into fields), so that lines can be counted by it.
inline void log(Level level, std::string_view component, std::string_view message,
                std::initializer_list<LogField> fields = {}) {
  if (log_enabled(level)) detail::write_log(level, component, message, fields);
}

}  // namespace rabia::io
