// What a session is pushed outside of its own turns, and how much may wait for its client.
#include <utility>

#include "io/log.h"
#include "server/session.h"

namespace rabia::server {

// Replies are written whole in one call, so `bytes` come between two of them.
void Session::push(std::string_view bytes) {
  if (dead_ || output_overrun_ || client_.close_after_reply) return;
  (void)reply();  // Borrows a buffer.
  out_.append(bytes);
  if (out_.size() >= server_.options.output_bytes_pause) write_out();
  output_overrun_ = output_is_too_large();
  if (!std::exchange(pushed_, true)) server_.sessions.resume_later(client_.id);
}

// Subscribers choose no pace, so they have bounds of their own.
bool Session::output_is_too_large() {
  const ServerOptions& options = server_.options;
  const std::size_t waits = output_bytes();
  if (!client_.subscriptions.any()) return waits > options.output_bytes_max;
  if (waits <= options.push_bytes_soft_max) {
    slow_since_.reset();
    return false;
  }
  const base::Instant now = server_.executor.now();
  if (!slow_since_) slow_since_ = now;
  return waits > options.push_bytes_max || now - *slow_since_ >= options.push_slow_max;
}

void Session::cut_if_output_is_too_large() {
  if (dead_) return;
  output_overrun_ = output_overrun_ || output_is_too_large();
  if (!output_overrun_) return;
  ++server_.statistics.clients_cut;
  io::log(io::Level::warning, "server", "client cut: it does not take its replies",
          {{"address", client_.address}, {"bytes", output_bytes()}});
  out_.clear();
  kill();
}

}  // namespace rabia::server
