// What happens to keys, published to the subscribers of this replica: Redis's
// notify-keyspace-events. docs/commands.md, "Events of keys".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kv/change.h"
#include "server/keyspace_classes.h"

namespace rabia::server {

struct ServerState;
class Subscriptions;

// Core thread only.
class KeyspaceEvents {
 public:
  explicit KeyspaceEvents(Subscriptions& subscriptions) : subscriptions_(subscriptions) {}

  void set_classes(KeyspaceClasses classes);
  // Whether anything may be published.
  [[nodiscard]] bool on() const { return classes_ != 0; }

  // While on().
  void on_change(const kv::Change& change);
  // A command that is executed looked for a key, and there is none.
  void on_missed(std::string_view key);
  // The same of a read, whose reply is being written: a push must not get into the midst of it. It
  // is told by tell_misses().
  void note_miss(std::string_view key);
  void tell_misses() {
    if (!missed_.empty()) tell_them();
  }

 private:
  void tell_them();
  void tell_set(const kv::Change& change);
  void tell(KeyspaceClasses of, std::string_view event, std::string_view key);
  [[nodiscard]] bool misses_are_told() const { return (classes_ & keyspace::key_miss) != 0; }

  Subscriptions& subscriptions_;
  KeyspaceClasses classes_ = 0;  // 0, too, when they name no channel.
  std::vector<std::string> missed_;
  std::string channel_;  // Scratch.
};

// KeyspaceEvents::note_miss() of a server.
void note_miss(ServerState& server, std::string_view key);

}  // namespace rabia::server
