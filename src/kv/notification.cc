#include "kv/notification.h"

#include "base/check.h"

namespace rabia::kv {
namespace {

std::optional<std::string> owned(std::optional<std::string_view> value) {
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

std::optional<LogTime> time_of(Deadline deadline) {
  return deadline == no_deadline ? std::nullopt : std::optional(LogTime{deadline});
}

}  // namespace

ChangeNotification notification_of(const Change& change) {
  const std::string key(change.key);
  const std::string old(change.old_value.value_or(""));
  switch (change.kind) {
    case ChangeKind::set:
      return {change.revision, KeySet{key, std::string(change.value), owned(change.old_value),
                                      time_of(change.deadline)}};
    case ChangeKind::deleted:
      return {change.revision, KeyDeleted{key, old}};
    case ChangeKind::expired:
      return {change.revision, KeyExpired{key, old}};
    case ChangeKind::evicted:
      return {change.revision, KeyEvicted{key, old}};
    case ChangeKind::renamed:
      return {change.revision,
              KeyRenamed{key, std::string(change.new_key), std::string(change.value),
                         owned(change.old_value), time_of(change.deadline)}};
    case ChangeKind::deadline:
      return {change.revision,
              DeadlineChanged{key, std::string(change.value), time_of(change.deadline)}};
    case ChangeKind::cleared:
      return {change.revision, StoreCleared{change.keys}};
  }
  RABIA_CHECK(false);
  return {};
}

}  // namespace rabia::kv
