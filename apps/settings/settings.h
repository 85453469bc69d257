// Everything that a replica can be told. One table (setting_rows) gives each setting its name,
// help, default, unit, range, parser and printer; the command line, the configuration file,
// validation and CONFIG GET are all made from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/log.h"
#include "rabia/result.h"
#include "replica/replica.h"
#include "server/server.h"

namespace rabia::apps {

inline constexpr std::uint16_t peer_port_offset = 10'000;
inline constexpr std::uint16_t metrics_port_offset = 1000;
inline constexpr const char* password_variable = "RABIA_REQUIREPASS";

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
  io::Level log_level = io::Level::info;
  std::string pid_file;  // Empty: none is written.
  bool metrics_enabled = true;
  std::string metrics_bind = "127.0.0.1";
  std::uint16_t metrics_port = 0;                  // 0: port + metrics_port_offset.
  std::int64_t slowlog_slower_than_usec = 10'000;  // Below 0: nothing is noted.
  std::uint64_t slowlog_entries_max = 128;
};

// One row of the table. All views have static storage.
struct SettingRow {
  std::string_view name;        // --name on the command line, name in the file, CONFIG GET name.
  std::string_view redis_name;  // CONFIG GET answers to this too; empty: Redis has no such name.
  std::string_view help;        // One sentence without a full stop.
  std::string_view accepts;     // For people: "a number from 1 to 65535".
  std::uint64_t least = 0;      // Numbers only.
  std::uint64_t most = 0;
  Status (*parse)(const SettingRow& row, std::string_view text, Settings& settings) = nullptr;
  std::string (*print)(const Settings& settings) = nullptr;
  bool repeated = false;   // May be given more than once; print() joins with spaces.
  bool numeric = false;    // The value is digits.
  bool on_off = false;     // On the command line, the name alone means true.
  bool secret = false;     // Never in a log line or a refusal.
  bool flag_only = false;  // Given for one start, so never in the configuration file.
};

[[nodiscard]] std::span<const SettingRow> setting_rows();

// The row of that name, or null.
[[nodiscard]] const SettingRow* find_setting(std::string_view name);

// Parses one text into the setting of that name. An unknown name is refused with the nearest one,
// if it looks like a slip of it; a bad value with what is accepted.
Status assign(Settings& settings, std::string_view name, std::string_view text);

// Assigns what the environment gives: the password, as RABIA_REQUIREPASS, so that it is neither in
// a file nor in the list of processes. Unset or empty: nothing. Call before other threads are
// started.
Status assign_from_environment(Settings& settings);

// What is wrong with a name that does not exist.
Status unknown_setting(std::string_view name);

// Fills in what follows from other settings (the own member, the ports) and refuses what is
// missing or contradicts itself. Call once, when everything was assigned.
Status complete(Settings& settings);

// Refuses a disk_reserve_bytes whose last quarter would not hold what the log may still need, with
// the least that would do. complete() has it done; it is for a value that is set later.
Status check_disk_reserve(const Settings& settings);

// What CONFIG GET answers: our names, and Redis's for what clients ask.
[[nodiscard]] std::vector<server::Setting> config_values(const Settings& settings);

[[nodiscard]] replica::ReplicaOptions replica_options(const Settings& settings);
[[nodiscard]] server::ServerOptions server_options(const Settings& settings);

}  // namespace rabia::apps
