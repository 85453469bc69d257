#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "io/files.h"
#include "io/real_runtime.h"

namespace rabia::io {
namespace {

constexpr mode_t file_permissions = 0640;

Code code_of(int error) {
  switch (error) {
    case ENOENT:
      return Code::not_found;
    case EEXIST:
      return Code::already_exists;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return Code::exhausted;
    default:
      return Code::io_error;
  }
}

Status failure(const char* what, const std::string& path, int error) {
  return {code_of(error), std::string(what) + " " + path + ": " +
                              std::error_code(error, std::system_category()).message()};
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Repeats a system call while a signal interrupts it.
template <typename Call>
auto uninterrupted(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor(
      uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, file_permissions); }));
}

class RealFile final : public File {
 public:
  RealFile(Descriptor descriptor, std::string path, bool direct)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), direct_(direct) {}

  Status read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
    out.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = uninterrupted([&] {
        return ::pread(descriptor_.get(), out.data() + done, size - done,
                       static_cast<off_t>(offset + done));
      });
      if (got < 0) {
        out.clear();
        return failure("read", path_, errno);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return {};
  }

  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = uninterrupted([&] {
        return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (put < 0 && errno == EINVAL && direct_) {  // A device of larger blocks, say.
        if (Status status = go_through_memory(); !status.ok()) return status;
        continue;
      }
      if (put < 0) return failure("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }

  // EINTR is not repeated: after a failed sync nothing is known of the earlier writes.
  Status sync() override {
    if (::fdatasync(descriptor_.get()) != 0) return failure("sync", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(descriptor_.get(), &info) != 0) return failure("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status truncate(std::uint64_t size) override {
    const auto length = static_cast<off_t>(size);
    if (uninterrupted([&] { return ::ftruncate(descriptor_.get(), length); }) != 0) {
      return failure("truncate", path_, errno);
    }
    return {};
  }

 private:
  Status go_through_memory() {
    direct_ = false;
    const int flags = ::fcntl(descriptor_.get(), F_GETFL);
    if (flags < 0 || ::fcntl(descriptor_.get(), F_SETFL, flags & ~O_DIRECT) != 0) {
      return failure("write", path_, errno);
    }
    return {};
  }

  Descriptor descriptor_;
  std::string path_;
  bool direct_;
};

// flock(2): belongs to the open file, so the operating system releases it with the process.
class RealLock final : public FileLock {
 public:
  explicit RealLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

Status held_by_other(const Descriptor& descriptor, const std::string& path) {
  char text[32];
  const ssize_t got = ::pread(descriptor.get(), text, sizeof text, 0);
  std::string_view pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  pid = pid.substr(0, pid.find_first_not_of("0123456789"));
  std::string message = "lock " + path + ": held by ";
  message += pid.empty() ? "another process" : "process " + std::string(pid);
  return {Code::unavailable, std::move(message)};
}

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::read_write:
      return O_RDWR;
    case OpenMode::create_read_write:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::write_direct:
      return O_WRONLY | O_DIRECT;
    case OpenMode::create_write_direct:
      return O_WRONLY | O_CREAT | O_EXCL | O_DIRECT;
  }
  return O_RDONLY;
}

class RealFileSystem final : public FileSystem {
 public:
  Status create_directories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failure("create directory", path, error.value());
    return {};
  }

  Result<bool> exists(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return failure("stat", path, errno);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(directory, error);
    const std::filesystem::directory_iterator end;
    while (!error && entry != end) {
      names.push_back(entry->path().filename().string());
      entry.increment(error);
    }
    if (error) return failure("list", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int flags = open_flags(mode);
    const bool direct = (flags & O_DIRECT) != 0;
    Descriptor descriptor = open_descriptor(path, flags);
    if (descriptor.valid())
      return {std::make_unique<RealFile>(std::move(descriptor), path, direct)};
    if (!direct || errno != EINVAL) return failure("open", path, errno);
    // The file system cannot. Linux has made the file by then, if it was to be made.
    Descriptor through_memory = open_descriptor(path, flags & ~(O_DIRECT | O_EXCL));
    if (!through_memory.valid()) return failure("open", path, errno);
    return {std::make_unique<RealFile>(std::move(through_memory), path, false)};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      return failure("rename", from + " to " + to, errno);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0) return failure("remove", path, errno);
    return {};
  }

  Result<base::WallTime> modified_at(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return failure("stat", path, errno);
    const auto since_epoch =
        std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    return base::WallTime(std::chrono::floor<std::chrono::microseconds>(since_epoch));
  }

  Status sync_directory(const std::string& path) override {
    const Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.valid()) return failure("open directory", path, errno);
    if (::fsync(descriptor.get()) != 0) return failure("sync directory", path, errno);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT);
    if (!descriptor.valid()) return failure("open", path, errno);
    if (uninterrupted([&] { return ::flock(descriptor.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return held_by_other(descriptor, path);
      return failure("lock", path, errno);
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor.get(), 0) != 0 ||
        ::pwrite(descriptor.get(), pid.data(), pid.size(), 0) < 0) {
      return failure("write", path, errno);
    }
    return {std::make_unique<RealLock>(std::move(descriptor))};
  }

  Result<std::string> boot_id() override {
    auto file = open("/proc/sys/kernel/random/boot_id", OpenMode::read);
    if (!file.ok()) return file.status();
    std::string id;
    if (Status status = file.value()->read_at(0, 64, id); !status.ok()) return status;
    while (id.ends_with('\n')) id.pop_back();
    return id;
  }

  Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs info {};
    if (uninterrupted([&] { return ::statvfs(path.c_str(), &info); }) != 0) {
      return failure("look for free room at", path, errno);
    }
    return std::uint64_t{info.f_bavail} * info.f_frsize;
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_real_file_system() {
  return std::make_unique<RealFileSystem>();
}

}  // namespace rabia::io
