// What replicas say of themselves, for operators.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace rabia {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };

// What is below `level` is not logged. Until it is called: warnings and errors are. Any thread; for
// all replicas of the process.
void set_log_level(LogLevel level);

// Takes lines, of key=value pairs without a newline, in place of the process's standard error; an
// empty function gives that back. Any thread. `sink` is called from any thread, one at a time; it
// must not log, and not block.
void set_log_sink(std::function<void(LogLevel level, std::string_view line)> sink);

}  // namespace rabia
