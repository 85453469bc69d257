#include "rabia_ctl/backup.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "io/real_runtime.h"
#include "rabia_ctl/command.h"
#include "storage/snapshot_file.h"

namespace rabia::apps {
namespace {

using namespace std::chrono_literals;

// The replica writes all of its state to its disk before it answers.
constexpr base::Duration snapshot_within = 1h;

constexpr const char* advice = ". What was received is removed: make another backup";

std::optional<std::uint64_t> number_in(const Reply& reply, std::string_view name) {
  const Reply* const value = reply.find(name);
  if (value == nullptr || value->kind != Reply::Kind::integer || value->integer < 0) return {};
  return static_cast<std::uint64_t>(value->integer);
}

std::optional<std::uint64_t> checksum_in(const Reply& reply) {
  const Reply* const value = reply.find("checksum");
  if (value == nullptr || value->kind != Reply::Kind::text) return {};
  const std::string& text = value->text;
  std::uint64_t checksum = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), checksum, 16);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return checksum;
}

Status refuse_existing(io::FileSystem& files, const std::string& path, const std::string& why) {
  const Result<bool> exists = files.exists(path);
  if (!exists.ok()) return exists.status();
  return exists.value() ? Status(Code::already_exists, path + why) : Status();
}

// A linearizable read: what the backup is to hold is what was acknowledged before, anywhere.
Status check_is_current(Connection& replica) {
  const Result<Reply> read = replica.call({"DBSIZE"});
  if (read.ok() || read.status().code() != Code::unavailable) return read.status();
  return {Code::unavailable, read.status().message() +
                                 ": what it has may be old, so back up at another replica; if no "
                                 "majority will come back, see \"Without a majority\" in "
                                 "docs/operations.md"};
}

// Puts all bytes of the snapshot into the file.
Status fetch(Connection& replica, const AnnouncedBackup& backup, io::File& file) {
  for (std::uint64_t offset = 0; offset < backup.bytes;) {
    const std::uint64_t most = std::min(backup.part_bytes_max, backup.bytes - offset);
    const Result<Reply> part = replica.call({"RABIA.BACKUP", "READ", std::to_string(backup.id),
                                             std::to_string(offset), std::to_string(most)});
    if (!part.ok()) return part.status();
    const std::string& bytes = part.value().text;
    if (bytes.empty() || bytes.size() > most) {
      return {Code::corrupted, replica.address() + " gave " + std::to_string(bytes.size()) +
                                   " bytes at offset " + std::to_string(offset) + " instead of " +
                                   std::to_string(most)};
    }
    if (Status status = file.write_at(offset, bytes); !status.ok()) return status;
    offset += bytes.size();
  }
  return file.sync();
}

// Whether it is a whole snapshot, and the one that was announced.
Status check(io::FileSystem& files, const std::string& path, const AnnouncedBackup& backup) {
  auto file = storage::SnapshotFile::open(files, path, advice);
  if (!file.ok()) return file.status();
  if (Status status = file.value()->verify(); !status.ok()) return status;
  const storage::SnapshotId announced{backup.round, backup.bytes, backup.checksum};
  if (file.value()->id() == announced && file.value()->header().position == backup.position) {
    return {};
  }
  return {Code::corrupted, path + " is not the snapshot that was announced" + advice};
}

Status receive(io::FileSystem& files, Connection& replica, const AnnouncedBackup& backup,
               io::File& file, const std::string& part, const std::string& to) {
  if (Status status = fetch(replica, backup, file); !status.ok()) return status;
  if (Status status = check(files, part, backup); !status.ok()) return status;
  if (Status status = files.rename(part, to); !status.ok()) return status;
  return files.sync_directory(io::parent_of(to));
}

struct BackupOptions {
  Target target;
  std::string to;
};

Status run(const BackupOptions& options) {
  Result<Connection> replica = Connection::open(options.target);
  if (!replica.ok()) return replica.status();
  const auto files = io::make_real_file_system();
  const Result<AnnouncedBackup> backup = back_up(*files, replica.value(), options.to);
  if (!backup.ok()) return backup.status();
  const AnnouncedBackup& made = backup.value();
  std::printf("file %s\nposition %llu\nround %llu\ndigest %s\nbytes %llu\n", options.to.c_str(),
              static_cast<unsigned long long>(made.position),
              static_cast<unsigned long long>(made.round), made.digest.c_str(),
              static_cast<unsigned long long>(made.bytes));
  return {};
}

}  // namespace

Result<AnnouncedBackup> parse_announced(const Reply& reply) {
  const auto id = number_in(reply, "id");
  const auto round = number_in(reply, "round");
  const auto position = number_in(reply, "position");
  const auto bytes = number_in(reply, "bytes");
  const auto part_bytes_max = number_in(reply, "part-bytes-max");
  const auto checksum = checksum_in(reply);
  const Reply* const digest = reply.find("digest");
  if (!id || !round || !position || !bytes || !part_bytes_max || *part_bytes_max == 0 ||
      !checksum || digest == nullptr || digest->kind != Reply::Kind::text) {
    return {Code::corrupted,
            "the replica's answer to RABIA.BACKUP BEGIN cannot be read: is it of this version?"};
  }
  return AnnouncedBackup{*id, *round, *position, *bytes, *checksum, *part_bytes_max, digest->text};
}

Result<AnnouncedBackup> back_up(io::FileSystem& files, Connection& replica, const std::string& to) {
  const std::string part = to + ".part";
  Status free = refuse_existing(files, to, " exists: choose another name, or remove it");
  if (free.ok()) {
    free = refuse_existing(files, part,
                           " exists: another backup is being written to it, or one was "
                           "broken off; then remove it");
  }
  if (!free.ok()) return free;
  if (Status status = check_is_current(replica); !status.ok()) return status;
  auto file = files.open(part, io::OpenMode::create_read_write);
  if (!file.ok()) return file.status();
  const Result<Reply> begun = replica.call({"RABIA.BACKUP", "BEGIN"}, snapshot_within);
  Result<AnnouncedBackup> backup = begun.ok() ? parse_announced(begun.value()) : begun.status();
  Status status = backup.status();
  if (status.ok()) {
    status = receive(files, replica, backup.value(), *file.value(), part, to);
    // It would end by itself: what comes of this changes nothing.
    (void)replica.call({"RABIA.BACKUP", "END", std::to_string(backup.value().id)});
  }
  if (status.ok()) return backup;
  (void)files.remove(part);
  return status;
}

void add_backup(CLI::App& program, Run& chosen) {
  const auto options = std::make_shared<BackupOptions>();
  CLI::App* const command = program.add_subcommand(
      "backup", "Copies the state of a cluster, as one replica has it, to a file");
  add_target(*command, options->target);
  command->add_option("--to", options->to, "The file: it must not exist")->required();
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace rabia::apps
