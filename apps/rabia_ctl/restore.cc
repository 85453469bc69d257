#include "rabia_ctl/restore.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "io/real_runtime.h"
#include "rabia_ctl/command.h"
#include "settings/cluster_layout.h"

namespace rabia::apps {
namespace {

constexpr const char* incomplete =
    "; the directory is incomplete and no replica starts from it: remove it before the next "
    "attempt";

Status check_directory(io::FileSystem& files, const std::string& directory) {
  const Result<bool> exists = files.exists(directory);
  if (!exists.ok()) return exists.status();
  if (!exists.value()) return {};
  const auto names = files.list(directory);
  if (!names.ok()) return names.status();
  if (names.value().empty()) return {};
  return {Code::already_exists, directory + " is not empty: choose another directory"};
}

// rabia-cluster counts its replicas from 1.
bool fits_rabia_cluster(const NewCluster& cluster) {
  std::set<ReplicaId> ids(cluster.members.begin(), cluster.members.end());
  return ids.rbegin()->value == ids.size();
}

// The note by which rabia-cluster knows its directory. Aside first, so that it is whole or not
// there.
Status write_founded(io::FileSystem& files, const NewCluster& cluster) {
  const std::string path = founded_file(cluster.directory);
  const std::string aside = path + ".new";
  auto file = files.open(aside, io::OpenMode::create_read_write);
  if (!file.ok()) return file.status();
  const std::string text =
      founded_text({static_cast<std::uint16_t>(cluster.members.size()), cluster.cluster_id});
  if (Status status = file.value()->write_at(0, text); !status.ok()) return status;
  if (Status status = file.value()->sync(); !status.ok()) return status;
  return files.rename(aside, path);
}

// The names of the members' directories, then the note, then the directory itself.
Status finish_directory(io::FileSystem& files, const NewCluster& cluster) {
  if (Status status = files.sync_directory(cluster.directory); !status.ok()) return status;
  if (fits_rabia_cluster(cluster)) {
    if (Status status = write_founded(files, cluster); !status.ok()) return status;
    if (Status status = files.sync_directory(cluster.directory); !status.ok()) return status;
  }
  return files.sync_directory(io::parent_of(cluster.directory));
}

std::string list_of(const std::vector<ReplicaId>& members) {
  std::string list;
  for (const ReplicaId member : members) {
    list += (list.empty() ? "" : ", ") + std::to_string(member.value);
  }
  return list;
}

void say_how_to_start(const NewCluster& cluster) {
  const char* const directory = cluster.directory.c_str();
  if (fits_rabia_cluster(cluster)) {
    std::printf("\nOn this machine:\n    rabia-cluster --data %s\n", directory);
  }
  std::printf(
      "\nOn several machines, copy the directory of each member (%s/ID/data) to the machine of "
      "that\n"
      "member, and start it there, without --bootstrap:\n"
      "    rabia-server --id ID --cluster-id %s --data COPY --member ID=HOST:PEERPORT ...\n"
      "with the same list of all members everywhere. Start each directory on one machine, once, "
      "and\n"
      "keep no copy of it: the backup is what you keep.\n",
      directory, cluster.cluster_id.c_str());
}

struct RestoreFlags {
  NewCluster cluster;
  std::uint16_t replicas = 0;
  std::vector<std::uint16_t> members;
};

Status run(const RestoreFlags& flags) {
  NewCluster cluster = flags.cluster;
  Result<std::vector<ReplicaId>> members = members_of(flags.replicas, flags.members);
  if (!members.ok()) return members.status();
  cluster.members = members.take();
  std::error_code error;
  cluster.directory =
      std::filesystem::absolute(cluster.directory, error).lexically_normal().string();
  if (error) return {Code::io_error, cluster.directory + ": " + error.message()};
  while (cluster.directory.size() > 1 && cluster.directory.ends_with('/')) {
    cluster.directory.pop_back();
  }
  io::RealRuntime runtime;
  const auto files = io::make_real_file_system();
  const Result<replica::Restored> restored = restore_cluster(
      *files, cluster, [&](std::span<std::byte> out) { runtime.executor().fill_random(out); });
  if (!restored.ok()) return restored.status();
  std::printf("directory %s\ncluster %s\nmembers %s\nfrom-cluster %s\nposition %llu\nround %llu\n",
              cluster.directory.c_str(), cluster.cluster_id.c_str(),
              list_of(cluster.members).c_str(), restored.value().from_cluster.c_str(),
              static_cast<unsigned long long>(restored.value().position.value),
              static_cast<unsigned long long>(restored.value().round));
  say_how_to_start(cluster);
  return {};
}

}  // namespace

Result<std::vector<ReplicaId>> members_of(std::uint16_t replicas,
                                          const std::vector<std::uint16_t>& members) {
  if ((replicas == 0) == members.empty()) {
    return {Code::invalid_argument,
            "give --replicas N for the members 1 to N, or --members with the ids that you want"};
  }
  std::vector<ReplicaId> ids;
  for (std::uint16_t id = 1; id <= replicas; ++id) ids.push_back({id});
  for (const std::uint16_t id : members) ids.push_back({id});
  return ids;
}

Result<replica::Restored> restore_cluster(io::FileSystem& files, const NewCluster& cluster,
                                          const replica::FillRandom& fill_random) {
  if (Status status = check_directory(files, cluster.directory); !status.ok()) return status;
  replica::RestoreOptions options{
      .backup = cluster.backup, .cluster_id = cluster.cluster_id, .members = {}};
  for (const ReplicaId member : cluster.members) {
    options.members.push_back(
        {member, data_directory(replica_directory(cluster.directory, member.value))});
  }
  Result<replica::Restored> restored = replica::restore(files, options, fill_random);
  Status status = restored.status();
  if (status.ok()) status = finish_directory(files, cluster);
  if (status.ok()) return restored;
  const Result<bool> begun = files.exists(cluster.directory);
  const bool left = begun.ok() && begun.value() && !check_directory(files, cluster.directory).ok();
  return {status.code(), status.message() + (left ? incomplete : "")};
}

void add_restore(CLI::App& program, Run& chosen) {
  const auto flags = std::make_shared<RestoreFlags>();
  CLI::App* const command = program.add_subcommand(
      "restore", "Makes the data directories of a new cluster from a backup, all in one run");
  command->add_option("--from", flags->cluster.backup, "The file of a backup, or of a snapshot")
      ->required();
  command
      ->add_option("--data", flags->cluster.directory,
                   "Directory to make, or an empty one: DIR/N/data is member N's")
      ->required();
  command
      ->add_option("--cluster-id", flags->cluster.cluster_id,
                   "Name of the new cluster: not that of the backup's")
      ->required();
  auto* const replicas =
      command->add_option("--replicas", flags->replicas, "The new members are 1 to this number")
          ->check(CLI::Range(std::size_t{1}, cluster_members_max));
  command->add_option("--members", flags->members, "The ids of the new members: 1,2,5")
      ->delimiter(',')
      ->excludes(replicas);
  command->callback([flags, &chosen] { chosen = [flags] { return run(*flags); }; });
}

}  // namespace rabia::apps
