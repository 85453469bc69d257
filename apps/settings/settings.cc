#include "settings/settings.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "base/number.h"
#include "settings/parse.h"

namespace rabia::apps {
namespace {

Status out_of_range(const SettingRow& row, std::string_view text) {
  if (row.secret) {
    return {Code::invalid_argument,
            std::string(row.name) + ": the value is not " + std::string(row.accepts)};
  }
  return {Code::invalid_argument, std::string(row.name) + ": '" + std::string(text.substr(0, 200)) +
                                      "' is not " + std::string(row.accepts)};
}

template <auto Field>
Status assign_in_range(const SettingRow& row, std::string_view text, Settings& settings,
                       const Result<std::uint64_t>& number) {
  if (!number.ok() || number.value() < row.least || number.value() > row.most) {
    return out_of_range(row, text);
  }
  using Value = std::remove_reference_t<decltype(settings.*Field)>;
  settings.*Field = static_cast<Value>(number.value());
  return {};
}

template <auto Field>
Status number(const SettingRow& row, std::string_view text, Settings& settings) {
  return assign_in_range<Field>(row, text, settings, parse_number(text));
}

template <auto Field>
Status byte_count(const SettingRow& row, std::string_view text, Settings& settings) {
  return assign_in_range<Field>(row, text, settings, parse_byte_count(text));
}

template <auto Field>
std::string print_number(const Settings& settings) {
  return std::to_string(settings.*Field);
}

template <auto Field>
Status text_value(const SettingRow& row, std::string_view text, Settings& settings) {
  if (text.size() > row.most || text.find('\0') != std::string_view::npos) {
    return out_of_range(row, text);
  }
  settings.*Field = std::string(text);
  return {};
}

template <auto Field>
std::string print_text(const Settings& settings) {
  return settings.*Field;
}

Status cluster_name(const SettingRow& row, std::string_view text, Settings& settings) {
  if (!is_valid_cluster_id(text)) return out_of_range(row, text);
  settings.cluster_id = std::string(text);
  return {};
}

Status member(const SettingRow& row, std::string_view text, Settings& settings) {
  Result<replica::Member> parsed = parse_member(text);
  if (!parsed.ok()) return out_of_range(row, text);
  if (settings.members.size() == cluster_members_max) {
    return {Code::invalid_argument,
            "a cluster has at most " + std::to_string(cluster_members_max) + " members"};
  }
  settings.members.push_back(parsed.take());
  return {};
}

std::string print_members(const Settings& settings) {
  std::string text;
  for (const replica::Member& each : settings.members) {
    if (!text.empty()) text += ' ';
    text += print_member(each);
  }
  return text;
}

Status durability(const SettingRow& row, std::string_view text, Settings& settings) {
  const Result<Durability> parsed = parse_durability(text);
  if (!parsed.ok()) return out_of_range(row, text);
  settings.durability = parsed.value();
  return {};
}

Status protocol(const SettingRow& row, std::string_view text, Settings& settings) {
  const Result<Protocol> parsed = parse_protocol(text);
  if (!parsed.ok()) return out_of_range(row, text);
  settings.protocol = parsed.value();
  return {};
}

template <auto Field>
Status boolean(const SettingRow& row, std::string_view text, Settings& settings) {
  const Result<bool> parsed = parse_boolean(text);
  if (!parsed.ok()) return out_of_range(row, text);
  settings.*Field = parsed.value();
  return {};
}

template <auto Field>
std::string print_boolean(const Settings& settings) {
  return settings.*Field ? "true" : "false";
}

Status log_level(const SettingRow& row, std::string_view text, Settings& settings) {
  const Result<io::Level> parsed = io::parse_log_level(text);
  if (!parsed.ok()) return out_of_range(row, text);
  settings.log_level = parsed.value();
  return {};
}

Status slowlog_threshold(const SettingRow& row, std::string_view text, Settings& settings) {
  const std::optional<std::int64_t> parsed = base::parse_integer(text);
  if (!parsed || *parsed < -1) return out_of_range(row, text);
  settings.slowlog_slower_than_usec = *parsed;
  return {};
}

// The largest value leaves room for its key and command in one frame between replicas.
constexpr std::uint64_t value_bytes_limit = 30ULL << 20;

constexpr std::size_t slip_edits_max = 3;

constexpr auto rows = std::to_array<SettingRow>({
    {.name = "id",
     .redis_name = "",
     .help = "Number of this replica in the cluster; required",
     .accepts = "a number from 1 to 65535",
     .least = 1,
     .most = 65535,
     .parse = number<&Settings::id>,
     .print = print_number<&Settings::id>,
     .numeric = true},
    {.name = "cluster-id",
     .redis_name = "",
     .help = "Name of the cluster, equal on all members; required",
     .accepts = "a name of 1 to 64 letters, digits, '.', '_' or '-'",
     .parse = cluster_name,
     .print = print_text<&Settings::cluster_id>},
    {.name = "member",
     .redis_name = "",
     .help =
         "Address of a member for its peers, repeated for each of up to 15 members; this replica "
         "may be left out",
     .accepts = "ID=HOST:PEERPORT with an ID from 1 to 65535",
     .parse = member,
     .print = print_members,
     .repeated = true},
    {.name = "bind",
     .redis_name = "bind",
     .help = "Address on which clients are served",
     .accepts = "a host name or address",
     .most = 255,
     .parse = text_value<&Settings::bind>,
     .print = print_text<&Settings::bind>},
    {.name = "port",
     .redis_name = "port",
     .help = "TCP port for clients",
     .accepts = "a number from 1 to 65535",
     .least = 1,
     .most = 65535,
     .parse = number<&Settings::port>,
     .print = print_number<&Settings::port>,
     .numeric = true},
    {.name = "peer-port",
     .redis_name = "",
     .help = "TCP port for the other replicas; 0 means port + 10000, or what --member says",
     .accepts = "a number from 0 to 65535",
     .least = 0,
     .most = 65535,
     .parse = number<&Settings::peer_port>,
     .print = print_number<&Settings::peer_port>,
     .numeric = true},
    {.name = "data",
     .redis_name = "dir",
     .help = "Directory of this replica's data; required",
     .accepts = "a path of at most 4096 bytes",
     .most = 4096,
     .parse = text_value<&Settings::data>,
     .print = print_text<&Settings::data>},
    {.name = "durability",
     .redis_name = "",
     .help = "What an acknowledged write survives: always (synced to disk: power failure), os "
             "(written: a crash of the process), memory (nothing)",
     .accepts = "always, os or memory",
     .parse = durability,
     .print = [](const Settings& s) { return std::string(name_of(s.durability)); }},
    {.name = "protocol",
     .redis_name = "",
     .help =
         "How the replicas agree: lanes, or published (the paper's algorithms as printed, to be "
         "measured beside lanes: durability memory only, and nobody comes, goes or comes back)",
     .accepts = "lanes or published",
     .parse = protocol,
     .print = [](const Settings& s) { return std::string(name_of(s.protocol)); }},
    {.name = "bootstrap",
     .redis_name = "",
     .help = "The operator's word that a new cluster may be founded from empty directories",
     .accepts = "true or false",
     .parse = boolean<&Settings::bootstrap>,
     .print = print_boolean<&Settings::bootstrap>,
     .on_off = true,
     .flag_only = true},
    {.name = "rejoin",
     .redis_name = "",
     .help =
         "The operator's word that what this replica had is lost, or that it is a new member: it "
         "takes everything from the others",
     .accepts = "true or false",
     .parse = boolean<&Settings::rejoin>,
     .print = print_boolean<&Settings::rejoin>,
     .on_off = true,
     .flag_only = true},
    {.name = "trust-data",
     .redis_name = "",
     .help = "The operator's word that data of durability os is whole although the machine was "
             "restarted",
     .accepts = "true or false",
     .parse = boolean<&Settings::trust_data>,
     .print = print_boolean<&Settings::trust_data>,
     .on_off = true,
     .flag_only = true},
    {.name = "requirepass",
     .redis_name = "requirepass",
     .help = "Password that clients must give with AUTH; empty: none. The environment's "
             "RABIA_REQUIREPASS wins over the file",
     .accepts = "a text of at most 512 bytes",
     .most = 512,
     .parse = text_value<&Settings::require_pass>,
     .print = print_text<&Settings::require_pass>,
     .secret = true},
    {.name = "maxclients",
     .redis_name = "maxclients",
     .help = "Connected clients at once; more are refused",
     .accepts = "a number from 1 to 1000000",
     .least = 1,
     .most = 1'000'000,
     .parse = number<&Settings::clients_max>,
     .print = print_number<&Settings::clients_max>,
     .numeric = true},
    {.name = "key-bytes-max",
     .redis_name = "",
     .help = "Longest key",
     .accepts = "a number of bytes from 1 to 1MiB",
     .least = 1,
     .most = 1ULL << 20,
     .parse = byte_count<&Settings::key_bytes_max>,
     .print = print_number<&Settings::key_bytes_max>,
     .numeric = true},
    {.name = "value-bytes-max",
     .redis_name = "proto-max-bulk-len",
     .help = "Longest value",
     .accepts = "a number of bytes from 1 to 30MiB",
     .least = 1,
     .most = value_bytes_limit,
     .parse = byte_count<&Settings::value_bytes_max>,
     .print = print_number<&Settings::value_bytes_max>,
     .numeric = true},
    {.name = "segment-bytes",
     .redis_name = "",
     .help = "Size of one file of the write-ahead log",
     .accepts = "a number of bytes from 1MiB to 1GiB",
     .least = 1ULL << 20,  // The log takes less, which is of use to tests alone.
     .most = storage::segment_bytes_max,
     .parse = byte_count<&Settings::segment_bytes>,
     .print = print_number<&Settings::segment_bytes>,
     .numeric = true},
    {.name = "snapshot-log-bytes",
     .redis_name = "",
     .help =
         "A snapshot is taken when so much was written to the log since the last one, and no less "
         "than that one has",
     .accepts = "a number of bytes from 1MiB to 1TiB",
     .least = 1ULL << 20,
     .most = 1ULL << 40,
     .parse = byte_count<&Settings::snapshot_log_bytes>,
     .print = print_number<&Settings::snapshot_log_bytes>,
     .numeric = true},
    {.name = "snapshot-every-seconds",
     .redis_name = "",
     .help = "A snapshot is taken after so long, if anything was written since the last one",
     .accepts = "a number of seconds from 1 to 31536000",
     .least = 1,
     .most = 31'536'000,
     .parse = number<&Settings::snapshot_every_seconds>,
     .print = print_number<&Settings::snapshot_every_seconds>,
     .numeric = true},
    {.name = "snapshot-compression",
     .redis_name = "",
     .help = "zstd level of snapshots; 0: they are not compressed",
     .accepts = "a number from 0 to 19",
     .least = 0,
     .most = 19,
     .parse = number<&Settings::snapshot_compression>,
     .print = print_number<&Settings::snapshot_compression>,
     .numeric = true},
    {.name = "disk-reserve-bytes",
     .redis_name = "",
     .help =
         "Room to be kept on the disk of the data directory: with less, writes by which data may "
         "grow are refused, with a quarter of it the replica takes no part until there is room; "
         "0: the disk is not watched",
     .accepts = "a number of bytes from 0 to 1PiB",
     .least = 0,
     .most = 1ULL << 50,
     .parse = byte_count<&Settings::disk_reserve_bytes>,
     .print = print_number<&Settings::disk_reserve_bytes>,
     .numeric = true},
    {.name = "log-level",
     .redis_name = "loglevel",
     .help = "Least important line that is logged to stderr",
     .accepts = "debug, info, warning, error or off",
     .parse = log_level,
     .print = [](const Settings& s) { return std::string(io::name_of(s.log_level)); }},
    {.name = "pidfile",
     .redis_name = "pidfile",
     .help = "File for the number of the process while it runs; empty: none",
     .accepts = "a path of at most 4096 bytes",
     .most = 4096,
     .parse = text_value<&Settings::pid_file>,
     .print = print_text<&Settings::pid_file>},
    {.name = "metrics-enabled",
     .redis_name = "",
     .help = "Serve /metrics, /healthz, /readyz and /v1/status over HTTP",
     .accepts = "true or false",
     .parse = boolean<&Settings::metrics_enabled>,
     .print = print_boolean<&Settings::metrics_enabled>,
     .on_off = true},
    {.name = "metrics-bind",
     .redis_name = "",
     .help = "Address of that HTTP server",
     .accepts = "a host name or address",
     .most = 255,
     .parse = text_value<&Settings::metrics_bind>,
     .print = print_text<&Settings::metrics_bind>},
    {.name = "metrics-port",
     .redis_name = "",
     .help = "TCP port of that HTTP server; 0 means port + 1000",
     .accepts = "a number from 0 to 65535",
     .least = 0,
     .most = 65535,
     .parse = number<&Settings::metrics_port>,
     .print = print_number<&Settings::metrics_port>,
     .numeric = true},
    {.name = "slowlog-log-slower-than",
     .redis_name = "slowlog-log-slower-than",
     .help = "Commands that take longer, in microseconds from parsing to reply, are noted in "
             "SLOWLOG; -1: none is",
     .accepts = "a number of microseconds, or -1",
     .parse = slowlog_threshold,
     .print = print_number<&Settings::slowlog_slower_than_usec>},
    {.name = "slowlog-max-len",
     .redis_name = "slowlog-max-len",
     .help = "Commands that SLOWLOG holds at most",
     .accepts = "a number from 0 to 100000",
     .least = 0,
     .most = server::slowlog_entries_limit,
     .parse = number<&Settings::slowlog_entries_max>,
     .print = print_number<&Settings::slowlog_entries_max>,
     .numeric = true},
});

// What Redis clients and tools ask for and we have no setting of our own for.
std::vector<server::Setting> redis_values(const Settings& settings) {
  const bool logged = settings.durability != Durability::memory;
  const bool synced = settings.durability == Durability::always;
  return {{"save", ""},
          {"appendonly", logged ? "yes" : "no"},
          {"appendfsync", synced ? "always" : "no"},
          {"databases", "1"},
          {"maxmemory", "0"},
          {"maxmemory-policy", "noeviction"},
          {"timeout", "0"}};
}

Status missing(std::string_view name) {
  return {Code::invalid_argument, std::string(name) + " is required (--" + std::string(name) +
                                      ", or in the configuration file)"};
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
  if (settings.metrics_bind.empty()) return missing("metrics-bind");
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

}  // namespace

std::span<const SettingRow> setting_rows() {
  return rows;
}

const SettingRow* find_setting(std::string_view name) {
  const auto* found = std::ranges::find(rows, name, &SettingRow::name);
  return found == rows.end() ? nullptr : found;
}

Status unknown_setting(std::string_view name) {
  const std::string_view shown = name.substr(0, 100);
  const auto* nearest = std::ranges::min_element(
      rows, {}, [&](const SettingRow& row) { return edit_distance(row.name, shown); });
  const std::size_t distance = edit_distance(nearest->name, shown);
  const std::string unknown = "unknown setting '" + std::string(shown) + "'";
  // Farther away, or with nothing in common, a name is a wild guess.
  if (distance > std::max(slip_edits_max, shown.size() / 3) || distance >= shown.size()) {
    return {Code::invalid_argument, unknown + ": rabia-server --help lists all"};
  }
  return {Code::invalid_argument, unknown + ": did you mean '" + std::string(nearest->name) + "'?"};
}

Status assign(Settings& settings, std::string_view name, std::string_view text) {
  const SettingRow* row = find_setting(name);
  return row == nullptr ? unknown_setting(name) : row->parse(*row, text, settings);
}

Status assign_from_environment(Settings& settings) {
  const char* const password = std::getenv(password_variable);
  if (password == nullptr || *password == '\0') return {};
  return assign(settings, "requirepass", password);
}

Status complete(Settings& settings) {
  if (settings.id == 0) return missing("id");
  if (settings.cluster_id.empty()) return missing("cluster-id");
  if (settings.data.empty()) return missing("data");
  if (settings.bind.empty()) return missing("bind");
  if (Status status = complete_own_member(settings); !status.ok()) return status;
  if (settings.peer_port == settings.port) {
    return {Code::invalid_argument, "port and peer-port must differ"};
  }
  if (Status status = complete_metrics_port(settings); !status.ok()) return status;
  if (Status status = check_disk_reserve(settings); !status.ok()) return status;
  if (Status status = check_protocol(settings); !status.ok()) return status;
  std::ranges::sort(settings.members, {}, &replica::Member::id);
  return check_members_differ(settings.members);
}

Status check_disk_reserve(const Settings& settings) {
  const std::uint64_t reserve = settings.disk_reserve_bytes;
  const std::uint64_t least = 4 * replica::least_disk_quarter(settings.segment_bytes);
  if (reserve == 0 || reserve >= least || settings.durability == Durability::memory) return {};
  return {Code::invalid_argument,
          "disk-reserve-bytes: " + std::to_string(reserve) + " is too little for segment-bytes = " +
              std::to_string(settings.segment_bytes) + ": the log may need a quarter of " +
              std::to_string(least) + "; set at least that, or 0 to not watch the disk"};
}

std::vector<server::Setting> config_values(const Settings& settings) {
  std::vector<server::Setting> values;
  for (const SettingRow& row : rows) {
    values.push_back({std::string(row.name), row.print(settings)});
    if (!row.redis_name.empty() && row.redis_name != row.name) {
      values.push_back({std::string(row.redis_name), row.print(settings)});
    }
  }
  for (server::Setting& each : redis_values(settings)) values.push_back(std::move(each));
  return values;
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
  options.snapshot_log_bytes = settings.snapshot_log_bytes;
  options.disk_reserve_bytes = settings.disk_reserve_bytes;
  options.snapshot_every = std::chrono::seconds(settings.snapshot_every_seconds);
  options.snapshot_zstd_level = static_cast<int>(settings.snapshot_compression);
  return options;
}

server::ServerOptions server_options(const Settings& settings) {
  server::ServerOptions options;
  options.listen = {settings.bind, settings.port};
  options.require_pass = settings.require_pass;
  options.clients_max = settings.clients_max;
  options.key_bytes_max = settings.key_bytes_max;
  options.value_bytes_max = settings.value_bytes_max;
  options.slowlog_slower_than_usec = settings.slowlog_slower_than_usec;
  options.slowlog_entries_max = settings.slowlog_entries_max;
  options.settings = config_values(settings);
  return options;
}

}  // namespace rabia::apps
