#include "server/watchers.h"

#include <string>
#include <utility>

#include "resp/writer.h"
#include "server/session.h"

namespace rabia::server {
namespace {

// To one watch, in one turn.
constexpr std::size_t told_at_once = 1'000;
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

Watchers::Watchers(io::Executor& executor, kv::NotificationBus& bus)
    : executor_(executor), timer_(executor.make_timer([this] { deliver(); })), bus_(bus) {}

Watchers::~Watchers() = default;

// ---- who there is

std::uint64_t Watchers::add(Session& session, WatchOptions options, std::uint64_t from) {
  const std::uint64_t id = ++last_id_;
  kv::ChangeFilter filter = options.filter;
  ++session.client().watches;
  watches_.emplace(id, Watch{&session, std::move(options),
                             bus_.open_stream(
                                 std::move(filter), [this, id] { queue(id); }, from)});
  return id;
}

void Watchers::erase(std::map<std::uint64_t, Watch>::iterator watch) {
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

// ---- telling

void Watchers::queue(std::uint64_t id) {
  queue_.push_back(id);
  if (queue_.size() == 1) timer_->arm(executor_.now());
}

void Watchers::deliver() {
  std::vector<std::uint64_t> again;
  bool all_full = true;
  for (const std::uint64_t id : std::exchange(queue_, {})) {
    const auto found = watches_.find(id);
    if (found == watches_.end() || deliver_to(id, found->second)) continue;
    again.push_back(id);
    all_full = all_full && !found->second.session->takes_pushes();
  }
  if (again.empty()) return;
  queue_ = std::move(again);
  timer_->arm(executor_.now() + (all_full ? try_again_after : base::Duration::zero()));
}

// True when it knows everything.
bool Watchers::deliver_to(std::uint64_t id, Watch& watch) {
  using Kind = kv::ChangeStream::Next::Kind;
  for (std::size_t told = 0; told < told_at_once; ++told) {
    if (!watch.session->takes_pushes()) return false;
    const kv::ChangeStream::Next next = watch.stream->next();
    switch (next.kind) {
      case Kind::nothing:
        return true;
      case Kind::later:
        return false;
      case Kind::lagged:
        tell_of_gap(id, watch);
        break;
      case Kind::change:
        tell(id, watch, next.change);
        break;
    }
  }
  return false;
}

void Watchers::tell(std::uint64_t id, const Watch& watch, const kv::Change& change) {
  std::string bytes;
  resp::ReplyWriter writer(bytes, watch.session->client().protocol);
  const std::string number = std::to_string(id);
  const std::string_view first[] = {"rabia.event", number};
  write_change(change, watch.options, first, true, writer);
  watch.session->push(bytes);
}

void Watchers::tell_of_gap(std::uint64_t id, const Watch& watch) {
  std::string bytes;
  resp::ReplyWriter writer(bytes, watch.session->client().protocol);
  writer.push(3);
  writer.bulk("rabia.lagged");
  writer.bulk(std::to_string(id));
  writer.integer(static_cast<std::int64_t>(bus_.log().begin()));
  watch.session->push(bytes);
}

}  // namespace rabia::server
