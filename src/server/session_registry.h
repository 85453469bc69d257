// The sessions of a server, and when they end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "io/executor.h"

namespace rabia::server {

class Session;

// A session may end in the middle of its own calls, or of the replica's, so it is only marked dead
// then and destroyed in a later turn of the loop. Core thread only.
class SessionRegistry {
 public:
  explicit SessionRegistry(io::Executor& executor);
  ~SessionRegistry();
  SessionRegistry(const SessionRegistry&) = delete;
  SessionRegistry& operator=(const SessionRegistry&) = delete;

  // Ids rise and are never used twice.
  [[nodiscard]] std::uint64_t next_id() { return ++last_id_; }
  void add(std::unique_ptr<Session> session);
  // Destroys the session later; it counts as gone at once.
  void retire(std::uint64_t id);
  // Calls the session's resume() later.
  void resume_later(std::uint64_t id);

  // Null when there is none of this id.
  [[nodiscard]] Session* find(std::uint64_t id) const;
  [[nodiscard]] std::size_t live() const { return sessions_.size() - retired_.size(); }
  // By rising id; those that are dead too.
  [[nodiscard]] const std::map<std::uint64_t, std::unique_ptr<Session>>& all() const {
    return sessions_;
  }

 private:
  void do_chores();

  io::Executor& executor_;
  std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::vector<std::uint64_t> retired_;
  std::vector<std::uint64_t> to_resume_;
  std::uint64_t last_id_ = 0;
  std::unique_ptr<io::Timer> chores_;
};

}  // namespace rabia::server
