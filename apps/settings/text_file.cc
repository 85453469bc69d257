#include "settings/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

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

}  // namespace rabia::apps
