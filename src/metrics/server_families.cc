// Of the server: clients, commands by name, errors, memory; and of the process.
#include <prometheus/text_serializer.h>

#include "metrics/families.h"
#include "metrics/family.h"

namespace rabia::metrics {
namespace {

using server::ServerPicture;

void add_clients(const ServerPicture& server, Families& families) {
  const server::Statistics& counted = server.statistics;
  families.gauge("rabia_clients", "Connected clients.", server.clients);
  families.gauge("rabia_clients_limit", "More than these are refused.", server.clients_max);
  {
    Family connections = families.counters("rabia_connections_total", "Connections of clients.");
    connections.value(counted.connections_received, {{"result", "accepted"}});
    connections.value(counted.connections_rejected, {{"result", "rejected"}});
  }
  families.counter("rabia_clients_cut_total", "Clients cut, since they took no replies.",
                   counted.clients_cut);
  families.counter("rabia_received_bytes_total", "Received from clients.", counted.input_bytes);
  families.counter("rabia_sent_bytes_total", "Sent to clients.", counted.output_bytes);
  families.counter("rabia_protocol_errors_total", "Connections closed for what is no request.",
                   counted.protocol_errors);
  families.counter("rabia_requests_too_large_total", "Requests refused for their size.",
                   counted.requests_too_large);
  families.counter("rabia_not_executed_total", "Commands answered -CLUSTERDOWN or -DISKFULL.",
                   counted.items_not_executed);
  families.counter("rabia_outcomes_unknown_total", "Commands whose outcome is not known.",
                   counted.outcomes_unknown);
  Family errors = families.counters("rabia_error_replies_total", "Error replies, by their code.");
  for (const auto& [code, count] : server.errors) errors.value(count, {{"code", code}});
}

void add_commands(const ServerPicture& server, Families& families) {
  const auto label = [](const ServerPicture::Command& command) -> Labels {
    return {{"command", std::string(command.name)}};
  };
  Family calls = families.counters("rabia_commands_total", "Commands executed, by name.");
  Family rejected = families.counters("rabia_commands_rejected_total",
                                      "Commands refused before they were executed, by name.");
  Family failed = families.counters("rabia_commands_failed_total",
                                    "Commands executed and answered by an error, by name.");
  Family took = families.histograms("rabia_command_seconds",
                                    "From parsing to the reply, so the commit is in it, by name.");
  for (const ServerPicture::Command& command : server.commands) {
    calls.value(command.counts.calls, label(command));
    rejected.value(command.counts.rejected, label(command));
    failed.value(command.counts.failed, label(command));
    took.histogram(command.counts.took, label(command));
  }
}

void add_store(const ServerPicture& server, Families& families) {
  families.gauge("rabia_keys", "Keys in the store.", server.keys);
  families.gauge("rabia_keys_limit", "max-entries; 0: none.", server.limits.max_entries);
  families.gauge("rabia_store_bytes", "Memory of the store.", server.store_bytes);
  families.gauge("rabia_account_bytes", "Memory of keys and values, as all replicas count it.",
                 server.account_bytes);
  families.gauge("rabia_account_limit_bytes", "max-memory-bytes; 0: none.",
                 server.limits.max_memory_bytes);
  {
    Family removed = families.counters("rabia_keys_removed_total",
                                       "Keys that expired, or were evicted for want of room.");
    removed.value(server.keys_expired, {{"reason", "expired"}});
    removed.value(server.keys_evicted, {{"reason", "evicted"}});
  }
  families.counter("rabia_keyspace_hits_total", "Keys that were asked for and found.",
                   server.statistics.keyspace_hits);
  families.counter("rabia_keyspace_misses_total", "Keys that were asked for and not found.",
                   server.statistics.keyspace_misses);
  families.gauge("rabia_slowlog_entries", "Slow commands that SLOWLOG holds.",
                 server.slow_commands);
  families.gauge("rabia_uptime_seconds", "Since the server was started.",
                 seconds_of(server.uptime));
}

// By the names that every exporter uses.
void add_process(const server::ProcessInfo& process, Families& families) {
  families.counter("process_cpu_seconds_total", "Processor time of the process.",
                   process.user_seconds + process.system_seconds);
  families.gauge("process_resident_memory_bytes", "Resident memory of the process.",
                 process.resident_bytes);
}

}  // namespace

void add_server_families(const Picture& picture, std::vector<prometheus::MetricFamily>& out) {
  Families families(out);
  add_clients(picture.server, families);
  add_commands(picture.server, families);
  add_store(picture.server, families);
  add_process(picture.process, families);
}

std::string to_text(const Picture& picture) {
  std::vector<prometheus::MetricFamily> families;
  add_replica_families(picture, families);
  add_peer_families(picture, families);
  add_server_families(picture, families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace rabia::metrics
