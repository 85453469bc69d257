#include "server/watchers.h"

#include <string>
#include <utility>

#include "resp/writer.h"
#include "server/session.h"

namespace rabia::server {
namespace {

// To one watch in one turn, and to all of them.
constexpr std::size_t told_at_once = 1'000;
constexpr std::size_t told_in_a_turn = 10'000;
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

Watchers::Watchers(io::Executor& executor, kv::ChangeBus& bus)
    : executor_(executor),
      timer_(executor.make_timer([this] { deliver(); })),
      full_timer_(executor.make_timer([this] { try_full_ones_again(); })),
      bus_(bus) {}

Watchers::~Watchers() = default;

// ---- who there is

std::uint64_t Watchers::add(Session& session, WatchOptions options, std::uint64_t from) {
  const std::uint64_t id = ++last_id_;
  kv::ChangeFilter filter = std::exchange(options.filter, {});  // The stream has it.
  ++session.client().watches;
  watches_.emplace(id, Watch{&session, std::move(options),
                             bus_.open_cursor(
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
  timer_->arm(executor_.now());
}

// In turns of so many changes. Whose session takes no more for the moment waits apart, so that it
// holds nobody up.
void Watchers::deliver() {
  std::size_t left = told_in_a_turn;
  std::size_t next = 0;
  const std::vector<std::uint64_t> queue = std::exchange(queue_, {});
  for (; next < queue.size() && left > 0; ++next) {
    const auto found = watches_.find(queue[next]);
    if (found == watches_.end() || deliver_to(queue[next], found->second, left)) continue;
    const bool is_full = !found->second.session->takes_pushes();
    (is_full ? full_ : queue_).push_back(queue[next]);
  }
  queue_.insert(queue_.end(), queue.begin() + static_cast<std::ptrdiff_t>(next), queue.end());
  if (!queue_.empty()) timer_->arm(executor_.now());
  if (full_.empty() || full_ones_are_due_) return;
  full_ones_are_due_ = true;
  full_timer_->arm(executor_.now() + try_again_after);
}

void Watchers::try_full_ones_again() {
  full_ones_are_due_ = false;
  queue_.insert(queue_.end(), full_.begin(), full_.end());
  full_.clear();
  deliver();
}

// True when it knows everything. Takes what it told from `left`.
bool Watchers::deliver_to(std::uint64_t id, Watch& watch, std::size_t& left) {
  using Kind = kv::ChangeCursor::Next::Kind;
  for (std::size_t told = 0; told < told_at_once && left > 0; ++told) {
    --left;
    if (!watch.session->takes_pushes()) return false;
    const kv::ChangeCursor::Next next = watch.stream->next();
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
