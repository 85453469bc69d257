#include "settings/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "io/files.h"

namespace rabia::apps {
namespace {

Status os_error(const std::string& path) {
  return {errno == ENOENT ? Code::not_found : Code::io_error,
          path + ": " + std::generic_category().message(errno)};
}

// Empty, and closed to others before anything is written to it.
Status create_for_owner(const std::string& path) {
  std::remove(path.c_str());  // Left behind, it may be open to all.
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return os_error(path);
  ::close(file);
  return {};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A new file with the owner and the permissions of `like`, on stable storage.
Status write_durably(const std::string& path, std::string_view text, const struct stat& like) {
  if (Status status = create_for_owner(path); !status.ok()) return status;
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.number() < 0) return os_error(path);
  const bool owned = ::fchown(file.number(), like.st_uid, like.st_gid) == 0;
  // Of another group, what a group may read would be read by the wrong one.
  const mode_t mode = like.st_mode & (owned ? 07777U : 0700U);
  const bool good = ::fchmod(file.number(), mode) == 0 && write_all(file.number(), text) &&
                    ::fsync(file.number()) == 0;
  return good ? Status() : os_error(path);
}

Status sync_directory_of(const std::string& path) {
  const std::string directory = io::parent_of(path);
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool synced = opened.number() >= 0 && ::fsync(opened.number()) == 0;
  return synced ? Status() : os_error(directory);
}

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return os_error(path);
  std::string text(text_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return os_error(path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > text_file_bytes_max) {
    return {Code::invalid_argument, path + ": longer than 1 MiB"};
  }
  return text;
}

Status write_text_file(const std::string& path, std::string_view text, Readers readers) {
  const std::string temporary = path + ".new";
  if (readers == Readers::owner) {
    if (Status status = create_for_owner(temporary); !status.ok()) return status;
  }
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.flush()) return os_error(temporary);
  }
  return std::rename(temporary.c_str(), path.c_str()) == 0 ? Status() : os_error(path);
}

Status replace_text_file(const std::string& path, std::string_view text) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  if (error) return {Code::io_error, path + ": " + error.message()};
  struct stat old {};
  if (::stat(real.c_str(), &old) != 0) return os_error(real);
  const std::string temporary = real + ".new";
  Status status = write_durably(temporary, text, old);
  if (status.ok() && std::rename(temporary.c_str(), real.c_str()) != 0) status = os_error(real);
  if (status.ok()) return sync_directory_of(real);
  std::remove(temporary.c_str());
  return status;
}

}  // namespace rabia::apps
