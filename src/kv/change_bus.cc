#include "kv/change_bus.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rabia::kv {
namespace {

// Of the log, looked at for one subscriber in one call.
constexpr std::uint64_t scanned_at_once = 2'000;
// To one subscriber, by one deliver().
constexpr std::size_t delivered_at_once = 1'000;

}  // namespace

// ---- one stream

ChangeCursor::~ChangeCursor() {
  bus_.remove(*this);
}

ChangeCursor::Next ChangeCursor::next() {
  const ChangeLog& log = bus_.log_;
  if (!scan_from_ && none_pending()) {
    ready_ = false;
    return {};
  }
  const std::uint64_t told = scan_from_ ? *scan_from_ : pending_[taken_] - 1;
  if (told < log.begin()) {
    go_through_log(log.begin());
    return {Next::Kind::lagged, {}};
  }
  if (scan_from_) return scan();
  const std::uint64_t revision = pending_[taken_++];
  if (none_pending()) {
    pending_.clear();
    taken_ = 0;
  }
  return {Next::Kind::change, log.at(revision)};
}

ChangeCursor::Next ChangeCursor::scan() {
  const ChangeLog& log = bus_.log_;
  std::uint64_t& told = *scan_from_;
  const std::uint64_t stop = std::min(log.end(), told + scanned_at_once);
  while (told < stop) {
    const Change change = log.at(++told);
    if (filter_.matches(change)) return {Next::Kind::change, change};
  }
  if (told < log.end()) return {Next::Kind::later, {}};
  scan_from_.reset();
  ready_ = false;
  return {};
}

void ChangeCursor::note(std::uint64_t revision) {
  if (scan_from_) return;
  const bool noted = !none_pending() && pending_.back() == revision;
  if (noted) return;  // Both names of a key.
  if (pending_.size() - taken_ >= bus_.buffer_size_) {
    ++bus_.buffers_filled_;
    return go_through_log(none_pending() ? revision - 1 : pending_[taken_] - 1);
  }
  // What was taken makes room, a little at a time, for whoever never takes all.
  if (taken_ > bus_.buffer_size_) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  pending_.push_back(revision);
  be_ready();
}

void ChangeCursor::go_through_log(std::uint64_t from) {
  pending_ = {};
  taken_ = 0;
  scan_from_ = from;
  be_ready();
}

void ChangeCursor::be_ready() {
  if (!std::exchange(ready_, true)) on_ready_();
}

// ---- who there is

ChangeBus::ChangeBus(const ChangeLog& log, std::uint64_t seed, std::function<void()> wake)
    : log_(log),
      wake_(std::move(wake)),
      noted_(log.end()),
      keys_(0, Hash{seed}),
      prefixes_(0, Hash{seed}) {}

ChangeBus::~ChangeBus() {
  callbacks_.clear();
  RABIA_CHECK(streams_.empty());
}

ChangeBus::Streams& ChangeBus::place_of(const ChangeFilter& filter) {
  switch (filter.scope) {
    case ChangeFilter::Scope::key:
      return keys_[filter.text];
    case ChangeFilter::Scope::prefix:
      return prefixes_[filter.text];
    case ChangeFilter::Scope::all:
      break;
  }
  return all_;
}

std::unique_ptr<ChangeCursor> ChangeBus::open_cursor(ChangeFilter filter,
                                                     std::function<void()> on_ready,
                                                     std::optional<std::uint64_t> from) {
  const std::uint64_t begin = from.value_or(log_.end());
  RABIA_CHECK(begin >= log_.begin() && begin <= log_.end());
  auto stream = std::unique_ptr<ChangeCursor>(
      new ChangeCursor(*this, ++last_id_, std::move(filter), std::move(on_ready)));
  place_of(stream->filter_).push_back(stream.get());
  if (stream->filter_.scope == ChangeFilter::Scope::prefix) {
    ++prefix_lengths_[stream->filter_.text.size()];
  }
  streams_.emplace(stream->id(), stream.get());
  if (begin < log_.end()) stream->go_through_log(begin);
  return stream;
}

void ChangeBus::remove(ChangeCursor& stream) {
  const ChangeFilter& filter = stream.filter_;
  streams_.erase(stream.id());
  Streams& place = place_of(filter);
  std::erase(place, &stream);
  const bool last = place.empty();
  if (filter.scope == ChangeFilter::Scope::key && last) keys_.erase(filter.text);
  if (filter.scope != ChangeFilter::Scope::prefix) return;
  if (last) prefixes_.erase(filter.text);
  const auto length = prefix_lengths_.find(filter.text.size());
  if (--length->second == 0) prefix_lengths_.erase(length);
}

SubscriptionId ChangeBus::subscribe_to_changes(Callback callback,
                                               std::optional<std::uint64_t> from) {
  return subscribe({}, std::move(callback), from);
}

SubscriptionId ChangeBus::subscribe_to_prefix(std::string_view prefix, Callback callback,
                                              std::optional<std::uint64_t> from) {
  return subscribe({ChangeFilter::Scope::prefix, std::string(prefix)}, std::move(callback), from);
}

SubscriptionId ChangeBus::subscribe_to_key(std::string_view key, Callback callback,
                                           std::optional<std::uint64_t> from) {
  return subscribe({ChangeFilter::Scope::key, std::string(key)}, std::move(callback), from);
}

SubscriptionId ChangeBus::subscribe(ChangeFilter filter, Callback callback,
                                    std::optional<std::uint64_t> from) {
  const SubscriptionId id = last_id_ + 1;
  const auto listening = std::make_shared<Listening>(Listening{nullptr, std::move(callback)});
  callbacks_.emplace(id, listening);
  listening->stream = open_cursor(
      std::move(filter), [this, id] { callback_ready(id); }, from);
  return id;
}

bool ChangeBus::unsubscribe(SubscriptionId id) {
  const auto found = callbacks_.find(id);
  if (found == callbacks_.end()) return false;
  // Its callback may be the caller, so it lives on until that has returned.
  found->second->stream.reset();
  callbacks_.erase(found);
  return true;
}

// ---- what happens

void ChangeBus::on_change(const Change& change) {
  noted_ = change.revision;
  if (streams_.empty()) return;
  if (change.kind == ChangeKind::cleared) {
    for (const auto& [id, stream] : streams_) stream->note(change.revision);
    return;
  }
  for (ChangeCursor* const stream : all_) stream->note(change.revision);
  note_key(change.key, change.revision);
  if (change.kind == ChangeKind::renamed) note_key(change.new_key, change.revision);
}

void ChangeBus::note_key(std::string_view key, std::uint64_t revision) {
  if (const auto found = keys_.find(key); found != keys_.end()) {
    for (ChangeCursor* const stream : found->second) stream->note(revision);
  }
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    const auto found = prefixes_.find(key.substr(0, length));
    if (found == prefixes_.end()) continue;
    for (ChangeCursor* const stream : found->second) stream->note(revision);
  }
}

// What lies between is nowhere: all are told when their turn comes.
void ChangeBus::on_skipped() {
  const std::uint64_t before = std::exchange(noted_, log_.end());
  if (before == noted_) return;
  for (const auto& [id, stream] : streams_) {
    const std::uint64_t told =
        stream->none_pending() ? before : stream->pending_[stream->taken_] - 1;
    stream->go_through_log(stream->scan_from_.value_or(told));
  }
}

// ---- callbacks

void ChangeBus::callback_ready(SubscriptionId id) {
  ready_.push_back(id);
  if (ready_.size() == 1) wake_();
}

bool ChangeBus::deliver() {
  std::vector<SubscriptionId> more;
  // A copy of the list: a callback may subscribe, from a revision of the past.
  for (const SubscriptionId id : std::exchange(ready_, {})) {
    if (!deliver_to(id)) more.push_back(id);
  }
  ready_.insert(ready_.begin(), more.begin(), more.end());
  return !ready_.empty();
}

bool ChangeBus::deliver_to(SubscriptionId id) {
  using Kind = ChangeCursor::Next::Kind;
  const auto found = callbacks_.find(id);
  if (found == callbacks_.end()) return true;
  const std::shared_ptr<Listening> listening = found->second;
  for (std::size_t told = 0; told < delivered_at_once; ++told) {
    if (listening->stream == nullptr) return true;  // It has unsubscribed.
    const ChangeCursor::Next next = listening->stream->next();
    if (next.kind == Kind::nothing) return true;
    if (next.kind == Kind::later) return false;
    listening->callback(next.kind == Kind::lagged ? ChangeNotification{log_.begin(), Lagged{}}
                                                  : notification_of(next.change));
  }
  return false;
}

}  // namespace rabia::kv
