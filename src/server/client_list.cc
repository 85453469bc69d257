#include "server/client_list.h"

#include <chrono>

#include "server/session.h"

namespace rabia::server {
namespace {

std::string flags_of(const ClientState& client) {
  std::string flags;
  if (client.subscriptions.any()) flags += 'P';
  if (client.blocked()) flags += 'b';
  if (client.close_after_reply) flags += 'c';
  if (client.no_evict) flags += 'e';
  if (client.monitors) flags += 'O';
  if (client.transaction) flags += 'x';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

std::string whole_seconds(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::string describe(const Session& session, base::Instant now) {
  const ClientState& client = session.client();
  std::string line;
  const auto field = [&](std::string_view name, std::string_view value) {
    if (!line.empty()) line += ' ';
    line.append(name).append("=").append(value);
  };
  field("id", std::to_string(client.id));
  field("addr", client.address);
  field("laddr", client.local_address);
  field("fd", "-1");
  field("name", client.name);
  field("age", whole_seconds(now - client.connected_at));
  field("idle", whole_seconds(now - client.last_active_at));
  field("flags", flags_of(client));
  field("db", "0");
  const auto subscribed = [&](std::string_view name, SubscriptionKind kind) {
    field(name, std::to_string(client.subscriptions.of(kind).size()));
  };
  subscribed("sub", SubscriptionKind::channel);
  subscribed("psub", SubscriptionKind::pattern);
  subscribed("ssub", SubscriptionKind::shard_channel);
  field("multi", client.transaction ? std::to_string(client.transaction->commands()) : "-1");
  field("qbuf", std::to_string(session.input_bytes()));
  line += " qbuf-free=0 argv-mem=0";
  field("multi-mem", std::to_string(client.transaction ? client.transaction->bytes() : 0));
  line += " rbs=0 rbp=0 obl=0 oll=0";
  field("omem", std::to_string(session.output_bytes()));
  field("tot-mem", std::to_string(session.memory_bytes()));
  field("events", "r");
  field("cmd", client.last_command == nullptr ? "NULL" : client.last_command->name);
  line += " user=default redir=-1";
  field("resp", client.protocol == resp::Protocol::resp2 ? "2" : "3");
  field("lib-name", client.library_name);
  field("lib-ver", client.library_version);
  return line;
}

}  // namespace rabia::server
