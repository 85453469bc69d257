#include "settings/cluster_layout.h"

#include <sstream>

#include "rabia/ids.h"

namespace rabia::apps {

std::string founded_text(const FoundedCluster& founded) {
  return "replicas " + std::to_string(founded.replicas) + "\ncluster-id " + founded.cluster_id +
         "\n";
}

std::optional<FoundedCluster> parse_founded(const std::string& text) {
  FoundedCluster founded;
  std::string replicas_word, id_word;
  std::istringstream in(text);
  in >> replicas_word >> founded.replicas >> id_word >> founded.cluster_id;
  if (!in || replicas_word != "replicas" || id_word != "cluster-id" || founded.replicas < 1 ||
      founded.replicas > cluster_members_max || !is_valid_cluster_id(founded.cluster_id)) {
    return std::nullopt;
  }
  return founded;
}

}  // namespace rabia::apps
