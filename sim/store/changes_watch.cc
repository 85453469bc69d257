#include "sim/store/changes_watch.h"

#include <utility>

namespace rabia::sim {

using kv::ChangeKind;

namespace {

ChangesWatch::Event event_of(const kv::Change& change) {
  ChangesWatch::Event event{.kind = change.kind,
                            .key = std::string(change.key),
                            .new_key = std::string(change.new_key),
                            .value = std::string(change.value),
                            .old_value = {},
                            .deadline = change.deadline,
                            .keys = change.keys};
  if (change.old_value) event.old_value = std::string(*change.old_value);
  return event;
}

std::string_view name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::set:
      return "set";
    case ChangeKind::deleted:
      return "deleted";
    case ChangeKind::expired:
      return "expired";
    case ChangeKind::evicted:
      return "evicted";
    case ChangeKind::renamed:
      return "renamed";
    case ChangeKind::cleared:
      return "cleared";
    case ChangeKind::deadline:
      return "deadline";
  }
  return "";
}

}  // namespace

void ChangesWatch::told(const std::string& host, const ApplyContext& context,
                        const kv::Change& change) {
  Event event = event_of(change);
  const auto broken = [&](const char* what) {
    world_.broken("changes: " + host + " tells of change " + std::to_string(change.revision) +
                  " (" + std::string(name_of(event.kind)) + " " + event.key + "), and " + what);
  };
  if (change.revision > end() + 1) return broken("nobody of the one before");
  if (change.revision <= end()) {
    if (event != at(change.revision)) broken("others of another one");
    return;
  }
  if (event.kind == ChangeKind::expired) expire(host, event, context.time);
  if (event.kind == ChangeKind::evicted) {
    ++world_.tally[Count::keys_evicted];
    note_removed("EVICTED", event);
  }
  apply(event, context);
  events_.push_back(std::move(event));
}

// Never early by the log's clock.
void ChangesWatch::expire(const std::string& host, const Event& event, LogTime time) {
  const auto found = items_.find(event.key);
  const bool is_due = found != items_.end() && found->second.deadline != kv::no_deadline &&
                      found->second.deadline <= time.value;
  if (!is_due) {
    return world_.broken("section 17: " + host + " removes " + event.key +
                         ", whose deadline the log's clock has not reached");
  }
  ++world_.tally[Count::keys_expired];
  if (!world_.is_up(found->second.origin)) ++world_.tally[Count::keys_expired_without_origin];
  note_removed("EXPIRED", event);
}

void ChangesWatch::note_removed(const char* operation, const Event& event) {
  const base::Instant now = world_.executor.now();
  removed_.push_back({.client = 0,
                      .args = {operation, event.key, event.old_value.value_or("")},
                      .invoked = now,
                      .returned = now,
                      .outcome = history::Outcome::done,
                      .reply = ":1\r\n"});
}

void ChangesWatch::apply(const Event& event, const ApplyContext& context) {
  switch (event.kind) {
    case ChangeKind::set:
    case ChangeKind::deadline:
      items_[event.key] = {event.value, event.deadline, context.origin};
      break;
    case ChangeKind::renamed:
      items_.erase(event.key);
      items_[event.new_key] = {event.value, event.deadline, context.origin};
      break;
    case ChangeKind::cleared:
      items_.clear();
      break;
    case ChangeKind::deleted:
    case ChangeKind::expired:
    case ChangeKind::evicted:
      items_.erase(event.key);
      break;
  }
}

// Never late: worlds have fewer keys than a batch may remove.
void ChangesWatch::begun(const std::string& host, std::uint64_t revision, LogTime time,
                         std::uint64_t keys_max) {
  if (revision != end()) return;  // It follows what others have executed.
  if (keys_max != 0 && items_.size() > keys_max) {
    world_.broken("limits: " + host + " keeps " + std::to_string(items_.size()) + " keys of " +
                  std::to_string(keys_max));
  }
  for (const auto& [key, item] : items_) {
    if (item.deadline == kv::no_deadline || item.deadline > time.value) continue;
    world_.broken("section 17: " + host + " keeps " + key +
                  " at a time of the log that is not before its deadline");
  }
}

std::string ChangesWatch::compare(const kv::Store& store) const {
  if (store.revision() != end()) {
    return "its last change is " + std::to_string(store.revision()) + " of " +
           std::to_string(end());
  }
  if (store.size() != items_.size()) {
    return "it has " + std::to_string(store.size()) + " keys, and its changes make " +
           std::to_string(items_.size());
  }
  for (const auto& [key, item] : items_) {
    const auto found = store.find(key);
    const bool is_same = found && found->value == item.value && found->deadline == item.deadline;
    if (!is_same) return "its changes make another " + key;
  }
  return {};
}

std::vector<std::optional<std::string>> words_of(const ChangesWatch::Event& event) {
  using Words = std::vector<std::optional<std::string>>;
  Words words{std::string(name_of(event.kind)), event.key};
  const auto add = [&words](const char* name, std::optional<std::string> word) {
    words.emplace_back(name);
    words.push_back(std::move(word));
  };
  const bool is_renamed = event.kind == ChangeKind::renamed;
  const bool has_value =
      is_renamed || event.kind == ChangeKind::set || event.kind == ChangeKind::deadline;
  if (is_renamed) add("to", event.new_key);
  if (event.kind == ChangeKind::cleared) add("keys", std::to_string(event.keys));
  if (has_value) add("value", event.value);
  const bool has_old = event.kind != ChangeKind::cleared && event.kind != ChangeKind::deadline;
  if (has_old) add("old", event.old_value);
  if (has_value && event.deadline != kv::no_deadline) {
    add("deadline", std::to_string(event.deadline));
  }
  return words;
}

}  // namespace rabia::sim
