#include "server/keyspace_events.h"

#include <utility>

#include "kv/listener.h"
#include "kv/operations.h"
#include "server/server_state.h"
#include "server/subscriptions.h"

namespace rabia::server {
namespace {

using kv::ChangeKind;
using kv::OperationCode;

bool is(const kv::Change& change, OperationCode operation) {
  return change.operation == static_cast<std::uint8_t>(operation);
}

// Of an operation that wrote a value.
std::string_view name_of_set(const kv::Change& change) {
  switch (static_cast<OperationCode>(change.operation)) {
    case OperationCode::append:
      return "append";
    case OperationCode::increment:
      return "incrby";
    case OperationCode::increment_float:
      return "incrbyfloat";
    case OperationCode::set_range:
      return "setrange";
    default:
      return "set";
  }
}

}  // namespace

void KeyspaceEvents::set_classes(KeyspaceClasses classes) {
  const bool has_channel = (classes & (keyspace::by_key | keyspace::by_event)) != 0;
  classes_ = has_channel ? classes : 0;
}

// As Redis does it, also where that is not to be guessed: RENAME and COPY make a new key of one
// that they overwrite, SET does not; nothing is said of FLUSHALL.
void KeyspaceEvents::on_change(const kv::Change& change) {
  switch (change.kind) {
    case ChangeKind::set:
      return tell_set(change);
    case ChangeKind::deleted:
      return tell(keyspace::generic, "del", change.key);
    case ChangeKind::expired:
      return tell(keyspace::expired, "expired", change.key);
    case ChangeKind::evicted:
      return tell(keyspace::evicted, "evicted", change.key);
    case ChangeKind::renamed:
      tell(keyspace::new_key, "new", change.new_key);
      tell(keyspace::generic, "rename_from", change.key);
      return tell(keyspace::generic, "rename_to", change.new_key);
    case ChangeKind::deadline:
      return tell(keyspace::generic, change.deadline == kv::no_deadline ? "persist" : "expire",
                  change.key);
    case ChangeKind::cleared:
      return;
  }
}

void KeyspaceEvents::tell_set(const kv::Change& change) {
  const bool copied = is(change, OperationCode::copy);
  if (copied || !change.old_value) tell(keyspace::new_key, "new", change.key);
  if (copied) return tell(keyspace::generic, "copy_to", change.key);
  tell(keyspace::string, name_of_set(change), change.key);
  const bool expires = is(change, OperationCode::set) && change.deadline != kv::no_deadline;
  if (expires) tell(keyspace::generic, "expire", change.key);
}

void KeyspaceEvents::on_missed(std::string_view key) {
  if (misses_are_told()) tell(keyspace::key_miss, "keymiss", key);
}

void KeyspaceEvents::note_miss(std::string_view key) {
  if (misses_are_told()) missed_.emplace_back(key);
}

void KeyspaceEvents::tell_them() {
  for (const std::string& key : std::exchange(missed_, {})) on_missed(key);
}

void KeyspaceEvents::tell(KeyspaceClasses of, std::string_view event, std::string_view key) {
  if ((classes_ & of) == 0) return;
  const bool anyone = subscriptions_.names(SubscriptionKind::channel) > 0 ||
                      subscriptions_.names(SubscriptionKind::pattern) > 0;
  if (!anyone) return;
  if ((classes_ & keyspace::by_key) != 0) {
    channel_.assign("__keyspace@0__:").append(key);
    subscriptions_.on_message(kv::ChannelKind::plain, channel_, event);
  }
  if ((classes_ & keyspace::by_event) != 0) {
    channel_.assign("__keyevent@0__:").append(event);
    subscriptions_.on_message(kv::ChannelKind::plain, channel_, key);
  }
}

void note_miss(ServerState& server, std::string_view key) {
  server.keyspace_events.note_miss(key);
}

}  // namespace rabia::server
