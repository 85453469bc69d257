#include "server/session_registry.h"

#include <utility>

#include "server/session.h"

namespace rabia::server {

SessionRegistry::SessionRegistry(io::Executor& executor)
    : executor_(executor), chores_(executor.make_timer([this] { do_chores(); })) {}

SessionRegistry::~SessionRegistry() = default;

void SessionRegistry::add(std::unique_ptr<Session> session) {
  const std::uint64_t id = session->client().id;
  sessions_.emplace(id, std::move(session));
}

Session* SessionRegistry::find(std::uint64_t id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void SessionRegistry::retire(std::uint64_t id) {
  retired_.push_back(id);
  chores_->arm(executor_.now());
}

void SessionRegistry::resume_later(std::uint64_t id) {
  to_resume_.push_back(id);
  chores_->arm(executor_.now());
}

void SessionRegistry::do_chores() {
  for (const std::uint64_t id : std::exchange(retired_, {})) sessions_.erase(id);
  for (const std::uint64_t id : std::exchange(to_resume_, {})) {
    if (Session* const session = find(id)) session->resume();
  }
}

}  // namespace rabia::server
