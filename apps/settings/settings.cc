#include "settings/settings.h"

#include <algorithm>
#include <chrono>

#include "settings/parse.h"
#include "settings/table.h"

namespace rabia::apps {
namespace {

// What has no default that could be meant.
Status refuse_what_is_missing(const Settings& settings) {
  const Settings defaults;
  for (const SettingRow& row : setting_rows()) {
    if (!row.required || row.type.print(settings) != row.type.print(defaults)) continue;
    const std::string name(row.name);
    return {Code::invalid_argument, name + " is required (--" + name + ", " + variable_of(row) +
                                        ", or in the configuration file)"};
  }
  if (settings.bind.empty()) return {Code::invalid_argument, "bind must not be empty"};
  return {};
}

Status check_members_differ(const std::vector<replica::Member>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (members[i].id != members[j].id && !(members[i].peer_address == members[j].peer_address)) {
        continue;
      }
      return {Code::invalid_argument, "member: " + print_member(members[j]) + " and " +
                                          print_member(members[i]) +
                                          " must differ in id and in address"};
    }
  }
  return {};
}

Status complete_metrics_port(Settings& settings) {
  if (!settings.metrics_enabled) return {};
  if (settings.metrics_bind.empty())
    return {Code::invalid_argument,
            "metrics-bind is empty: give an address, or metrics-enabled = false"};
  if (settings.metrics_port == 0) {
    if (settings.port > 65535 - metrics_port_offset) {
      return {Code::invalid_argument, "metrics-port is required when port is above 64535"};
    }
    settings.metrics_port = static_cast<std::uint16_t>(settings.port + metrics_port_offset);
  }
  if (settings.metrics_port != settings.port && settings.metrics_port != settings.peer_port) {
    return {};
  }
  return {Code::invalid_argument, "metrics-port must differ from port and peer-port"};
}

Status check_protocol(const Settings& settings) {
  if (settings.protocol == Protocol::lanes) return {};
  if (settings.durability == Durability::memory && !settings.rejoin) return {};
  return {
      Code::invalid_argument,
      "protocol: 'published' keeps nothing and takes nobody back: it needs durability = memory, "
      "and knows no rejoin"};
}

// Adds the own member when the list leaves it out, and makes peer_port and the list agree.
Status complete_own_member(Settings& settings) {
  const auto own =
      std::ranges::find(settings.members, ReplicaId{settings.id}, &replica::Member::id);
  if (own != settings.members.end()) {
    const std::uint16_t listed = own->peer_address.port;
    if (settings.peer_port != 0 && settings.peer_port != listed) {
      return {Code::invalid_argument, "peer-port is " + std::to_string(settings.peer_port) +
                                          " but member says " + print_member(*own)};
    }
    settings.peer_port = listed;
    return {};
  }
  if (settings.peer_port == 0) {
    if (settings.port > 65535 - peer_port_offset) {
      return {Code::invalid_argument, "peer-port is required when port is above 55535"};
    }
    settings.peer_port = static_cast<std::uint16_t>(settings.port + peer_port_offset);
  }
  if (settings.members.size() == cluster_members_max) {
    return {Code::invalid_argument,
            "a cluster has at most " + std::to_string(cluster_members_max) + " members"};
  }
  settings.members.push_back({ReplicaId{settings.id}, {settings.bind, settings.peer_port}});
  return {};
}

// A reserve whose last quarter would not hold what the log may still need is none.
std::optional<Contradiction> small_disk_reserve(const Settings& settings) {
  const std::uint64_t reserve = settings.disk_reserve_bytes;
  const std::uint64_t least = 4 * replica::least_disk_quarter(settings.segment_bytes);
  if (reserve == 0 || reserve >= least || settings.durability == Durability::memory) return {};
  return Contradiction{"disk-reserve-bytes",
                       std::to_string(reserve) + " is too little for segment-bytes = " +
                           std::to_string(settings.segment_bytes) +
                           ": the log may need a quarter of " + std::to_string(least) +
                           "; set at least that, or 0 to not watch the disk"};
}

}  // namespace

std::optional<Contradiction> find_contradiction(const Settings& settings) {
  if (settings.key_bytes_max > settings.value_bytes_max) {
    return Contradiction{"key-bytes-max", std::to_string(settings.key_bytes_max) +
                                              " is more than value-bytes-max = " +
                                              std::to_string(settings.value_bytes_max)};
  }
  return small_disk_reserve(settings);
}

Status complete(Settings& settings) {
  if (Status status = refuse_what_is_missing(settings); !status.ok()) return status;
  if (Status status = complete_own_member(settings); !status.ok()) return status;
  if (settings.peer_port == settings.port) {
    return {Code::invalid_argument, "port and peer-port must differ"};
  }
  if (const auto found = find_contradiction(settings)) {
    return {Code::invalid_argument, std::string(found->setting) + ": " + found->why};
  }
  if (Status status = complete_metrics_port(settings); !status.ok()) return status;
  if (Status status = check_protocol(settings); !status.ok()) return status;
  std::ranges::sort(settings.members, {}, &replica::Member::id);
  return check_members_differ(settings.members);
}

kv::Limits limits_of(const Settings& settings) {
  return {.max_memory_bytes = settings.max_memory_bytes,
          .max_entries = settings.max_entries,
          .policy = settings.eviction_policy,
          .samples = settings.eviction_samples,
          .key_expiration_enabled = settings.key_expiration_enabled};
}

void put(Settings& settings, const kv::Limits& limits) {
  settings.max_memory_bytes = limits.max_memory_bytes;
  settings.max_entries = limits.max_entries;
  settings.eviction_policy = limits.policy;
  settings.eviction_samples = limits.samples;
  settings.key_expiration_enabled = limits.key_expiration_enabled;
}

replica::ReplicaOptions replica_options(const Settings& settings) {
  replica::ReplicaOptions options;
  options.cluster_id = settings.cluster_id;
  options.self = ReplicaId{settings.id};
  options.members = settings.members;
  options.data_directory = settings.data;
  options.durability = settings.durability;
  options.protocol = settings.protocol;
  options.bootstrap = settings.bootstrap;
  options.rejoin = settings.rejoin;
  options.vouched = settings.trust_data;
  options.segment_bytes = settings.segment_bytes;
  options.disk_reserve_bytes = settings.disk_reserve_bytes;
  options.clock_ahead_max = std::chrono::seconds(settings.clock_ahead_max_seconds);
  options.snapshots = snapshot_rule(settings);
  return options;
}

replica::SnapshotRule snapshot_rule(const Settings& settings) {
  return {.log_bytes = settings.snapshot_log_bytes,
          .every = std::chrono::seconds(settings.snapshot_every_seconds),
          .zstd_level = static_cast<int>(settings.snapshot_compression)};
}

server::ServerOptions server_options(const Settings& settings) {
  server::ServerOptions options;
  options.listen = {settings.bind, settings.port};
  options.require_pass = settings.require_pass;
  options.clients_max = settings.clients_max;
  options.key_bytes_max = settings.key_bytes_max;
  options.value_bytes_max = settings.value_bytes_max;
  options.once_keep_seconds = settings.once_keep_seconds;
  options.enable_notifications = settings.enable_notifications;
  options.notification_history_bytes = settings.notification_history_bytes;
  options.notification_buffer_size = settings.notification_buffer_size;
  options.notify_keyspace_events = settings.notify_keyspace_events;
  options.slowlog_slower_than_usec = settings.slowlog_slower_than_usec;
  options.slowlog_entries_max = settings.slowlog_entries_max;
  return options;
}

}  // namespace rabia::apps
