// Operations and replies as text for people.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "sim/history/history.h"

namespace rabia::sim::history {

// Milliseconds: "12.000345 ms".
[[nodiscard]] std::string describe(base::Instant instant);
// As redis-cli prints replies, on one line; long ones are cut. Bytes that are no reply: quoted.
[[nodiscard]] std::string describe_reply(std::string_view reply);
// As it is when it is plain, else quoted; long ones are cut.
[[nodiscard]] std::string describe_word(std::string_view word);
[[nodiscard]] std::string describe_command(const Arguments& args);
// One line: client, command, times, and the reply or why there is none.
[[nodiscard]] std::string describe(const Operation& operation);

}  // namespace rabia::sim::history
