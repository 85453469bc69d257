// What the command line of rabia-cluster asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rabia/result.h"
#include "settings/settings.h"

namespace rabia::apps {

struct ClusterOptions {
  std::optional<std::string> answer;  // Print this and exit: --help or --version was given.
  std::uint16_t replicas = 0;         // 0: as many as the directory has; 3 in a new one.
  std::uint16_t port = 7001;          // Replica N serves clients on port + N - 1.
  std::string data = "data";
  bool restart = false;  // Start a replica that died again.
  // For all replicas: what --durability, --cluster-id, --set and the environment say. Without a
  // cluster id: that of the directory.
  Settings common;
};

Result<ClusterOptions> parse_cluster_options(int argc, const char* const* argv);

// The settings of one replica of the cluster, complete. `directory` is the replica's own.
Result<Settings> replica_settings(const ClusterOptions& options, std::uint16_t id,
                                  const std::string& directory);

}  // namespace rabia::apps
