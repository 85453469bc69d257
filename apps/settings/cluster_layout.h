// Where things lie in the directory of a local cluster: rabia-cluster runs on one, rabia-ctl makes
// one from a backup. rabia_cluster/directory.h shows all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rabia::apps {

// What the cluster is, from its first `ready` on: the content of DIR/founded.
struct FoundedCluster {
  std::uint16_t replicas = 0;  // Their ids are 1 to this.
  std::string cluster_id;
};
[[nodiscard]] std::string founded_text(const FoundedCluster& founded);
// Nothing when it is not such a text.
[[nodiscard]] std::optional<FoundedCluster> parse_founded(const std::string& text);

[[nodiscard]] inline std::string founded_file(const std::string& cluster) {
  return cluster + "/founded";
}
[[nodiscard]] inline std::string cluster_lock_file(const std::string& cluster) {
  return cluster + "/lock";
}
[[nodiscard]] inline std::string replica_directory(const std::string& cluster, std::uint16_t id) {
  return cluster + "/" + std::to_string(id);
}
// Of a replica's own directory.
[[nodiscard]] inline std::string data_directory(const std::string& replica) {
  return replica + "/data";
}

}  // namespace rabia::apps
