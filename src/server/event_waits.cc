#include "server/event_waits.h"

namespace rabia::server {

EventWaits::EventWaits(io::Executor& executor, kv::ChangeBus& bus)
    : executor_(executor), bus_(bus), timer_(executor.make_timer([this] { answer_ready(); })) {}

void EventWaits::add(std::uint64_t client, kv::ChangeFilter filter, base::Duration at_most,
                     Answer answer) {
  const std::uint64_t number = ++last_number_;
  // It may be in the midst of a change, or in a call of the timer that ends with the wait.
  const auto on_ready = [this, client, number] {
    ready_.emplace_back(client, number);
    timer_->arm(executor_.now());
  };
  Wait wait{number, std::move(answer), bus_.open_cursor(std::move(filter), on_ready), nullptr};
  if (at_most > base::Duration::zero()) {
    wait.deadline = executor_.make_timer(on_ready);
    wait.deadline->arm(executor_.now() + at_most);
  }
  waits_.insert_or_assign(client, std::move(wait));
}

void EventWaits::answer_ready() {
  for (const auto& [client, number] : std::exchange(ready_, {})) answer(client, number);
}

void EventWaits::answer(std::uint64_t client, std::uint64_t number) {
  using Kind = kv::ChangeCursor::Next::Kind;
  const auto found = waits_.find(client);
  if (found == waits_.end() || found->second.number != number) return;
  const Wait wait = std::move(found->second);
  waits_.erase(found);
  kv::ChangeCursor::Next next = wait.stream->next();
  while (next.kind == Kind::later) next = wait.stream->next();
  std::optional<std::uint64_t> from = bus_.log().end();
  if (next.kind == Kind::change) from = next.change.revision - 1;
  if (next.kind == Kind::lagged) from.reset();
  wait.answer(from);
}

}  // namespace rabia::server
