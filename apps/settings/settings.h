// Everything that a replica can be told, as values. What each is called, what it accepts and who
// may change it, says the table: table.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/log.h"
#include "kv/limits.h"
#include "rabia/result.h"
#include "replica/replica.h"
#include "server/server.h"

namespace rabia::apps {

inline constexpr std::uint16_t peer_port_offset = 10'000;
inline constexpr std::uint16_t metrics_port_offset = 1000;

// A value; thread-compatible. What is not given has the default shown here.
struct Settings {
  std::uint16_t id = 0;  // 0: not given.
  std::string cluster_id;
  std::vector<replica::Member> members;  // As given: self may be left out until complete().
  std::string bind = "127.0.0.1";
  std::uint16_t port = 6379;
  std::uint16_t peer_port = 0;  // 0: port + peer_port_offset.
  std::string data;
  Durability durability = Durability::always;
  Protocol protocol = Protocol::lanes;
  bool bootstrap = false;
  bool rejoin = false;
  bool trust_data = false;
  std::string require_pass;
  std::uint64_t clients_max = 10'000;
  std::uint64_t key_bytes_max = 64ULL << 10;
  std::uint64_t value_bytes_max = 16ULL << 20;
  std::uint64_t segment_bytes = 64ULL << 20;
  std::uint64_t snapshot_log_bytes = 256ULL << 20;
  std::uint64_t snapshot_every_seconds = 3600;
  std::uint64_t snapshot_compression = 3;
  std::uint64_t disk_reserve_bytes = 1ULL << 30;  // 0: the disk is not watched.
  std::uint64_t clock_ahead_max_seconds = 60;
  std::uint64_t once_keep_seconds = 3600;
  bool enable_notifications = true;
  std::uint64_t notification_history_bytes = 32ULL << 20;
  // Of the cluster (kv/limits.h): given at the start they count until somebody set them.
  std::uint64_t max_memory_bytes = 0;
  std::uint64_t max_entries = 0;
  kv::EvictionPolicy eviction_policy = kv::EvictionPolicy::noeviction;
  std::uint64_t eviction_samples = kv::Limits{}.samples;
  bool key_expiration_enabled = true;
  std::uint64_t notification_buffer_size = 1'000;
  server::KeyspaceClasses notify_keyspace_events = 0;
  io::Level log_level = io::Level::info;
  std::string pid_file;  // Empty: none is written.
  bool metrics_enabled = true;
  std::string metrics_bind = "127.0.0.1";
  std::uint16_t metrics_port = 0;                  // 0: port + metrics_port_offset.
  std::int64_t slowlog_slower_than_usec = 10'000;  // Below 0: nothing is noted.
  std::uint64_t slowlog_entries_max = 128;
};

// Fills in what follows from other settings (the own member, the ports) and refuses what is
// missing or contradicts itself. Call once, when everything was assigned.
Status complete(Settings& settings);

// A setting that does not go with the others.
struct Contradiction {
  std::string_view setting;  // Its name.
  std::string why;           // "must not be …", with the least or the most that would do.
};
// Of those that may change while the replica runs. complete() asks this too.
[[nodiscard]] std::optional<Contradiction> find_contradiction(const Settings& settings);

[[nodiscard]] kv::Limits limits_of(const Settings& settings);
void put(Settings& settings, const kv::Limits& limits);
[[nodiscard]] replica::ReplicaOptions replica_options(const Settings& settings);
[[nodiscard]] replica::SnapshotRule snapshot_rule(const Settings& settings);
[[nodiscard]] server::ServerOptions server_options(const Settings& settings);

}  // namespace rabia::apps
