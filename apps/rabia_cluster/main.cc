// rabia-cluster: a whole cluster on one machine.

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and no program that ships"
#endif

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "rabia_cluster/directory.h"
#include "rabia_cluster/options.h"
#include "rabia_cluster/supervisor.h"
#include "settings/environment.h"

namespace rabia::apps {
namespace {

constexpr std::uint16_t replicas_by_default = 3;
constexpr const char* cluster_id_by_default = "local";

int refuse(const Status& status, int code) {
  std::fprintf(stderr, "rabia-cluster: %s\n", status.message().c_str());
  return code;
}

// Takes what was not asked for from the directory, and refuses what contradicts it.
Status fit_to_directory(ClusterOptions& options, const ClusterDirectory& directory) {
  const auto& founded = directory.founded();
  if (!founded) {
    if (options.replicas == 0) options.replicas = replicas_by_default;
    if (options.common.cluster_id.empty()) options.common.cluster_id = cluster_id_by_default;
    return {};
  }
  if (options.common.cluster_id.empty()) options.common.cluster_id = founded->cluster_id;
  if (options.replicas == 0) options.replicas = founded->replicas;
  const std::string holds = directory.path() + " holds the cluster '" + founded->cluster_id +
                            "' of " + std::to_string(founded->replicas) + " replicas: ";
  constexpr std::string_view advice = "; give what it has, or choose another --data";
  if (options.replicas != founded->replicas) {
    return {Code::failed_precondition, holds + "--replicas " + std::to_string(options.replicas) +
                                           " does not fit" + std::string(advice)};
  }
  if (options.common.cluster_id != founded->cluster_id) {
    return {Code::failed_precondition, holds + "--cluster-id " + options.common.cluster_id +
                                           " does not fit" + std::string(advice)};
  }
  if (options.common.durability == Durability::memory) {
    return {Code::failed_precondition,
            holds + "--durability memory would not read its data" + std::string(advice)};
  }
  return {};
}

int run(int argc, char** argv) {
  Result<ClusterOptions> parsed = parse_cluster_options(argc, argv);
  if (!parsed.ok()) {
    std::fprintf(stderr, "rabia-cluster: %s (rabia-cluster --help shows what there is)\n",
                 parsed.status().message().c_str());
    return 2;
  }
  ClusterOptions options = parsed.take();
  if (options.answer) {
    std::fputs(options.answer->c_str(), stdout);
    return 0;
  }
  const std::unique_ptr<io::FileSystem> files = io::make_real_file_system();
  Result<ClusterDirectory> directory = ClusterDirectory::open(*files, options.data);
  if (!directory.ok()) return refuse(directory.status(), 1);
  if (Status status = fit_to_directory(options, directory.value()); !status.ok()) {
    return refuse(status, 1);
  }
  // The replicas have it all in their files, where --set had the last word; in their environment it
  // would win over those.
  unset_setting_variables();
  Supervisor supervisor(std::move(options), *files, directory.take());
  if (Status status = supervisor.start(); !status.ok()) {
    return refuse(status, status.code() == Code::invalid_argument ? 2 : 1);
  }
  return supervisor.run();
}

}  // namespace
}  // namespace rabia::apps

int main(int argc, char** argv) {
  return rabia::apps::run(argc, argv);
}
