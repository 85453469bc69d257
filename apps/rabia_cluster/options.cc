#include "rabia_cluster/options.h"

#include <CLI/CLI.hpp>

#include "command_line/command_line.h"
#include "settings/cluster_layout.h"
#include "settings/environment.h"
#include "settings/table.h"

namespace rabia::apps {
namespace {

constexpr std::string_view loopback = "127.0.0.1";

// `given` is how, for what is said against it.
Status refuse_unless_common(const SettingRow& row, const std::string& given) {
  if (row.differs_by_replica) {
    return {Code::invalid_argument, given + ": differs by replica, cannot be set"};
  }
  if (row.name == "bootstrap") {
    return {Code::invalid_argument, given + ": rabia-cluster gives the word by itself"};
  }
  if (row.change == Change::never) {
    return {Code::invalid_argument, given +
                                        ": it is the word for one start of one replica; start "
                                        "that by hand with --" +
                                        std::string(row.name)};
  }
  return {};
}

Status assign_set(Settings& settings, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return {Code::invalid_argument, "--set needs NAME=VALUE, not '" + text.substr(0, 100) + "'"};
  }
  const std::string name = text.substr(0, equals);
  const SettingRow* const row = find_setting(name);
  if (row == nullptr) return unknown_setting(name);
  if (Status status = refuse_unless_common(*row, "--set " + name); !status.ok()) return status;
  return assign(settings, *row, text.substr(equals + 1));
}

Status assign_common_from_environment(Settings& settings) {
  const auto variables = setting_variables();
  if (!variables.ok()) return variables.status();
  for (const SettingVariable& each : variables.value()) {
    if (Status status = refuse_unless_common(*each.row, each.name); !status.ok()) return status;
    if (Status status = assign(settings, each); !status.ok()) return status;
  }
  return {};
}

}  // namespace

Result<ClusterOptions> parse_cluster_options(int argc, const char* const* argv) {
  ClusterOptions options;
  std::optional<std::string> durability;
  std::optional<std::string> cluster_id;
  std::vector<std::string> sets;
  CLI::App app("A whole Rabia KV cluster on this machine: one rabia-server process a replica.",
               "rabia-cluster");
  add_help_and_version(app);
  app.add_option("--replicas", options.replicas,
                 "Number of replicas [default: as many as the directory has, or 3]")
      ->check(CLI::Range(std::size_t{1}, cluster_members_max));
  app.add_option("--port", options.port,
                 "Replica N serves clients on this + N - 1, peers 10000 above [default 7001]")
      ->check(CLI::Range(1, 65535 - peer_port_offset));
  app.add_option("--data", options.data,
                 "Directory of the cluster; N/ is replica N's [default data]");
  app.add_option("--durability", durability, "always, os or memory [default always]");
  app.add_option("--cluster-id", cluster_id,
                 "Name of the cluster [default: that of the directory, or local]");
  app.add_option("--set", sets, "NAME=VALUE: a setting of rabia-server for all replicas; repeated")
      ->type_size(1);
  app.add_flag("--restart", options.restart,
               "Start a replica that died again: after 1 s, then after twice as long, up to 30 s");
  const auto parsed = parse(app, argc, argv);
  if (!parsed.ok()) return parsed.status();
  options.answer = parsed.value();
  if (options.answer) return options;
  Status status = assign_common_from_environment(options.common);
  if (status.ok() && durability) status = assign(options.common, "durability", *durability);
  if (status.ok() && cluster_id) status = assign(options.common, "cluster-id", *cluster_id);
  for (const std::string& each : sets) {
    if (status.ok()) status = assign_set(options.common, each);
  }
  if (!status.ok()) return status;
  return options;
}

Result<Settings> replica_settings(const ClusterOptions& options, std::uint16_t id,
                                  const std::string& directory) {
  Settings settings = options.common;
  const auto port_of = [&](int number) { return options.port + number - 1; };
  if (port_of(options.replicas) + peer_port_offset > 65535) {
    return {Code::invalid_argument, "port " + std::to_string(options.port) +
                                        " leaves no room for the peer ports 10000 above"};
  }
  settings.id = id;
  settings.port = static_cast<std::uint16_t>(port_of(id));
  settings.data = data_directory(directory);
  settings.pid_file = directory + "/pid";
  for (std::uint16_t number = 1; number <= options.replicas; ++number) {
    const auto peer_port = static_cast<std::uint16_t>(port_of(number) + peer_port_offset);
    settings.members.push_back({ReplicaId{number}, {std::string(loopback), peer_port}});
  }
  if (Status status = complete(settings); !status.ok()) return status;
  return settings;
}

}  // namespace rabia::apps
