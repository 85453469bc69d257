#include "replica/restore.h"

#include <memory>
#include <set>
#include <utility>

#include "consensus/codec.h"
#include "consensus/configuration.h"
#include "replica/snapshot_point.h"
#include "storage/data_directory.h"
#include "storage/snapshot_directory.h"
#include "storage/snapshot_file.h"
#include "storage/snapshot_writer.h"
#include "storage/wal.h"

namespace rabia::replica {
namespace {

constexpr const char* advice = ". This backup cannot be used: take another one";

// Records have room for twice as many (docs/formats/record.md); no cluster comes so far.
constexpr std::uint64_t round_max = 1ULL << 61;

// The log is two records; the replica makes its next segments of the size that it is told.
constexpr std::uint64_t segment_bytes = 1ULL << 20;

// The log is written by close(), on the caller's thread.
class NoWorker final : public io::Worker {
 public:
  void run(io::Task /*job*/, io::Task /*done*/) override {}
};

Status check_options(const RestoreOptions& options) {
  if (!is_valid_cluster_id(options.cluster_id)) {
    return {Code::invalid_argument, "the cluster id must be 1 to " +
                                        std::to_string(cluster_id_bytes_max) +
                                        " letters, digits, '.', '_' or '-'"};
  }
  std::set<ReplicaId> ids;
  for (const RestoreOptions::Member& member : options.members) {
    if (member.id.value == 0) return {Code::invalid_argument, "member ids start at 1"};
    if (!ids.insert(member.id).second) {
      return {Code::invalid_argument,
              "member " + std::to_string(member.id.value) + " is given twice"};
    }
  }
  if (ids.empty() || ids.size() > cluster_members_max) {
    return {Code::invalid_argument,
            "a cluster has 1 to " + std::to_string(cluster_members_max) + " members"};
  }
  return {};
}

Status check_is_empty(io::FileSystem& files, const std::string& directory) {
  const Result<bool> exists = files.exists(directory);
  if (!exists.ok()) return exists.status();
  if (!exists.value()) return {};
  const auto names = files.list(directory);
  if (!names.ok()) return names.status();
  if (names.value().empty()) return {};
  return {Code::already_exists, directory + " is not empty: choose another directory"};
}

// The whole of it.
Status check_backup(storage::SnapshotFile& backup, const RestoreOptions& options) {
  if (backup.header().cluster_id == options.cluster_id) {
    return {Code::invalid_argument,
            "the backup is of a cluster '" + options.cluster_id +
                "': give the new cluster another id, so that nobody takes one for the other"};
  }
  if (backup.header().round > round_max) {
    return {Code::corrupted, options.backup + ": header: no cluster has come to round " +
                                 std::to_string(backup.header().round) + advice};
  }
  return backup.verify();
}

consensus::FoundingVector draw_incarnation(const consensus::Configuration& configuration,
                                           const FillRandom& fill_random) {
  consensus::FoundingVector vector;
  for (const ReplicaId member : configuration.members()) {
    consensus::Nonce nonce;
    fill_random(std::as_writable_bytes(std::span(&nonce, 1)));
    vector.push_back({member, nonce});
  }
  return vector;
}

std::string snapshots_of(const RestoreOptions::Member& member) {
  return io::join_path(member.data_directory, "snapshots");
}

std::string log_of(const RestoreOptions::Member& member) {
  return io::join_path(member.data_directory, "wal");
}

Status make_directories(io::FileSystem& files, const RestoreOptions& options) {
  for (const RestoreOptions::Member& member : options.members) {
    for (const std::string& path : {log_of(member), snapshots_of(member)}) {
      if (Status status = files.create_directories(path); !status.ok()) return status;
    }
    const std::string& directory = member.data_directory;
    for (const std::string& path : {directory, io::parent_of(directory)}) {
      if (Status status = files.sync_directory(path); !status.ok()) return status;
    }
  }
  return {};
}

// The same state under another header, for all members in one pass.
Status write_snapshots(io::FileSystem& files, const RestoreOptions& options,
                       storage::SnapshotFile& backup, const storage::SnapshotHeader& header) {
  std::vector<std::unique_ptr<storage::SnapshotWriter>> writers;
  for (const RestoreOptions::Member& member : options.members) {
    auto writer = storage::SnapshotWriter::create(files, snapshots_of(member), header);
    if (!writer.ok()) return writer.status();
    writers.push_back(writer.take());
  }
  std::string chunk;
  while (true) {
    const Result<bool> more = backup.read_packed(chunk);
    if (!more.ok()) return more.status();
    if (!more.value()) break;
    for (const auto& writer : writers) {
      if (Status status = writer->add_packed(chunk); !status.ok()) return status;
    }
  }
  for (const auto& writer : writers) {
    const Result<storage::SnapshotId> written = writer->finish();
    if (!written.ok()) return written.status();
  }
  return {};
}

// Mode `always`: all of it is on stable storage, in whatever mode the replica is started.
consensus::record::Boot boot_of(const RestoreOptions& options, const RestoreOptions::Member& member,
                                const consensus::FoundingVector& incarnation) {
  return {options.cluster_id, incarnation, member.id, Durability::always, {}, false};
}

Status write_log(io::FileSystem& files, const RestoreOptions::Member& member,
                 const consensus::record::Boot& boot, consensus::Round round,
                 const FillRandom& fill_random) {
  consensus::record::Checkpoint checkpoint;
  checkpoint.round = checkpoint.reserved_end = round;
  checkpoint.boot = boot;
  NoWorker worker;
  storage::WalOptions options{.durability = Durability::always, .segment_bytes = segment_bytes};
  fill_random(std::as_writable_bytes(std::span(&options.salt, 1)));
  auto log = storage::Wal::open(files, log_of(member), options, worker,
                                {.recovered = [](const auto&) { return Status(); },
                                 .durable = [](storage::Lsn) {},
                                 .failed = [](const Status&) {}});
  if (!log.ok()) return log.status();
  for (const consensus::Record& record :
       {consensus::Record(boot), consensus::Record(std::move(checkpoint))}) {
    std::string bytes;
    consensus::encode(record, bytes);
    log.value()->append(bytes);
  }
  return log.value()->close();
}

}  // namespace

Result<Restored> restore(io::FileSystem& files, const RestoreOptions& options,
                         const FillRandom& fill_random) {
  if (Status status = check_options(options); !status.ok()) return status;
  for (const RestoreOptions::Member& member : options.members) {
    Status status = check_is_empty(files, member.data_directory);
    if (!status.ok()) return status;
  }
  auto backup = storage::SnapshotFile::open(files, options.backup, advice);
  if (!backup.ok()) return backup.status();
  if (Status status = check_backup(*backup.value(), options); !status.ok()) return status;

  std::vector<ReplicaId> ids;
  for (const RestoreOptions::Member& member : options.members) ids.push_back(member.id);
  const consensus::Configuration configuration(ids);
  const consensus::FoundingVector incarnation = draw_incarnation(configuration, fill_random);
  storage::SnapshotHeader header = backup.value()->header();
  Restored restored{
      .from_cluster = header.cluster_id, .round = header.round, .position = {header.position}};
  header.cluster_id = options.cluster_id;
  header.incarnation = consensus::incarnation_of(incarnation);
  header.extra = consensus::encode_epochs(
      {{consensus::Round{}, consensus::founded_with(configuration.members())}});

  if (Status status = make_directories(files, options); !status.ok()) return status;
  Status written = write_snapshots(files, options, *backup.value(), header);
  if (!written.ok()) return written;
  for (const RestoreOptions::Member& member : options.members) {
    Status logged = write_log(files, member, boot_of(options, member, incarnation), {header.round},
                              fill_random);
    if (!logged.ok()) return logged;
  }
  for (const RestoreOptions::Member& member : options.members) {
    Status identified =
        storage::write_identity(files, member.data_directory, {options.cluster_id, member.id});
    if (!identified.ok()) return identified;
  }
  return restored;
}

}  // namespace rabia::replica
