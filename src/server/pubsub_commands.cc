// SUBSCRIBE and its kin, PUBLISH, PUBSUB. docs/commands.md, "Pub/Sub".
#include <optional>
#include <string>
#include <vector>

#include "kv/operations.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/glob.h"
#include "server/help.h"
#include "server/server_state.h"
#include "server/session.h"

namespace rabia::server {
namespace {

using Kind = SubscriptionKind;

// What SUBSCRIBE and UNSUBSCRIBE answer for one name.
void confirm(LocalCall& call, Kind kind, std::string_view word,
             std::optional<std::string_view> name) {
  static constexpr std::string_view letters[subscription_kinds] = {"", "p", "s"};
  const ClientSubscriptions& own = call.client.subscriptions;
  const std::size_t count = kind == Kind::shard_channel
                                ? own.of(kind).size()
                                : own.of(Kind::channel).size() + own.of(Kind::pattern).size();
  call.reply.push(3);
  call.reply.bulk(std::string(letters[static_cast<std::size_t>(kind)]).append(word));
  if (name) {
    call.reply.bulk(*name);
  } else {
    call.reply.null();
  }
  call.reply.integer(static_cast<std::int64_t>(count));
}

// Whether the client may have these too. Answers otherwise.
bool fits(LocalCall& call, Arguments names) {
  const ServerOptions& options = call.server.options;
  const ClientSubscriptions& own = call.client.subscriptions;
  std::size_t bytes = own.name_bytes;
  for (const std::string_view name : names) bytes += name.size();
  const std::size_t count = own.count() + names.size();
  if (count <= options.subscriptions_max && bytes <= options.subscription_bytes_max) return true;
  call.reply.error("ERR too many subscriptions: a connection may have " +
                   std::to_string(options.subscriptions_max) + ", whose names have " +
                   std::to_string(options.subscription_bytes_max) +
                   " bytes together; use several connections, or patterns");
  return false;
}

template <Kind kind>
void run_subscribe(LocalCall& call) {
  const Arguments names = call.arguments.subspan(1);
  if (!fits(call, names)) return;
  Session& session = *call.server.sessions.find(call.client.id);
  for (const std::string_view name : names) {
    call.server.subscriptions.add(kind, name, session);
    confirm(call, kind, "subscribe", name);
  }
}

template <Kind kind>
void run_unsubscribe(LocalCall& call) {
  Session& session = *call.server.sessions.find(call.client.id);
  const auto leave = [&](std::string_view name) {
    call.server.subscriptions.remove(kind, name, session);
    confirm(call, kind, "unsubscribe", name);
  };
  if (call.arguments.size() > 1) {
    for (const std::string_view name : call.arguments.subspan(1)) leave(name);
    return;
  }
  const ClientSubscriptions::Names& names = call.client.subscriptions.of(kind);
  if (names.empty()) return confirm(call, kind, "unsubscribe", std::nullopt);
  while (!names.empty()) leave(std::string(*names.begin()));
}

template <kv::ChannelKind kind>
bool write_publish(WriteCall& call) {
  kv::encode_publish(call.operation, kind, call.arguments[1], call.arguments[2]);
  return true;
}

// ---- PUBSUB

template <Kind kind>
void run_names(LocalCall& call) {
  if (call.arguments.size() > 3) {
    std::string error = "ERR unknown subcommand or wrong number of arguments for '";
    return call.reply.error(error.append(call.arguments[1]).append("'. Try PUBSUB HELP."));
  }
  std::vector<std::string_view> names;
  call.server.subscriptions.for_each_name(kind, [&](std::string_view name) {
    if (call.arguments.size() == 2 || glob_matches(call.arguments[2], name)) names.push_back(name);
  });
  call.reply.array(names.size());
  for (const std::string_view name : names) call.reply.bulk(name);
}

template <Kind kind>
void run_numsub(LocalCall& call) {
  const Arguments names = call.arguments.subspan(2);
  call.reply.array(2 * names.size());
  for (const std::string_view name : names) {
    call.reply.bulk(name);
    call.reply.integer(
        static_cast<std::int64_t>(call.server.subscriptions.subscribers(kind, name)));
  }
}

void run_numpat(LocalCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.server.subscriptions.names(Kind::pattern)));
}

std::span<const Command> pubsub_subcommands();

void run_help(LocalCall& call) {
  write_help("pubsub", pubsub_subcommands(), call.reply);
}

constexpr Flags look_flags = flag::pubsub | flag::loading | flag::stale;

constexpr Command look(std::string_view name, std::string_view syntax, std::string_view summary,
                       LocalHandler handler) {
  return {.name = name,
          .syntax = syntax,
          .arity = name == "pubsub|numpat" ? 2 : -2,
          .flags = look_flags,
          .group = "pubsub",
          .since = name.starts_with("pubsub|shard") ? "7.0.0" : "2.8.0",
          .summary = summary,
          .complexity = "O(N) where N is the number of names.",
          .local = handler};
}

std::span<const Command> pubsub_subcommands() {
  static const Command rows[] = {
      look("pubsub|channels", "[pattern]", "Names the channels that have a subscriber here.",
           run_names<Kind::channel>),
      {.name = "pubsub|help",
       .arity = 2,
       .flags = flag::loading | flag::stale,
       .group = "pubsub",
       .since = "6.2.0",
       .summary = "Prints this help.",
       .complexity = "O(1)",
       .local = run_help},
      look("pubsub|numpat", "", "Counts the patterns that have a subscriber here.", run_numpat),
      look("pubsub|numsub", "[channel [channel ...]]", "Counts the subscribers of channels here.",
           run_numsub<Kind::channel>),
      look("pubsub|shardchannels", "[pattern]",
           "Names the shard channels that have a subscriber here.", run_names<Kind::shard_channel>),
      look("pubsub|shardnumsub", "[shardchannel [shardchannel ...]]",
           "Counts the subscribers of shard channels here.", run_numsub<Kind::shard_channel>),
  };
  return rows;
}

// ---- rows

constexpr Flags subscribe_flags = flag::pubsub | flag::noscript | flag::loading | flag::stale |
                                  flag::in_subscriber | flag::pushes | flag::alone;
constexpr Flags publish_flags =
    flag::pubsub | flag::loading | flag::stale | flag::fast | flag::may_replicate;
constexpr KeyPositions all_behind = {.first = 1, .last = -1, .step = 1};

// A row of the two families: what differs between them.
struct Row {
  std::string_view name;
  std::string_view syntax;
  std::string_view since;
  std::string_view summary;
  LocalHandler handler;
  bool takes_all = false;  // No names: all.
  bool sharded = false;
};

constexpr Command make(const Row& row) {
  return {.name = row.name,
          .syntax = row.syntax,
          .arity = row.takes_all ? -1 : -2,
          .flags = subscribe_flags,
          .keys = row.sharded ? all_behind : KeyPositions{},
          .key_flags = row.sharded ? "not_key" : "",
          .group = "pubsub",
          .since = row.since,
          .summary = row.summary,
          .complexity = "O(N log N) where N is the number of names.",
          .local = row.handler};
}

}  // namespace

std::span<const Command> pubsub_commands() {
  static const Command rows[] = {
      make({"subscribe", "channel [channel ...]", "2.0.0",
            "Lets this connection hear what is published on channels.",
            run_subscribe<Kind::channel>}),
      make({"unsubscribe", "[channel [channel ...]]", "2.0.0",
            "Ends subscriptions of channels, or all of them.", run_unsubscribe<Kind::channel>,
            true}),
      make({"psubscribe", "pattern [pattern ...]", "2.0.0",
            "Lets this connection hear what is published on channels that match patterns.",
            run_subscribe<Kind::pattern>}),
      make({"punsubscribe", "[pattern [pattern ...]]", "2.0.0",
            "Ends subscriptions of patterns, or all of them.", run_unsubscribe<Kind::pattern>,
            true}),
      make({"ssubscribe", "shardchannel [shardchannel ...]", "7.0.0",
            "Lets this connection hear what is published on shard channels.",
            run_subscribe<Kind::shard_channel>, false, true}),
      make({"sunsubscribe", "[shardchannel [shardchannel ...]]", "7.0.0",
            "Ends subscriptions of shard channels, or all of them.",
            run_unsubscribe<Kind::shard_channel>, true, true}),
      {.name = "publish",
       .syntax = "channel message",
       .arity = 3,
       .flags = publish_flags,
       .group = "pubsub",
       .since = "2.0.0",
       .summary = "Sends a message to the subscribers of a channel at all members; answers how "
                  "many this member has.",
       .complexity = "O(N+M) where N is the number of receivers and M the number of patterns.",
       .write = write_publish<kv::ChannelKind::plain>},
      {.name = "spublish",
       .syntax = "shardchannel message",
       .arity = 3,
       .flags = publish_flags,
       .keys = {.first = 1, .last = 1, .step = 1},
       .key_flags = "not_key",
       .group = "pubsub",
       .since = "7.0.0",
       .summary = "Sends a message to the subscribers of a shard channel at all members; answers "
                  "how many this member has.",
       .complexity = "O(N) where N is the number of receivers.",
       .write = write_publish<kv::ChannelKind::shard>},
      {.name = "pubsub",
       .syntax = "subcommand",
       .arity = -2,
       .group = "pubsub",
       .since = "2.8.0",
       .summary = "A container for commands about who is subscribed at this member.",
       .complexity = "Depends on the subcommand.",
       .subcommands = pubsub_subcommands()},
  };
  return rows;
}

}  // namespace rabia::server
