#include "settings/table.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/number.h"
#include "server/server.h"

namespace rabia::apps {
namespace {

constexpr std::uint64_t MiB = 1ULL << 20;
// The largest value leaves room for its key and command in one frame between replicas.
constexpr std::uint64_t value_bytes_limit = 30 * MiB;
constexpr std::uint64_t year_seconds = 31'536'000;
constexpr std::uint64_t path_bytes_max = 4096;
constexpr std::string_view a_path = "a path of at most 4096 bytes";

constexpr std::array<std::string_view, 3> durabilities = {"always", "os", "memory"};
constexpr std::array<std::string_view, 2> protocols = {"lanes", "published"};
using kv::eviction_policy_names;
constexpr std::array<std::string_view, 5> log_levels = {"debug", "info", "warning", "error", "off"};

// -1 too: off.
constexpr ValueType slowlog_threshold() {
  ValueType type = number<&Settings::slowlog_slower_than_usec>(0, std::uint64_t{1} << 62);
  type.parse = [](const ValueType& range, std::string_view text, Settings& settings) {
    const std::optional<std::int64_t> parsed = base::parse_integer(text);
    const bool fits = parsed && *parsed >= -1 && *parsed <= static_cast<std::int64_t>(range.most);
    if (fits) settings.slowlog_slower_than_usec = *parsed;
    return fits;
  };
  return type;
}

constexpr ValueType keyspace_classes() {
  return {.wanted = "any of the letters K E g $ l s h z x e t d m n, and A",
          .refused = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
          .parse =
              [](const ValueType&, std::string_view text, Settings& settings) {
                const auto classes = server::parse_keyspace_classes(text);
                if (classes) settings.notify_keyspace_events = *classes;
                return classes.has_value();
              },
          .print =
              [](const Settings& settings) {
                return server::print_keyspace_classes(settings.notify_keyspace_events);
              }};
}

constexpr auto rows = std::to_array<SettingRow>({
    {.name = "id",
     .help = "Number of this replica in the cluster; never reuse one",
     .type = number<&Settings::id>(1, 65535),
     .required = true,
     .differs_by_replica = true},
    {.name = "cluster-id",
     .help = "Name of the cluster, equal on all members; replicas of different clusters refuse "
             "each other",
     .type = text<&Settings::cluster_id, is_valid_cluster_id>(
         64, "a name of 1 to 64 letters, digits, '.', '_' or '-'"),
     .required = true},
    {.name = "member",
     .help = "Address of a member for its peers; equal on all members; this replica may be left "
             "out, and is alone when none is given",
     .type = member_list<&Settings::members>(),
     .more = "Repeated on the command line, a list in the file, separated by spaces in the "
             "environment",
     .differs_by_replica = true},
    {.name = "bind",
     .help = "Address on which clients are served",
     .type = text<&Settings::bind>(255, "a host name or address")},
    {.name = "port",
     .help = "TCP port for clients",
     .type = number<&Settings::port>(1, 65535),
     .differs_by_replica = true},
    {.name = "peer-port",
     .help = "TCP port for the other replicas; 0 means port + 10000, or what member says of this "
             "replica, from which it may not differ",
     .type = number<&Settings::peer_port>(0, 65535),
     .differs_by_replica = true},
    {.name = "data",
     .help = "Directory of this replica's data, used by one process at a time",
     .type = text<&Settings::data>(path_bytes_max, a_path),
     .redis_name = "dir",
     .required = true,
     .differs_by_replica = true},
    {.name = "durability",
     .help = "What an acknowledged write survives: always (synced to disk: power failure), os "
             "(written: a crash of the process), memory (nothing)",
     .type = choice<&Settings::durability, parse_durability>(durabilities),
     .more = "See [below](#durability)"},
    {.name = "protocol",
     .help = "How the replicas agree: lanes, or published (the paper's algorithms as printed, to "
             "be measured beside lanes: durability memory only, and nobody comes, goes or comes "
             "back); equal on all members",
     .type = choice<&Settings::protocol, parse_protocol>(protocols),
     .more = "See [protocol.md](protocol.md), and its section 16"},
    {.name = "bootstrap",
     .help = "The operator's word that a new cluster may be founded from empty directories",
     .type = boolean<&Settings::bootstrap>(),
     .change = Change::never},
    {.name = "rejoin",
     .help = "The operator's word that what this replica had is lost, or that it is a new member: "
             "it takes everything from the others",
     .type = boolean<&Settings::rejoin>(),
     .change = Change::never,
     .more = "See [operations.md](operations.md)"},
    {.name = "trust-data",
     .help = "The operator's word that data of durability os is whole although the machine was "
             "restarted",
     .type = boolean<&Settings::trust_data>(),
     .change = Change::never},
    {.name = "requirepass",
     .help = "Password that clients must give with AUTH; empty: none. A flag shows in the list of "
             "processes: better give it in the file or the environment",
     .type = text<&Settings::require_pass>(512, "a text of at most 512 bytes"),
     .change = Change::on_this_replica,
     .more = "Who is connected when it changes stays authenticated",
     .secret = true},
    {.name = "maxclients",
     .help = "Connected clients at once; more are refused",
     .type = number<&Settings::clients_max>(1, 1'000'000),
     .change = Change::on_this_replica,
     .more = "Lowered at start when the hard limit of open files is too low"},
    {.name = "key-bytes-max",
     .help = "Longest key; not above value-bytes-max",
     .type = bytes<&Settings::key_bytes_max>(1, MiB),
     .change = Change::on_this_replica},
    {.name = "value-bytes-max",
     .help = "Longest value",
     .type = bytes<&Settings::value_bytes_max>(1, value_bytes_limit),
     .change = Change::on_this_replica,
     .redis_name = "proto-max-bulk-len",
     .more = "A command with its value must fit into one frame between replicas"},
    {.name = "segment-bytes",
     .help = "Size of one file of the write-ahead log",
     // The log takes less, which is of use to tests alone.
     .type = bytes<&Settings::segment_bytes>(MiB, storage::segment_bytes_max)},
    {.name = "snapshot-log-bytes",
     .help = "A snapshot is taken when so much was written to the log since the last one, and no "
             "less than that one has",
     .type = bytes<&Settings::snapshot_log_bytes>(MiB, 1ULL << 40),
     .change = Change::on_this_replica},
    {.name = "snapshot-every-seconds",
     .help = "A snapshot is taken after so long, if anything was written since the last one",
     .type = seconds<&Settings::snapshot_every_seconds>(1, year_seconds),
     .change = Change::on_this_replica},
    {.name = "snapshot-compression",
     .help = "zstd level of snapshots; 0: they are not compressed",
     .type = number<&Settings::snapshot_compression>(0, 19),
     .change = Change::on_this_replica},
    {.name = "disk-reserve-bytes",
     .help = "Room to be kept on the disk of the data directory: with less, writes by which data "
             "may grow are refused, with a quarter of it the replica takes no part until there is "
             "room; 0: the disk is not watched",
     .type = bytes<&Settings::disk_reserve_bytes>(0, 1ULL << 50),
     .change = Change::on_this_replica,
     .more = "At least 4 × (2 × `segment-bytes` + 64 MiB), or 0. See "
             "[operations.md](operations.md), \"A disk that is full\""},
    {.name = "clock-ahead-max-seconds",
     .help =
         "How far the clock of another replica may be ahead of this one's: what that one writes "
         "is not supported beyond it. Clocks that differ by less never matter",
     .type = seconds<&Settings::clock_ahead_max_seconds>(1, 86'400),
     .more = "See [operations.md](operations.md), \"Clocks\""},
    {.name = "once-keep-seconds",
     .help = "How long the answers to commands sent with RABIA.ONCE through this replica are kept",
     .type = seconds<&Settings::once_keep_seconds>(1, year_seconds),
     .change = Change::on_this_replica},
    {.name = "max-memory-bytes",
     .help = "Memory that keys and values may take, as all replicas count it; 0: no limit",
     .type = bytes<&Settings::max_memory_bytes>(0, kv::Limits::most),
     .change = Change::replicated,
     .redis_name = "maxmemory",
     .more = "See [commands.md](commands.md), \"Limits and eviction\"",
     .limit = kv::LimitField::max_memory_bytes},
    {.name = "max-entries",
     .help = "Keys that there may be; 0: no limit",
     .type = number<&Settings::max_entries>(0, kv::Limits::most),
     .change = Change::replicated,
     .limit = kv::LimitField::max_entries},
    {.name = "maxmemory-policy",
     .help = "What happens beyond max-memory-bytes or max-entries: nothing more is taken "
             "(noeviction), or which keys go",
     .type = choice<&Settings::eviction_policy, parse_eviction_policy>(eviction_policy_names),
     .change = Change::replicated,
     .limit = kv::LimitField::policy},
    {.name = "maxmemory-samples",
     .help = "Keys that are compared to choose one for eviction",
     .type = number<&Settings::eviction_samples>(1, kv::Limits::samples_max),
     .change = Change::replicated,
     .limit = kv::LimitField::samples},
    {.name = "key-expiration-enabled",
     .help = "Keys expire when their time has come; without, they stay, and keep their deadlines",
     .type = boolean<&Settings::key_expiration_enabled>(),
     .change = Change::replicated,
     .limit = kv::LimitField::key_expiration_enabled},
    {.name = "enable-notifications",
     .help = "Keep changes for RABIA.WATCH and RABIA.EVENTS at this replica",
     .type = boolean<&Settings::enable_notifications>()},
    {.name = "notification-history-bytes",
     .help = "Memory for the latest changes, from which those who come back go on",
     .type = bytes<&Settings::notification_history_bytes>(64ULL << 10, 64ULL << 30)},
    {.name = "notification-buffer-size",
     .help =
         "Changes that are noted for one who watches and has yet to be told of them; beyond, it "
         "is led through that memory",
     .type = number<&Settings::notification_buffer_size>(1, 1'000'000),
     .change = Change::on_this_replica},
    {.name = "notify-keyspace-events",
     .help =
         "Which events of keys this replica publishes to its subscribers of Redis's channels for "
         "them, in the letters of Redis; empty: none",
     .type = keyspace_classes(),
     .change = Change::on_this_replica,
     .more = "See [commands.md](commands.md), \"Events of keys\""},
    {.name = "log-level",
     .help = "Least important line that is logged to stderr",
     .type = choice<&Settings::log_level, parse_log_level>(log_levels),
     .change = Change::on_this_replica,
     .redis_name = "loglevel",
     .more = "Redis's `verbose` and `notice` are taken for `debug` and `info`"},
    {.name = "pidfile",
     .help = "File for the number of the process while it runs; empty: none",
     .type = text<&Settings::pid_file>(path_bytes_max, a_path),
     .differs_by_replica = true},
    {.name = "metrics-enabled",
     .help = "Serve /metrics, /healthz, /readyz and /v1/status over HTTP",
     .type = boolean<&Settings::metrics_enabled>(),
     .more = "See [operations.md](operations.md), \"What to watch\""},
    {.name = "metrics-bind",
     .help = "Address of that HTTP server",
     .type = text<&Settings::metrics_bind>(255, "a host name or address")},
    {.name = "metrics-port",
     .help = "TCP port of that HTTP server; 0 means port + 1000",
     .type = number<&Settings::metrics_port>(0, 65535),
     .differs_by_replica = true},
    {.name = "slowlog-log-slower-than",
     .help = "Commands that take longer, in microseconds from parsing to reply, are noted in "
             "SLOWLOG; -1: none is",
     .type = slowlog_threshold(),
     .change = Change::on_this_replica},
    {.name = "slowlog-max-len",
     .help = "Commands that SLOWLOG holds at most",
     .type = number<&Settings::slowlog_entries_max>(0, server::slowlog_entries_limit),
     .change = Change::on_this_replica},
});

constexpr std::size_t slip_edits_max = 3;

char normal(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view name, std::string_view given) {
  return !name.empty() && std::ranges::equal(name, given, {}, {}, normal);
}

Status refused(const SettingRow& row, std::string_view text) {
  const std::string value =
      row.secret ? std::string("the value") : "'" + std::string(text.substr(0, 200)) + "'";
  return {Code::invalid_argument,
          std::string(row.name) + ": " + value + " is not " + accepted(row)};
}

std::string either_of(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

}  // namespace

std::span<const SettingRow> setting_rows() {
  return rows;
}

const SettingRow* find_setting(std::string_view name) {
  const auto* const found = std::ranges::find_if(rows, [&](const SettingRow& row) {
    return same_name(row.name, name) || same_name(row.redis_name, name);
  });
  return found == rows.end() ? nullptr : found;
}

NearestSetting nearest_setting(std::string_view name) {
  std::string normalized(name);
  std::ranges::transform(normalized, normalized.begin(), normal);
  const auto edits = [&](const SettingRow& row) { return edit_distance(row.name, normalized); };
  const auto* const nearest = std::ranges::min_element(rows, {}, edits);
  return {nearest, edits(*nearest)};
}

Status unknown_setting(std::string_view name) {
  const std::string_view shown = name.substr(0, 100);
  const NearestSetting nearest = nearest_setting(shown);
  const std::string unknown = "unknown setting '" + std::string(shown) + "'";
  // Farther away, or with nothing in common, a name is a wild guess.
  if (nearest.edits > std::max(slip_edits_max, shown.size() / 3) || nearest.edits >= shown.size()) {
    return {Code::invalid_argument, unknown + ": rabia-server --help lists all"};
  }
  return {Code::invalid_argument,
          unknown + ": did you mean '" + std::string(nearest.row->name) + "'?"};
}

Status assign(Settings& settings, const SettingRow& row, std::string_view text) {
  return row.type.parse(row.type, text, settings) ? Status() : refused(row, text);
}

Status assign(Settings& settings, std::string_view name, std::string_view text) {
  const SettingRow* const row = find_setting(name);
  return row == nullptr ? unknown_setting(name) : assign(settings, *row, text);
}

std::string accepted(const SettingRow& row) {
  const ValueType& type = row.type;
  const auto range = [&](const auto& print) {
    return print(type.least) + " to " + print(type.most);
  };
  const auto digits = [](std::uint64_t value) { return std::to_string(value); };
  switch (type.kind) {
    case Kind::number:
      return "a number from " + range(digits);
    case Kind::seconds:
      return "a number of seconds from " + range(digits);
    case Kind::bytes:
      return "a number of bytes from " + range(print_byte_count);
    case Kind::boolean:
      return "true or false";
    case Kind::choice:
      return either_of(type.choices);
    case Kind::text:
    case Kind::list:
      return std::string(type.wanted);
  }
  return {};
}

std::string shown_default(const SettingRow& row) {
  if (row.required) return {};
  const std::string text = row.type.print(Settings{});
  if (row.type.kind != Kind::bytes) return text;
  const auto count = parse_byte_count(text);
  return count.ok() ? print_byte_count(count.value()) : text;
}

std::string variable_of(const SettingRow& row) {
  std::string name = "RABIA_";
  for (const char c : row.name) {
    name += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

}  // namespace rabia::apps
