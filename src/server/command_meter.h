// How long the commands of one session take: from parsing, through the log, to the reply.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "server/command.h"

namespace rabia::server {

// Reads the clock once when replies were written, however many they are. Commands that are answered
// together and were taken together are counted together. Core thread only.
class CommandMeter {
 public:
  explicit CommandMeter(ServerState& server) : server_(server) {}

  // A moment in microseconds of the server's life; wraps around after four years.
  static constexpr int moment_bits = 47;
  using Moment = std::uint64_t;

  // What is taken from now on was taken at `now`.
  void begin_turn(base::Instant now) { turn_ = moment_of(now); }
  [[nodiscard]] Moment turn() const { return turn_; }

  // Commands are answered in the order in which they were taken. The arguments of the first few
  // that are under way are kept, for SLOWLOG.
  void taken(const Command& command, Arguments arguments) {
    ++taken_;
    if (kept_used_ < kept_.size()) keep(command, arguments);
  }
  // `reply` is empty when the client gets none.
  void answered(const Command& command, Moment taken_at, std::string_view reply) {
    if (reply.starts_with('-')) return answered_by_error(command, taken_at, reply.substr(1));
    note_answer(command, taken_at, false);
  }
  // Both at once.
  void taken_and_answered(const Command& command, Arguments arguments, std::string_view reply);
  // Likewise, with an error: "CODE …", without the '-' of a reply.
  void taken_and_failed(const Command& command, Arguments arguments, std::string_view error);
  // It was not executed, for this error. Null: an unknown command, or no command at all.
  void rejected(const Command* command, std::string_view error) const;
  // The replies of all that was answered are with the client.
  void replied(const ClientState& client);

 private:
  struct Answered {  // Several times the same.
    std::size_t command = 0;
    Moment taken_at = 0;
    std::uint64_t times = 0;
    std::uint64_t failed = 0;
  };
  struct Kept {
    std::uint64_t number = 0;  // Of the command, in this session.
    Moment taken_at = 0;
    std::size_t bytes = 0;
  };

  [[nodiscard]] Moment moment_of(base::Instant now) const;
  void keep(const Command& command, Arguments arguments);
  void answered_by_error(const Command& command, Moment taken_at, std::string_view error);
  void note_answer(const Command& command, Moment taken_at, bool failed) {
    ++answered_;
    for (std::size_t i = 0; i < answers_used_; ++i) {
      Answered& same = answers_[i];
      if (same.command != command.index || same.taken_at != taken_at) continue;
      ++same.times;
      same.failed += failed ? 1 : 0;
      return;
    }
    note_another({command.index, taken_at, 1, failed ? 1U : 0U});
  }
  void note_another(const Answered& answer);
  [[nodiscard]] static base::Duration between(Moment begin, Moment end);
  void count(Moment now);
  void note_slow(const ClientState& client, Moment now);

  ServerState& server_;
  Moment turn_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t answered_ = 0;
  std::array<Answered, 4> answers_{};
  std::size_t answers_used_ = 0;
  std::array<Kept, 8> kept_{};
  std::size_t kept_used_ = 0;
  std::string kept_arguments_;  // Of these, one after the other. Borrowed from the pool.
};

}  // namespace rabia::server
