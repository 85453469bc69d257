// What a session waits for before it takes the next command: WAIT, and replies that come later.
#include <algorithm>
#include <memory>

#include "server/session.h"

namespace rabia::server {
namespace {

constexpr base::Duration wait_poll_every = std::chrono::milliseconds(1);

}  // namespace

bool Session::run_deferred(const Command& command, Arguments arguments) {
  if (!replica_idle()) return false;
  owed_token_ = token_of(command);
  meter_.taken(command, arguments);
  DeferredCall call{
      .server = server_, .arguments = arguments, .reply = owe_reply(client_.replies.muted())};
  command.deferred(call);
  return true;
}

// A read is not looked at when its reply is left out.
LaterReply Session::reply_later() {
  owed_token_.reset();
  return owe_reply(false);
}

LaterReply Session::owe_reply(bool muted) {
  client_.awaits_deferred = true;
  owed_by_ = std::make_shared<Session*>(this);
  return {client_.protocol, [owed_by = std::weak_ptr(owed_by_), muted](std::string_view bytes) {
            if (const auto session = owed_by.lock()) (*session)->answer_deferred(bytes, muted);
          }};
}

// May come from inside of any call, the handler's own among them: what follows has its own turn.
void Session::answer_deferred(std::string_view bytes, bool muted) {
  owed_by_.reset();
  client_.awaits_deferred = false;
  if (dead_) return;
  if (owed_token_) answered(*owed_token_, bytes);
  if (!muted) {
    (void)reply();  // Borrows a buffer.
    out_.append(bytes);
    cut_if_output_is_too_large();
  }
  server_.sessions.resume_later(client_.id);
}

// WAIT is answered when enough peers hold everything, or at its deadline with the most seen: what a
// peer held once, it holds.
void Session::poll_wait() {
  PendingWait& wait = *client_.wait;
  const auto holding = static_cast<std::int64_t>(server_.replica.peers_holding_everything());
  wait.best = std::max(wait.best, holding);
  const base::Instant now = server_.executor.now();
  if (wait.best >= wait.needed || (wait.deadline && now >= *wait.deadline)) {
    if (!wait.muted) reply().integer(wait.best);
    client_.wait.reset();
    return;
  }
  if (!wait_timer_) {
    wait_timer_ = server_.executor.make_timer([this] {
      if (dead_ || !client_.wait) return;
      poll_wait();
      if (!client_.wait) turn();
    });
  }
  const base::Instant next = now + wait_poll_every;
  wait_timer_->arm(wait.deadline ? std::min(next, *wait.deadline) : next);
}

}  // namespace rabia::server
