#include "server/subscriptions.h"

#include <algorithm>

#include "io/log.h"
#include "server/glob.h"
#include "server/session.h"
#include "server/shared_push.h"

namespace rabia::server {
namespace {

std::uint64_t id_of(const Session* session) {
  return session->client().id;
}

}  // namespace

Subscriptions::Subscriptions(BufferPool& buffers, std::uint64_t seed)
    : buffers_(buffers),
      tables_{Table(0, Hash{seed}), Table(0, Hash{seed}), Table(0, Hash{seed})} {}

bool Subscriptions::add(SubscriptionKind kind, std::string_view name, Session& session) {
  const auto place = table(kind).try_emplace(std::string(name)).first;
  ClientSubscriptions& own = session.client().subscriptions;
  if (!own.by_kind[static_cast<std::size_t>(kind)].insert(place->first).second) return false;
  own.name_bytes += name.size();
  Sessions& sessions = place->second;
  sessions.insert(std::ranges::lower_bound(sessions, id_of(&session), {}, id_of), &session);
  return true;
}

bool Subscriptions::remove(SubscriptionKind kind, std::string_view name, Session& session) {
  ClientSubscriptions& own = session.client().subscriptions;
  if (own.by_kind[static_cast<std::size_t>(kind)].erase(name) == 0) return false;
  own.name_bytes -= name.size();
  const auto place = table(kind).find(name);
  Sessions& sessions = place->second;
  sessions.erase(std::ranges::lower_bound(sessions, id_of(&session), {}, id_of));
  if (sessions.empty()) table(kind).erase(place);
  return true;
}

void Subscriptions::remove_all(Session& session) {
  for (std::size_t kind = 0; kind < subscription_kinds; ++kind) {
    const ClientSubscriptions::Names& names = session.client().subscriptions.by_kind[kind];
    while (!names.empty()) remove(static_cast<SubscriptionKind>(kind), *names.begin(), session);
  }
}

std::size_t Subscriptions::subscribers(SubscriptionKind kind, std::string_view name) const {
  const auto found = table(kind).find(name);
  return found == table(kind).end() ? 0 : found->second.size();
}

// ---- what the machine tells. No session ends in a push, so nobody leaves the tables meanwhile.

std::uint64_t Subscriptions::on_message(kv::ChannelKind kind, std::string_view channel,
                                        std::string_view payload) {
  if (kind == kv::ChannelKind::shard) {
    return tell(SubscriptionKind::shard_channel, "smessage", channel, payload);
  }
  return tell(SubscriptionKind::channel, "message", channel, payload) +
         tell_patterns(channel, payload);
}

std::uint64_t Subscriptions::tell(SubscriptionKind kind, std::string_view word,
                                  std::string_view channel, std::string_view payload) {
  const auto found = table(kind).find(channel);
  if (found == table(kind).end()) return 0;
  SharedPush push(buffers_, [&](resp::ReplyWriter& writer) {
    writer.push(3);
    writer.bulk(word);
    writer.bulk(channel);
    writer.bulk(payload);
  });
  for (Session* const session : found->second) push.send(*session);
  return found->second.size();
}

std::uint64_t Subscriptions::tell_patterns(std::string_view channel, std::string_view payload) {
  std::uint64_t receivers = 0;
  for (const auto& [pattern, sessions] : table(SubscriptionKind::pattern)) {
    if (!glob_matches(pattern, channel)) continue;
    SharedPush push(buffers_, [&, &name = pattern](resp::ReplyWriter& writer) {
      writer.push(4);
      writer.bulk("pmessage");
      writer.bulk(name);
      writer.bulk(channel);
      writer.bulk(payload);
    });
    for (Session* const session : sessions) push.send(*session);
    receivers += sessions.size();
  }
  return receivers;
}

void Subscriptions::on_skipped() {
  std::uint64_t ended = 0;
  for (; Session* const session = anyone(); ++ended) session->kill();
  if (ended == 0) return;
  io::log(io::Level::warning, "server",
          "subscribers cut: a snapshot took the place of messages that they would have missed",
          {{"clients", ended}});
}

Session* Subscriptions::anyone() const {
  for (const Table& table : tables_) {
    if (!table.empty()) return table.begin()->second.front();
  }
  return nullptr;
}

}  // namespace rabia::server
