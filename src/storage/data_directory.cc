#include "storage/data_directory.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/damage.h"
#include "storage/segment.h"

namespace rabia::storage {
namespace {

constexpr std::string_view lock_name = "LOCK";
constexpr std::string_view identity_name = "IDENTITY";
constexpr std::string_view unfinished_identity_name = "IDENTITY.new";
constexpr std::string_view title = "# Rabia KV: the data of one replica. Do not edit.\n";
constexpr std::string_view format = "1";
constexpr std::size_t identity_bytes_max = 4096;

std::string encode(const Identity& identity) {
  return std::string(title)
      .append("format ")
      .append(format)
      .append("\ncluster ")
      .append(identity.cluster_id)
      .append("\nmember ")
      .append(std::to_string(identity.member.value))
      .append("\n");
}

// Takes the line "NAME VALUE" off the front of `text`. Nothing if there is another one.
std::optional<std::string_view> take_value(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (!line.starts_with(' ') || line.size() == 1) return std::nullopt;
  text.remove_prefix(end + 1);
  return line.substr(1);
}

Status unreadable(const std::string& path) {
  return {Code::corrupted, path + ": not an identity file of Rabia KV" + advice_on_damage};
}

Status of_another(const std::string& directory, const std::string& what, std::string_view found,
                  std::string_view wanted) {
  return {Code::failed_precondition,
          directory + " belongs to " + what + " " + std::string(found) + ", not to " +
              std::string(wanted) + ": correct the configuration, or give this replica its own " +
              "data directory"};
}

// Compares the text of an identity file with what is expected.
Status check_identity(const std::string& directory, std::string_view text,
                      const Identity& expected) {
  const std::string path = io::join_path(directory, identity_name);
  if (!text.starts_with(title)) return unreadable(path);
  text.remove_prefix(title.size());
  const auto found_format = take_value(text, "format");
  if (!found_format) return unreadable(path);
  if (*found_format != format) {
    return {Code::failed_precondition, directory + " has format " + std::string(*found_format) +
                                           ", and this program knows only " + std::string(format) +
                                           ": start the program that wrote it"};
  }
  const auto cluster = take_value(text, "cluster");
  const auto member = take_value(text, "member");
  if (!cluster || !member || !text.empty()) return unreadable(path);
  if (*cluster != expected.cluster_id) {
    return of_another(directory, "cluster", *cluster, expected.cluster_id);
  }
  const std::string expected_member = std::to_string(expected.member.value);
  if (*member != expected_member) return of_another(directory, "member", *member, expected_member);
  return {};
}

Status validate(const Identity& identity) {
  if (!is_valid_cluster_id(identity.cluster_id)) {
    return {Code::invalid_argument, "the cluster id must be 1 to " +
                                        std::to_string(cluster_id_bytes_max) +
                                        " letters, digits, '.', '_' or '-'"};
  }
  if (identity.member.value == 0) return {Code::invalid_argument, "member ids begin at 1"};
  return {};
}

Result<std::string> read_identity(io::FileSystem& files, const std::string& directory) {
  auto file = files.open(io::join_path(directory, identity_name), io::OpenMode::read);
  if (!file.ok()) return file.status();
  std::string text;
  Status status = file.value()->read_at(0, identity_bytes_max, text);
  if (!status.ok()) return status;
  return text;
}

// Aside first, so that the name is there only with the whole content.
Status put_identity(io::FileSystem& files, const std::string& directory, const Identity& identity) {
  const std::string aside = io::join_path(directory, unfinished_identity_name);
  const Result<bool> left_behind = files.exists(aside);
  if (!left_behind.ok()) return left_behind.status();
  if (left_behind.value()) {
    if (Status status = files.remove(aside); !status.ok()) return status;
  }
  auto file = files.open(aside, io::OpenMode::create_read_write);
  if (!file.ok()) return file.status();
  if (Status status = file.value()->write_at(0, encode(identity)); !status.ok()) return status;
  if (Status status = file.value()->sync(); !status.ok()) return status;
  return files.rename(aside, io::join_path(directory, identity_name));
}

Result<std::unique_ptr<io::FileLock>> take_lock(io::FileSystem& files, const std::string& path) {
  auto lock = files.lock(io::join_path(path, lock_name));
  if (!lock.ok() && lock.status().code() == Code::unavailable) {
    return {Code::unavailable, "data directory " + path + " is in use (" + lock.status().message() +
                                   "): stop that process, or give this replica its own directory"};
  }
  return lock;
}

enum class Content : std::uint8_t { none, identity, foreign };

Result<Content> look_into(io::FileSystem& files, const std::string& path) {
  auto names = files.list(path);
  if (!names.ok()) return names.status();
  Content content = Content::none;
  for (const std::string& name : names.value()) {
    if (name == identity_name) return Content::identity;
    if (name != lock_name && name != unfinished_identity_name) content = Content::foreign;
  }
  return content;
}

}  // namespace

Status write_identity(io::FileSystem& files, const std::string& directory,
                      const Identity& identity) {
  if (Status status = validate(identity); !status.ok()) return status;
  const Result<Content> content = look_into(files, directory);
  if (!content.ok()) return content.status();
  if (content.value() == Content::identity) {
    return {Code::already_exists, directory + " is the directory of a replica already"};
  }
  if (Status status = put_identity(files, directory, identity); !status.ok()) return status;
  return files.sync_directory(directory);
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(io::FileSystem& files, std::string path,
                                                           const Identity& identity) {
  if (Status status = validate(identity); !status.ok()) return status;
  if (Status status = files.create_directories(path); !status.ok()) return status;
  auto lock = take_lock(files, path);
  if (!lock.ok()) return lock.status();
  const Result<Content> content = look_into(files, path);
  if (!content.ok()) return content.status();
  if (content.value() == Content::foreign) {
    return {Code::failed_precondition,
            "directory " + path + " holds files but no " + std::string(identity_name) +
                ": give this replica an empty directory, or put back the whole one that it had"};
  }
  const bool is_new = content.value() == Content::none;
  if (is_new) {
    if (Status status = put_identity(files, path, identity); !status.ok()) return status;
  } else {
    const Result<std::string> text = read_identity(files, path);
    if (!text.ok()) return text.status();
    if (Status status = check_identity(path, text.value(), identity); !status.ok()) return status;
  }
  // Also when it was there: an earlier start may have made these names and failed before its syncs.
  for (const std::string& directory : {path, io::parent_of(path)}) {
    if (Status status = files.sync_directory(directory); !status.ok()) return status;
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(std::move(path), lock.take(), is_new));
}

namespace {

constexpr const char* parts[] = {"wal", "snapshots"};
constexpr std::string_view aside_suffix = ".before-rejoin";

Status remove_all(io::FileSystem& files, const std::string& directory) {
  const auto names = files.list(directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : names.value()) {
    if (Status status = files.remove(io::join_path(directory, name)); !status.ok()) return status;
  }
  return files.remove(directory);
}

}  // namespace

Status DataDirectory::set_aside(io::FileSystem& files, const std::string& path) {
  for (const char* part : parts) {
    const std::string from = io::join_path(path, part);
    const std::string to = from + std::string(aside_suffix);
    const Result<bool> there = files.exists(from);
    if (!there.ok()) return there.status();
    if (!there.value()) continue;
    const Result<bool> earlier = files.exists(to);
    if (!earlier.ok()) return earlier.status();
    Status status = earlier.value() ? remove_all(files, from) : files.rename(from, to);
    if (!status.ok()) return status;
  }
  return files.sync_directory(path);
}

Status DataDirectory::forget_set_aside(io::FileSystem& files, const std::string& path) {
  for (const char* part : parts) {
    const std::string aside = io::join_path(path, part) + std::string(aside_suffix);
    const Result<bool> there = files.exists(aside);
    if (!there.ok()) return there.status();
    if (!there.value()) continue;
    if (Status status = remove_all(files, aside); !status.ok()) return status;
  }
  return {};
}

}  // namespace rabia::storage
