#include "server/command_meter.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/client_state.h"
#include "server/server_state.h"

namespace rabia::server {

CommandMeter::Moment CommandMeter::moment_of(base::Instant now) const {
  const auto life = std::chrono::duration_cast<std::chrono::microseconds>(now - server_.started_at);
  return static_cast<Moment>(life.count()) & ((Moment{1} << moment_bits) - 1);
}

base::Duration CommandMeter::between(Moment begin, Moment end) {
  return std::chrono::microseconds((end - begin) & ((Moment{1} << moment_bits) - 1));
}

void CommandMeter::keep(const Command& command, Arguments arguments) {
  if (!server_.slow_log.on()) return;
  if (kept_used_ == 0) kept_arguments_ = server_.buffers.take();
  const std::size_t before = kept_arguments_.size();
  keep_arguments(command, arguments, kept_arguments_);
  kept_[kept_used_++] = {
      .number = taken_ - 1, .taken_at = turn_, .bytes = kept_arguments_.size() - before};
}

void CommandMeter::answered_by_error(const Command& command, Moment taken_at,
                                     std::string_view error) {
  server_.command_statistics.error(error);
  note_answer(command, taken_at, true);
}

void CommandMeter::taken_and_answered(const Command& command, Arguments arguments,
                                      std::string_view reply) {
  taken(command, arguments);
  answered(command, turn_, reply);
}

void CommandMeter::taken_and_failed(const Command& command, Arguments arguments,
                                    std::string_view error) {
  taken(command, arguments);
  answered_by_error(command, turn_, error);
}

void CommandMeter::rejected(const Command* command, std::string_view error) const {
  server_.command_statistics.error(error);
  if (command != nullptr) server_.command_statistics.rejected(command->index);
}

void CommandMeter::note_another(const Answered& answer) {
  if (answers_used_ == answers_.size()) count(moment_of(server_.executor.now()));
  answers_[answers_used_++] = answer;
}

void CommandMeter::replied(const ClientState& client) {
  if (answers_used_ == 0) return;
  const Moment now = moment_of(server_.executor.now());
  count(now);
  if (kept_used_ > 0) note_slow(client, now);
}

void CommandMeter::count(Moment now) {
  for (std::size_t i = 0; i < answers_used_; ++i) {
    const Answered& same = answers_[i];
    server_.command_statistics.called(same.command, between(same.taken_at, now), same.times,
                                      same.failed);
  }
  answers_used_ = 0;
}

// Those that were answered are the first ones; the others go on being kept.
void CommandMeter::note_slow(const ClientState& client, Moment now) {
  std::string_view rest = kept_arguments_;
  std::size_t done = 0;
  for (; done < kept_used_ && kept_[done].number < answered_; ++done) {
    const base::Duration took = between(kept_[done].taken_at, now);
    if (server_.slow_log.is_slow(took)) {
      server_.slow_log.note({.at = server_.executor.wall_now(),
                             .took = took,
                             .arguments = kept_arguments(rest),
                             .client_address = client.address,
                             .client_name = client.name});
    }
    rest.remove_prefix(kept_[done].bytes);
  }
  kept_used_ -= done;
  std::move(kept_.begin() + done, kept_.begin() + done + kept_used_, kept_.begin());
  kept_arguments_.erase(0, kept_arguments_.size() - rest.size());
  if (kept_used_ == 0) server_.buffers.give_back(std::exchange(kept_arguments_, {}));
}

}  // namespace rabia::server
