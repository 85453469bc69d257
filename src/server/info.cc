// INFO: the server in lines of text, in the sections that Redis has and one of our own.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "io/network.h"
#include "server/client_state.h"
#include "server/info_lines.h"
#include "server/persistence.h"
#include "server/process_info.h"
#include "server/redis_version.h"
#include "server/server_state.h"
#include "server/session.h"
#include "server/text.h"

namespace rabia::server {
namespace {

std::int64_t seconds_of(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

void write_server(const ServerState& server, Lines& lines) {
  const std::int64_t uptime = seconds_of(server.executor.now() - server.started_at);
  lines.field("redis_version", redis_version);
  lines.field("rabia_version", RABIA_VERSION);
  lines.field("redis_mode", "standalone");
  lines.field("arch_bits", "64");
  lines.field("process_id", read_process_info().process_id);
  lines.field("run_id", server.run_id);
  lines.field("tcp_port", server.port);
  lines.field("server_time_usec", server.executor.wall_now().time_since_epoch().count());
  lines.field("uptime_in_seconds", uptime);
  lines.field("uptime_in_days", uptime / (24 * 3600));
}

void write_clients(const ServerState& server, Lines& lines) {
  const auto& all = server.sessions.all();
  const auto blocked = std::count_if(all.begin(), all.end(), [](const auto& entry) {
    return !entry.second->dead() && entry.second->client().blocked();
  });
  lines.field("connected_clients", server.sessions.live());
  lines.field("maxclients", server.options.clients_max);
  lines.field("blocked_clients", blocked);
}

void write_memory(const ServerState& server, Lines& lines) {
  lines.bytes("used_memory", server.machine.store().memory_bytes());
  lines.bytes("used_memory_rss", read_process_info().resident_bytes);
  lines.bytes("used_memory_dataset", server.machine.store().account_bytes());
  const kv::Limits& limits = server.machine.limits().limits();
  lines.bytes("maxmemory", limits.max_memory_bytes);
  lines.field("maxmemory_policy", name_of(limits.policy));
  lines.field("max_entries", limits.max_entries);
}

std::int64_t seconds_or_none(const std::optional<base::Duration>& duration) {
  return duration ? seconds_of(*duration) : -1;
}

void write_persistence(const ServerState& server, Lines& lines) {
  const replica::ReplicaStatus status = server.replica.status();
  lines.field("loading", 0);
  lines.field("async_loading", 0);
  lines.field("rdb_changes_since_last_save", status.commands_since_snapshot);
  lines.field("rdb_bgsave_in_progress", saving(status) ? 1 : 0);
  lines.field("rdb_last_save_time", last_save(status));
  lines.field("rdb_last_bgsave_status", status.last_snapshot_failed ? "err" : "ok");
  lines.field("rdb_last_bgsave_time_sec", seconds_or_none(status.last_snapshot_took));
  lines.field("rdb_current_bgsave_time_sec", seconds_or_none(status.taking_snapshot_for));
  lines.field("rdb_saves", status.snapshots_taken);
  lines.field("aof_enabled", 0);
  lines.field("aof_rewrite_in_progress", 0);
}

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(value);
}

void write_stats(const ServerState& server, Lines& lines) {
  const Statistics& counted = server.statistics;
  lines.field("total_connections_received", counted.connections_received);
  lines.field("total_commands_processed", counted.commands_processed);
  lines.field("instantaneous_ops_per_sec", whole(server.rates.commands.per_second()));
  lines.field("total_net_input_bytes", counted.input_bytes);
  lines.field("total_net_output_bytes", counted.output_bytes);
  lines.two_places("instantaneous_input_kbps", server.rates.input_bytes.per_second() / 1024);
  lines.two_places("instantaneous_output_kbps", server.rates.output_bytes.per_second() / 1024);
  lines.field("rejected_connections", counted.connections_rejected);
  lines.field("expired_keys", server.machine.store().keys_expired());
  lines.field("evicted_keys", server.machine.store().keys_evicted());
  lines.field("keyspace_hits", counted.keyspace_hits);
  lines.field("keyspace_misses", counted.keyspace_misses);
  const Subscriptions& subscriptions = server.subscriptions;
  lines.field("pubsub_channels", subscriptions.names(SubscriptionKind::channel));
  lines.field("pubsub_patterns", subscriptions.names(SubscriptionKind::pattern));
  lines.field("pubsubshard_channels", subscriptions.names(SubscriptionKind::shard_channel));
  lines.field("total_error_replies", server.command_statistics.errors_in_all());
}

// What clients look for; members are equals, so none is a replica of another.
void write_replication(const ServerState&, Lines& lines) {
  lines.field("role", "master");
  lines.field("connected_slaves", 0);
}

void write_cpu(const ServerState&, Lines& lines) {
  const ProcessInfo process = read_process_info();
  lines.seconds("used_cpu_sys", process.system_seconds);
  lines.seconds("used_cpu_user", process.user_seconds);
}

void write_modules(const ServerState&, Lines&) {}

void write_cluster(const ServerState&, Lines& lines) {
  lines.field("cluster_enabled", 0);
}

void write_keyspace(const ServerState& server, Lines& lines) {
  const kv::Store& store = server.machine.store();
  if (store.size() == 0) return;
  lines.field("db0", "keys=" + std::to_string(store.size()) +
                         ",expires=" + std::to_string(store.keys_with_deadline()) + ",avg_ttl=0");
}

void write_peer(const replica::PeerStatus& peer, Lines& lines) {
  const auto round_trip =
      std::chrono::duration_cast<std::chrono::microseconds>(peer.round_trip).count();
  lines.field("peer" + std::to_string(peer.id.value),
              "address=" + io::to_string(peer.address) + ",role=" +
                  std::string(name_of(peer.role)) + ",connected=" + (peer.connected ? "1" : "0") +
                  ",executed_round=" + std::to_string(peer.executed_round) +
                  ",round_trip_usec=" + std::to_string(round_trip) +
                  ",digest_agrees_position=" + std::to_string(peer.digest_agrees.value) +
                  ",digest_differs_position=" + std::to_string(peer.digest_differs.value));
}

void write_disk(const replica::DiskStatus& disk, Lines& lines) {
  using Room = replica::DiskStatus::Room;
  lines.field("disk_free_bytes", disk.free_bytes);
  lines.field("disk_reserve_bytes", disk.reserve_bytes);
  lines.field("writes_refused_for_disk", disk.room == Room::enough ? 0 : 1);
  lines.field("stepped_back_for_disk", disk.room == Room::critical ? 1 : 0);
}

void write_rabia(const ServerState& server, Lines& lines) {
  const replica::ReplicaStatus status = server.replica.status();
  lines.field("serving", status.serving ? 1 : 0);
  lines.field("not_serving_because", status.not_serving_because);
  lines.field("executed_round", status.executed_round);
  lines.field("top_round", status.top_round);
  lines.field("log_position", status.position.value);
  lines.field("digest", to_string(status.digest));
  lines.field("digest_agrees_position", status.digest_agrees.value);
  lines.field("digest_differs", status.digest_differs ? 1 : 0);
  lines.field("incarnation", status.incarnation);
  lines.field("batches_proposed", status.batches_proposed);
  lines.field("batches_reproposed", status.batches_reproposed);
  lines.field("commands_executed", status.commands_executed);
  lines.field("barriers", status.barriers);
  lines.field("forfeits", status.forfeits);
  lines.field("log_time_ms", status.log_time.value);
  lines.field("batches_refused_for_clock", status.batches_refused);
  lines.field("own_clock_is_wrong", status.own_clock_is_wrong ? 1 : 0);
  lines.field("revision", server.machine.store().revision());
  lines.field("watches", server.watchers.size());
  lines.field("watch_buffers_filled", server.notifications.buffers_filled());
  lines.field("protocol", name_of(status.protocol));
  lines.field("slots_decided", status.slots_decided);
  lines.field("slots_empty", status.slots_empty);
  lines.two_places("phases_per_slot", status.phases_per_slot);
  lines.field("log_commits", status.log_commits);
  lines.field("history_entries", status.history_entries);
  lines.field("log_bytes", status.log_bytes);
  write_disk(server.replica.disk(), lines);
  lines.field("snapshot_round", status.snapshot_round);
  lines.field("snapshots_taken", status.snapshots_taken);
  lines.field("snapshots_installed", status.snapshots_installed);
  lines.field("snapshots_failed", status.snapshots_failed);
  lines.field("snapshots_damaged", status.snapshots_damaged);
  lines.field("snapshot_in_progress", status.taking_snapshot ? 1 : 0);
  lines.field("snapshot_install_in_progress", status.installing_snapshot ? 1 : 0);
  lines.field("snapshot_install_percent", status.snapshot_fetched_percent);
  lines.field("protocol_errors", server.statistics.protocol_errors);
  lines.field("requests_too_large", server.statistics.requests_too_large);
  lines.field("clients_cut", server.statistics.clients_cut);
  lines.field("items_not_executed", server.statistics.items_not_executed);
  lines.field("outcomes_unknown", server.statistics.outcomes_unknown);
  lines.field("member_role", status.removed ? "removed" : name_of(status.self.role));
  lines.field("membership_number", status.membership_number);
  lines.field("membership_in_force", status.membership_in_force ? 1 : 0);
  lines.field("rejoining", status.rejoining ? 1 : 0);
  lines.field("rejoins", status.rejoins);
  lines.field("peers", status.peers.size());
  for (const replica::PeerStatus& peer : status.peers) write_peer(peer, lines);
}

struct Section {
  std::string_view title;
  void (*write)(const ServerState& server, Lines& lines);
  bool by_default = true;
};

constexpr Section sections[] = {
    {"Server", write_server},
    {"Clients", write_clients},
    {"Memory", write_memory},
    {"Persistence", write_persistence},
    {"Stats", write_stats},
    {"Replication", write_replication},
    {"CPU", write_cpu},
    {"Modules", write_modules},
    {"Commandstats", write_commandstats, false},
    {"Errorstats", write_errorstats},
    {"Latencystats", write_latencystats, false},
    {"Cluster", write_cluster},
    {"Keyspace", write_keyspace},
    {"Rabia", write_rabia},
};

bool asked_for(const Section& section, Arguments names) {
  if (names.empty()) return section.by_default;
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    if (equals_ignoring_case(name, "default")) return section.by_default;
    return equals_ignoring_case(name, section.title) || equals_ignoring_case(name, "all") ||
           equals_ignoring_case(name, "everything");
  });
}

}  // namespace

void run_info(LocalCall& call) {
  std::string text;
  Lines lines(text);
  for (const Section& section : sections) {
    if (!asked_for(section, call.arguments.subspan(1))) continue;
    if (!text.empty()) text.append("\r\n");
    text.append("# ").append(section.title).append("\r\n");
    section.write(call.server, lines);
  }
  call.reply.verbatim(text);
}

}  // namespace rabia::server
