// RABIA.WATCH and its kin: what changed, in the order of the log.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutant.h"
#include "base/number.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/lookup.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/text.h"
#include "server/watchers.h"

namespace rabia::server {

using base::Mutant;
using base::mutated;

namespace {

constexpr std::size_t watches_max = 1'000;  // Of one client.
constexpr std::string_view not_a_revision = "ERR a revision is an integer from 0 on";
constexpr std::string_view disabled =
    "ERR changes are not kept at this replica: set enable-notifications to true";

struct Request {
  WatchOptions options;
  std::optional<std::uint64_t> from;
  std::uint64_t count = 1'000;
  std::uint64_t looks = 100'000;  // At so many changes at most.
  // RABIA.EVENTS: how long to wait for something to answer, zero: for ever. Nothing: not at all.
  std::optional<base::Duration> block;
};

// The milliseconds of BLOCK. Empty, or the error: in the words of XREAD.
std::string_view take_block(std::string_view text, Request& request) {
  constexpr std::int64_t longest = std::int64_t{1} << 42;  // In milliseconds; a hundred years.
  const auto milliseconds = base::parse_integer(text);
  if (!milliseconds || *milliseconds > longest) {
    return "ERR timeout is not an integer or out of range";
  }
  if (*milliseconds < 0) return "ERR timeout is negative";
  request.block = std::chrono::milliseconds(*milliseconds);
  return {};
}

// Each change looks for a prefix of each length that there is, and no key is longer.
constexpr std::size_t prefix_bytes_max = 256;
constexpr std::size_t key_bytes_max = 1 << 20;
constexpr std::string_view long_prefix = "ERR the prefix is too long: at most 256 bytes";
constexpr std::string_view long_key = "ERR the key is too long: no key has more than 1 MiB";

// The options from `begin` on; COUNT and BLOCK only where `lists`. Empty, or the error.
std::string_view take(Arguments arguments, std::size_t begin, bool lists, Request& request) {
  using Scope = kv::ChangeFilter::Scope;
  kv::ChangeFilter& filter = request.options.filter;
  for (std::size_t i = begin; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    const bool last = i + 1 == arguments.size();
    if (equals_ignoring_case(option, "ALL")) {
      filter.scope = Scope::all;
    } else if (equals_ignoring_case(option, "VALUES")) {
      request.options.values = true;
    } else if (equals_ignoring_case(option, "OLDVALUES")) {
      request.options.old_values = true;
    } else if (last) {
      return message::syntax_error;
    } else if (equals_ignoring_case(option, "PREFIX") || equals_ignoring_case(option, "KEY")) {
      filter.scope = equals_ignoring_case(option, "KEY") ? Scope::key : Scope::prefix;
      filter.text = arguments[++i];
      if (filter.scope == Scope::prefix && filter.text.size() > prefix_bytes_max)
        return long_prefix;
      if (filter.text.size() > key_bytes_max) return long_key;
    } else if (equals_ignoring_case(option, "FROM")) {
      const auto from = base::parse_integer(arguments[++i]);
      if (!from || *from < 0) return not_a_revision;
      request.from = static_cast<std::uint64_t>(*from);
    } else if (lists && equals_ignoring_case(option, "BLOCK")) {
      if (const auto error = take_block(arguments[++i], request); !error.empty()) return error;
    } else if (lists && equals_ignoring_case(option, "COUNT")) {
      const auto count = base::parse_integer(arguments[++i]);
      if (!count || *count < 1) return message::not_an_integer;
      request.count = static_cast<std::uint64_t>(*count);
    } else {
      return message::syntax_error;
    }
  }
  return {};
}

// Whether the changes above `from` are all known. Answers otherwise.
bool has_changes_above(const kv::ChangeLog& log, std::uint64_t from, resp::ReplyWriter& reply) {
  if (from > log.end()) {
    reply.error("ERR revision " + std::to_string(from) + " has not come yet: the present one is " +
                std::to_string(log.end()));
    return false;
  }
  if (from < log.begin()) {
    reply.error("COMPACTED the changes up to revision " + std::to_string(log.begin()) +
                " are not kept any more: read what you need, and go on from there");
    return false;
  }
  return true;
}

void run_rabia_watch(ReadCall& call) {
  if (!call.server.options.enable_notifications) return call.reply.error(disabled);
  Watchers& watchers = call.server.watchers;
  Request request;
  const std::string_view error = take(call.arguments, 1, false, request);
  if (!error.empty()) return call.reply.error(error);
  if (call.client->watches == watches_max) {
    return call.reply.error("ERR too many watches: a connection may have " +
                            std::to_string(watches_max));
  }
  const kv::ChangeLog& log = call.server.notifications.log();
  const std::uint64_t from = request.from.value_or(log.end());
  if (!has_changes_above(log, from, call.reply)) return;
  const bool tells_again = mutated(Mutant::change_told_again) && from > log.begin();
  const std::uint64_t id = watchers.add(*call.server.sessions.find(call.client->id),
                                        std::move(request.options), tells_again ? from - 1 : from);
  call.reply.array(2);
  call.reply.integer(static_cast<std::int64_t>(id));
  call.reply.integer(static_cast<std::int64_t>(from));
}

void run_rabia_unwatch(LocalCall& call) {
  Session& session = *call.server.sessions.find(call.client.id);
  Watchers& watchers = call.server.watchers;
  if (call.arguments.size() > 2) return call.reply.error(message::syntax_error);
  if (call.arguments.size() == 1) {
    return call.reply.integer(static_cast<std::int64_t>(watchers.remove_all(session)));
  }
  const auto id = base::parse_integer(call.arguments[1]);
  if (!id || *id < 0) return call.reply.error(message::not_an_integer);
  call.reply.integer(watchers.remove(session, static_cast<std::uint64_t>(*id)) ? 1 : 0);
}

// What matches above a revision.
struct Found {
  std::uint64_t looked_at;  // Up to this one.
  std::vector<std::uint64_t> matching;
};

Found look(const kv::ChangeLog& log, const Request& request) {
  constexpr std::size_t bytes_max = 8 << 20;
  Found found{*request.from, {}};
  const std::uint64_t stop = std::min(log.end(), found.looked_at + request.looks);
  std::size_t bytes = 0;
  while (found.looked_at < stop && found.matching.size() < request.count && bytes < bytes_max) {
    const kv::Change change = log.at(++found.looked_at);
    if (!request.options.filter.matches(change)) continue;
    found.matching.push_back(found.looked_at);
    bytes += change.key.size() + change.value.size() + change.old_value.value_or("").size();
  }
  return found;
}

void write(const kv::ChangeLog& log, const Request& request, const Found& found,
           resp::ReplyWriter& reply) {
  reply.array(2);
  reply.integer(static_cast<std::int64_t>(found.looked_at));
  reply.array(found.matching.size());
  for (const std::uint64_t revision : found.matching) {
    write_change(log.at(revision), request.options, {}, false, reply);
  }
}

// What it answers comes when something matches, at the latest when its time is over.
void wait_for_events(ReadCall& call, Request request, std::uint64_t from) {
  request.from = from;
  const LaterReply reply = call.server.sessions.find(call.client->id)->reply_later();
  const kv::ChangeLog& log = call.server.notifications.log();
  call.server.event_waits.add(call.client->id, request.options.filter, *request.block,
                              [reply, &log, request](std::optional<std::uint64_t> begin) {
                                Request now = request;
                                now.from = begin.value_or(*request.from);
                                now.looks = 1'000;  // Many may be answered at once.
                                reply([&](resp::ReplyWriter& writer) {
                                  if (has_changes_above(log, *now.from, writer))
                                    write(log, now, look(log, now), writer);
                                });
                              });
}

// The revision up to which was looked, and what matched.
void run_rabia_events(ReadCall& call) {
  if (!call.server.options.enable_notifications) return call.reply.error(disabled);
  Request request;
  const std::string_view error = take(call.arguments, 1, true, request);
  if (!error.empty()) return call.reply.error(error);
  if (!request.from) return call.reply.error("ERR say FROM which revision on");
  const kv::ChangeLog& log = call.server.notifications.log();
  if (!has_changes_above(log, *request.from, call.reply)) return;
  const Found found = look(log, request);
  const bool nothing = found.matching.empty() && found.looked_at == log.end();
  // In a transaction nobody waits.
  if (nothing && request.block && call.client != nullptr) {
    return wait_for_events(call, std::move(request), found.looked_at);
  }
  write(log, request, found, call.reply);
}

void run_rabia_revision(ReadCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.store.revision()));
}

void run_rabia_get(ReadCall& call) {
  const auto item = find_noted(call, call.arguments[1]);
  if (!item) return call.reply.null_array();
  call.reply.array(2);
  call.reply.bulk(item->value);
  call.reply.integer(static_cast<std::int64_t>(item->revision));
}

constexpr Command make(std::string_view name, std::string_view syntax, int arity, Flags flags,
                       std::string_view summary, std::string_view complexity) {
  return {.name = name,
          .syntax = syntax,
          .arity = arity,
          .flags = flags,
          .group = "generic",
          .since = "0.1.0",
          .summary = summary,
          .complexity = complexity};
}

constexpr Command reading(Command command, ReadHandler handler) {
  command.flags |= flag::readonly;
  command.read = handler;
  return command;
}

constexpr Command of_key(Command command) {
  command.keys = {.first = 1, .last = 1, .step = 1};
  command.key_flags = "RO access";
  return command;
}

constexpr Command local(Command command, LocalHandler handler) {
  command.local = handler;
  return command;
}

constexpr Command rows[] = {
    reading(make("rabia.events",
                 "FROM revision [COUNT n] [BLOCK milliseconds] [ALL | PREFIX prefix | KEY key] "
                 "[VALUES] [OLDVALUES]",
                 -3, flag::may_wait, "Lists changes above a revision, in the order of the log.",
                 "O(N) where N is the number of changes looked at."),
            run_rabia_events),
    of_key(reading(make("rabia.get", "key", 2, flag::fast,
                        "Answers a value, and the revision that set it.", "O(1)"),
                   run_rabia_get)),
    reading(make("rabia.revision", "", 1, flag::fast,
                 "Answers how many changes there have been: equal at all replicas.", "O(1)"),
            run_rabia_revision),
    local(
        make("rabia.unwatch", "[id]", -1, flag::fast | flag::in_subscriber,
             "Ends a watch, or all of this connection.", "O(N) where N is the number of watches."),
        run_rabia_unwatch),
    reading(
        make("rabia.watch", "[ALL | PREFIX prefix | KEY key] [FROM revision] [VALUES] [OLDVALUES]",
             -1, flag::in_subscriber | flag::alone | flag::acts,
             "Tells of all changes from now on, or from a revision on.", "O(1)"),
        run_rabia_watch),
};

}  // namespace

std::span<const Command> watch_commands() {
  return rows;
}

}  // namespace rabia::server
