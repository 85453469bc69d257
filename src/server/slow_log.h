// The commands that took long, for SLOWLOG.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "server/command.h"
#include "server/server.h"

namespace rabia::server {

struct SlowCommand {
  std::uint64_t id = 0;  // From 0, over all of this life.
  base::WallTime at{};   // When it was answered.
  base::Duration took{};
  std::vector<std::string> arguments;  // Cut short: see keep_arguments().
  std::string client_address;
  std::string client_name;
};

// Core thread only.
class SlowLog {
 public:
  SlowLog(std::int64_t slower_than_usec, std::uint64_t entries_max)
      : slower_than_usec_(slower_than_usec), entries_max_(entries_max) {}

  // Below 0: nothing is noted.
  void set_threshold(std::int64_t slower_than_usec) { slower_than_usec_ = slower_than_usec; }
  void set_entries_max(std::uint64_t entries_max);
  [[nodiscard]] bool on() const { return slower_than_usec_ >= 0 && entries_max_ > 0; }
  [[nodiscard]] bool is_slow(base::Duration took) const {
    return on() && took >= std::chrono::microseconds(slower_than_usec_);
  }
  // The oldest go. The id is given here.
  void note(SlowCommand command);
  void clear() { entries_.clear(); }

  // The newest first.
  [[nodiscard]] const std::deque<SlowCommand>& entries() const { return entries_; }

 private:
  std::int64_t slower_than_usec_;
  std::uint64_t entries_max_;
  std::uint64_t next_id_ = 0;
  std::deque<SlowCommand> entries_;
};

// Appends what SLOWLOG shows of a command's arguments to `out`, in no more than 5 KiB: as in Redis,
// 32 of them, 128 bytes of each, and what is secret not at all.
void keep_arguments(const Command& command, Arguments arguments, std::string& out);
// Reads them, as SLOWLOG shows them, from the front of `kept`.
[[nodiscard]] std::vector<std::string> kept_arguments(std::string_view kept);

// What of a command's arguments nobody may see: passwords. Fills `shown` with the others as they
// are and "(redacted)" in the place of these. The views are those of `arguments`.
void hide_secrets(const Command& command, Arguments arguments,
                  std::vector<std::string_view>& shown);

}  // namespace rabia::server
