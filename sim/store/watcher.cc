#include "sim/store/watcher.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sim/history/describe.h"
#include "sim/history/reply.h"
#include "sim/store/request.h"
#include "sim/store/store_service.h"

namespace rabia::sim {

using std::chrono::milliseconds;

namespace {

// Of a reply that is an integer or says one behind a word. Nothing when it does not.
std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> number_of(const std::string& reply) {
  return number_in(history::word_of(reply).value_or(""));
}

}  // namespace

Watcher::Watcher(World& world, const Plan& plan, std::uint32_t id)
    : world_(world),
      plan_(plan),
      name_("w" + std::to_string(id)),
      random_(plan.seed * 71 + id),
      replica_(random_.below(plan.hosts)) {
  constexpr const char* prefixes[] = {"", "", "k", "e"};
  prefix_ = prefixes[random_.below(std::size(prefixes))];
}

Watcher::~Watcher() {
  if (stream_ != nullptr) stream_->close();
}

void Watcher::begin() {
  connect();
}

void Watcher::stop() {
  stopped_ = true;
  ++connection_;
  if (stream_ != nullptr) stream_->close();
}

// ---- the connection

void Watcher::run_later(base::Duration after, void (Watcher::*what)()) {
  world_.executor.schedule(world_.executor.now() + after, [this, what, connection = connection_] {
    if (connection == connection_) (this->*what)();
  });
}

void Watcher::connect() {
  ++connection_;
  connecting_ = world_.network.at(name_).connect(
      {host_name(replica_), client_port},
      [this](Result<std::unique_ptr<io::Stream>> stream) { connected(std::move(stream)); });
  // It leaves by itself after a while, wherever it is.
  run_later(milliseconds(20 + random_.below(random_.chance(50) ? 100 : 1500)), &Watcher::leave);
}

void Watcher::connected(Result<std::unique_ptr<io::Stream>> stream) {
  if (stopped_ || !stream.ok()) return leave();
  stream_ = stream.take();
  stream_->start(*this);
  life_ = host().executor().life();
  polls_ = random_.chance(30);
  answered_ = false;
  ask();
}

void Watcher::on_closed(std::string_view /*reason*/) {
  leave();
}

void Watcher::leave() {
  if (stopped_) return;
  ++connection_;
  received_.clear();
  if (stream_ != nullptr) stream_->close();
  replica_ = random_.below(plan_.hosts);
  run_later(milliseconds(1 + random_.below(20)), &Watcher::connect);
}

void Watcher::ask() {
  history::Arguments command{polls_ ? "RABIA.EVENTS" : "RABIA.WATCH", "FROM",
                             std::to_string(known_), "VALUES", "OLDVALUES"};
  if (!prefix_.empty()) command.insert(command.end(), {"PREFIX", prefix_});
  if (polls_) command.insert(command.end(), {"COUNT", std::to_string(1 + random_.below(100))});
  if (world_.trace.printing()) {
    world_.trace.print(name_,
                       "asks " + host_name(replica_) + ": " + history::describe_command(command));
  }
  stream_->write(encode(command));
}

// ---- what it is told

void Watcher::on_bytes(std::string_view bytes) {
  world_.trace.mix(known_, bytes);
  received_.append(bytes);
  const std::uint64_t connection = connection_;
  std::size_t taken = 0;
  while (connection == connection_) {
    const std::string_view rest = std::string_view(received_).substr(taken);
    const auto length = history::reply_length(rest);
    if (!length) break;
    taken += *length;
    take(std::string(rest.substr(0, *length)));
  }
  if (connection == connection_) received_.erase(0, taken);
}

void Watcher::take(std::string_view reply) {
  if (world_.trace.printing()) {
    world_.trace.print(name_, "is told " + history::describe_reply(reply));
  }
  if (reply.starts_with('-')) return take_refusal(reply);
  if (polls_) return take_listed(reply);
  if (!std::exchange(answered_, true)) return take_answer(reply);
  const auto words = history::elements_of(reply);
  if (!words || words->size() < 3) return broken("is told " + history::describe_reply(reply));
  take_push(*words);
}

void Watcher::take_answer(std::string_view reply) {
  const auto words = history::elements_of(reply);
  const bool is_right = words && words->size() == 2 && number_of((*words)[1]) == known_;
  if (!is_right) return broken("is answered " + history::describe_reply(reply));
  accepted();
}

void Watcher::accepted() {
  const bool goes_on = told_by_ && known_ > 0 && *told_by_ != replica_;
  if (goes_on) ++world_.tally[Count::watchers_resumed];
  told_by_ = replica_;
}

void Watcher::take_push(const std::vector<std::string>& words) {
  const auto kind = history::word_of(words[0]);
  if (kind == "rabia.event") return take_event(words, 2);
  const auto revision = number_of(words[2]);
  if (kind != "rabia.lagged" || !revision) return broken("is pushed what is no event");
  passed_over(*revision);
}

// Up to where it was looked, and what there is.
void Watcher::take_listed(std::string_view reply) {
  const auto words = history::elements_of(reply);
  const auto events =
      words && words->size() == 2 ? history::elements_of((*words)[1]) : std::nullopt;
  const auto up_to = events ? number_of((*words)[0]) : std::nullopt;
  if (!up_to) return broken("is answered " + history::describe_reply(reply));
  accepted();
  for (const std::string& event : *events) {
    take_event(history::elements_of(event).value_or(std::vector<std::string>()), 0);
  }
  const bool is_all = next_above(known_) > *up_to && *up_to <= world_.changes.end();
  if (!is_all) return broken("is not told of a change up to " + std::to_string(*up_to));
  known_ = std::max(known_, *up_to);
  run_later(milliseconds(1 + random_.below(20)), &Watcher::ask);
}

// `words` from `begin` on: revision, and what happened. It must be what comes next.
void Watcher::take_event(const std::vector<std::string>& words, std::size_t begin) {
  if (words.size() <= begin) return broken("is told of a change without a number");
  const auto revision = number_of(words[begin]);
  const std::uint64_t next = next_above(known_);
  if (revision != next) {
    return broken("is told of change " + history::describe_reply(words[begin]) + ", and next is " +
                  std::to_string(next));
  }
  if (next > world_.changes.end()) return broken("is told of what nobody has executed");
  std::vector<std::optional<std::string>> told;
  for (std::size_t i = begin + 1; i < words.size(); ++i) told.push_back(history::word_of(words[i]));
  if (told != words_of(world_.changes.at(next))) {
    return broken("is told of another change " + std::to_string(next));
  }
  known_ = next;
}

// It may serve no more, or not know any more what comes next for this one.
void Watcher::take_refusal(std::string_view reply) {
  constexpr std::string_view compacted = "-COMPACTED the changes up to revision ";
  const bool serves_no_more = reply.starts_with("-CLUSTERDOWN") || reply.starts_with("-DISKFULL");
  if (serves_no_more) return leave();
  const auto revision =
      reply.starts_with(compacted) ? number_in(reply.substr(compacted.size())) : std::nullopt;
  if (!revision) return broken("is refused: " + history::describe_reply(reply));
  passed_over(*revision);
  if (polls_ || !answered_) leave();
}

// What lies up to this revision is lost to it: rightly, if the replica does not have it either.
void Watcher::passed_over(std::uint64_t revision) {
  const bool lives = host().has_process() && host().executor().life() == life_;
  const bool is_lost = !lives || revision <= store_service_of(host()).changes().begin();
  if (revision <= known_ || !is_lost) {
    return broken("must go on behind change " + std::to_string(revision) + " of those that it has");
  }
  ++world_.tally[Count::watchers_compacted];
  known_ = revision;
}

std::uint64_t Watcher::next_above(std::uint64_t revision) const {
  const auto is_own = [this](const ChangesWatch::Event& event) {
    return event.kind == kv::ChangeKind::cleared || event.key.starts_with(prefix_) ||
           (event.kind == kv::ChangeKind::renamed && event.new_key.starts_with(prefix_));
  };
  for (++revision; revision <= world_.changes.end(); ++revision) {
    if (is_own(world_.changes.at(revision))) break;
  }
  return revision;
}

void Watcher::broken(const std::string& what) {
  world_.broken("changes: " + name_ + ", which knows those up to " + std::to_string(known_) +
                ", at " + host_name(replica_) + " " + what);
}

}  // namespace rabia::sim
