#include "server/watchers.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "resp/writer.h"
#include "server/session.h"

namespace rabia::server {
namespace {

// Of one watch. Beyond it, what it has yet to be told is looked for in the log.
constexpr std::size_t pending_max = 1'000;
// Of the log, looked at for one watch in one turn.
constexpr std::uint64_t scanned_at_once = 2'000;
// A session takes no more for the moment.
constexpr base::Duration try_again_after = std::chrono::milliseconds(5);

std::string_view name_of(kv::ChangeKind kind) {
  switch (kind) {
    case kv::ChangeKind::set:
      return "set";
    case kv::ChangeKind::deleted:
      return "deleted";
    case kv::ChangeKind::expired:
      return "expired";
    case kv::ChangeKind::evicted:
      return "evicted";
    case kv::ChangeKind::renamed:
      return "renamed";
    case kv::ChangeKind::cleared:
      return "cleared";
    case kv::ChangeKind::deadline:
      return "deadline";
  }
  return "";
}

}  // namespace

bool WatchOptions::matches(const kv::Change& change) const {
  if (scope == Scope::all || change.kind == kv::ChangeKind::cleared) return true;
  const auto about = [this](std::string_view key) {
    return scope == Scope::key ? key == text : key.starts_with(text);
  };
  return about(change.key) || (change.kind == kv::ChangeKind::renamed && about(change.new_key));
}

void write_change(const kv::Change& change, const WatchOptions& options,
                  std::span<const std::string_view> first, bool as_push, resp::ReplyWriter& reply) {
  using Kind = kv::ChangeKind;
  const bool renamed = change.kind == Kind::renamed;
  const bool cleared = change.kind == Kind::cleared;
  const bool has_value = change.kind == Kind::set || renamed || change.kind == Kind::deadline;
  const bool shows_value = options.values && has_value;
  const bool shows_old = options.old_values && !cleared && change.kind != Kind::deadline;
  const bool shows_deadline = has_value && change.deadline != kv::no_deadline;
  const std::size_t pairs = (renamed ? 1U : 0U) + (cleared ? 1U : 0U) + (shows_value ? 1U : 0U) +
                            (shows_old ? 1U : 0U) + (shows_deadline ? 1U : 0U);
  const std::size_t words = first.size() + 3 + 2 * pairs;
  if (as_push) {
    reply.push(words);
  } else {
    reply.array(words);
  }
  for (const std::string_view word : first) reply.bulk(word);
  reply.integer(static_cast<std::int64_t>(change.revision));
  reply.bulk(name_of(change.kind));
  reply.bulk(change.key);
  if (renamed) {
    reply.bulk("to");
    reply.bulk(change.new_key);
  }
  if (cleared) {
    reply.bulk("keys");
    reply.integer(static_cast<std::int64_t>(change.keys));
  }
  if (shows_value) {
    reply.bulk("value");
    reply.bulk(change.value);
  }
  if (shows_old) {
    reply.bulk("old");
    if (change.old_value) {
      reply.bulk(*change.old_value);
    } else {
      reply.null();
    }
  }
  if (shows_deadline) {
    reply.bulk("deadline");
    reply.integer(static_cast<std::int64_t>(change.deadline));
  }
}

Watchers::Watchers(io::Executor& executor, const kv::ChangeLog& log, std::uint64_t seed)
    : executor_(executor),
      timer_(executor.make_timer([this] { deliver(); })),
      log_(log),
      noted_(log.end()),
      keys_(0, Hash{seed}),
      prefixes_(0, Hash{seed}) {}

Watchers::~Watchers() = default;

// ---- who there is

Watchers::Ids& Watchers::index_of(const WatchOptions& options) {
  switch (options.scope) {
    case WatchOptions::Scope::key:
      return keys_[options.text];
    case WatchOptions::Scope::prefix:
      return prefixes_[options.text];
    case WatchOptions::Scope::all:
      break;
  }
  return all_;
}

std::uint64_t Watchers::add(Session& session, WatchOptions options, std::uint64_t from) {
  RABIA_CHECK(from >= log_.begin() && from <= log_.end());
  const std::uint64_t id = ++last_id_;
  index_of(options).push_back(id);
  if (options.scope == WatchOptions::Scope::prefix) ++prefix_lengths_[options.text.size()];
  ++session.client().watches;
  Watch& watch = watches_.emplace(id, Watch{&session, std::move(options), {}, {}}).first->second;
  if (from < log_.end()) {
    watch.scan_from = from;
    queue(id, watch);
  }
  return id;
}

void Watchers::remove_from_index(std::uint64_t id, const WatchOptions& options) {
  std::erase(index_of(options), id);
  if (options.scope == WatchOptions::Scope::key && keys_[options.text].empty()) {
    keys_.erase(options.text);
  }
  if (options.scope != WatchOptions::Scope::prefix) return;
  if (prefixes_[options.text].empty()) prefixes_.erase(options.text);
  const auto length = prefix_lengths_.find(options.text.size());
  if (--length->second == 0) prefix_lengths_.erase(length);
}

void Watchers::erase(std::map<std::uint64_t, Watch>::iterator watch) {
  remove_from_index(watch->first, watch->second.options);
  --watch->second.session->client().watches;
  watches_.erase(watch);
}

bool Watchers::remove(Session& session, std::uint64_t id) {
  const auto watch = watches_.find(id);
  if (watch == watches_.end() || watch->second.session != &session) return false;
  erase(watch);
  return true;
}

std::size_t Watchers::remove_all(Session& session) {
  const std::size_t before = watches_.size();
  for (auto watch = watches_.begin(); session.client().watches > 0;) {
    const auto next = std::next(watch);
    if (watch->second.session == &session) erase(watch);
    watch = next;
  }
  return before - watches_.size();
}

// ---- what happens

// Costs a lookup for each length that a prefix has.
void Watchers::on_change(const kv::Change& change) {
  noted_ = change.revision;
  if (watches_.empty()) return;
  if (change.kind == kv::ChangeKind::cleared) return note_everyone(change.revision);
  note(all_, change.revision);
  note_key(change.key, change.revision);
  if (change.kind == kv::ChangeKind::renamed) note_key(change.new_key, change.revision);
}

void Watchers::note_key(std::string_view key, std::uint64_t revision) {
  if (const auto found = keys_.find(key); found != keys_.end()) note(found->second, revision);
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    const auto found = prefixes_.find(key.substr(0, length));
    if (found != prefixes_.end()) note(found->second, revision);
  }
}

void Watchers::note_everyone(std::uint64_t revision) {
  Ids ids;
  ids.reserve(watches_.size());
  for (const auto& [id, watch] : watches_) ids.push_back(id);
  note(ids, revision);
}

void Watchers::note(const Ids& ids, std::uint64_t revision) {
  for (const std::uint64_t id : ids) {
    Watch& watch = watches_.at(id);
    if (watch.scan_from) continue;
    const bool noted = !watch.pending.empty() && watch.pending.back() == revision;
    if (noted) continue;  // Both names of a key.
    if (watch.pending.size() == pending_max) {
      watch.scan_from = watch.pending.front() - 1;
      watch.pending = {};
    } else {
      watch.pending.push_back(revision);
    }
    queue(id, watch);
  }
}

// What lies between is nowhere: all are told when their turn comes.
void Watchers::on_skipped() {
  const std::uint64_t before = std::exchange(noted_, log_.end());
  if (before == noted_) return;
  for (auto& [id, watch] : watches_) {
    if (!watch.scan_from)
      watch.scan_from = watch.pending.empty() ? before : watch.pending.front() - 1;
    watch.pending = {};
    queue(id, watch);
  }
}

void Watchers::queue(std::uint64_t id, Watch& watch) {
  if (std::exchange(watch.queued, true)) return;
  queue_.push_back(id);
  if (queue_.size() == 1) timer_->arm(executor_.now());
}

// ---- telling

void Watchers::deliver() {
  Ids again;
  for (const std::uint64_t id : std::exchange(queue_, {})) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) continue;
    Watch& watch = found->second;
    watch.queued = !deliver_to(id, watch);
    if (watch.queued) again.push_back(id);
  }
  if (again.empty()) return;
  const bool all_full = std::all_of(again.begin(), again.end(), [this](std::uint64_t id) {
    return !watches_.at(id).session->takes_pushes();
  });
  queue_ = std::move(again);
  timer_->arm(executor_.now() + (all_full ? try_again_after : base::Duration::zero()));
}

// True when it knows everything.
bool Watchers::deliver_to(std::uint64_t id, Watch& watch) {
  const bool lost = watch.scan_from
                        ? *watch.scan_from < log_.begin()
                        : !watch.pending.empty() && watch.pending.front() <= log_.begin();
  if (!watch.session->takes_pushes()) return false;
  if (lost) tell_of_gap(id, watch);
  if (watch.scan_from) {
    std::uint64_t& told = *watch.scan_from;
    const std::uint64_t stop = std::min(log_.end(), told + scanned_at_once);
    while (told < stop && watch.session->takes_pushes()) {
      ++told;
      if (watch.options.matches(log_.at(told))) tell(id, watch, told);
    }
    if (told < log_.end()) return false;
    watch.scan_from.reset();
    return true;
  }
  std::size_t told = 0;
  while (told < watch.pending.size() && watch.session->takes_pushes()) {
    tell(id, watch, watch.pending[told++]);
  }
  watch.pending.erase(watch.pending.begin(),
                      watch.pending.begin() + static_cast<std::ptrdiff_t>(told));
  return watch.pending.empty();
}

void Watchers::tell(std::uint64_t id, const Watch& watch, std::uint64_t revision) {
  std::string bytes;
  resp::ReplyWriter writer(bytes, watch.session->client().protocol);
  const std::string number = std::to_string(id);
  const std::string_view first[] = {"rabia.event", number};
  write_change(log_.at(revision), watch.options, first, true, writer);
  watch.session->push(bytes);
}

void Watchers::tell_of_gap(std::uint64_t id, Watch& watch) {
  watch.pending = {};
  watch.scan_from = log_.begin();
  std::string bytes;
  resp::ReplyWriter writer(bytes, watch.session->client().protocol);
  writer.push(3);
  writer.bulk("rabia.lagged");
  writer.bulk(std::to_string(id));
  writer.integer(static_cast<std::int64_t>(log_.begin()));
  watch.session->push(bytes);
}

}  // namespace rabia::server
