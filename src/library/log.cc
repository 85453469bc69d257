#include "rabia/log.h"

#include <mutex>
#include <utility>

#include "io/log.h"
#include "library/log_quietly.h"

namespace rabia {
namespace {

std::once_flag told;

}  // namespace

void set_log_level(LogLevel level) {
  std::call_once(told, [] {});
  io::set_log_level(static_cast<io::Level>(level));
}

void set_log_sink(std::function<void(LogLevel, std::string_view)> sink) {
  if (!sink) return io::set_log_sink({});
  io::set_log_sink([sink = std::move(sink)](io::Level level, std::string_view line) {
    sink(static_cast<LogLevel>(level), line);
  });
}

void library::log_quietly_unless_told() {
  std::call_once(told, [] { io::set_log_level(io::Level::warning); });
}

}  // namespace rabia
