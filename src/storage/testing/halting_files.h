// A file system in front of another one that stops dead before a chosen change: what a machine does
// to the disk when its power fails between, say, a write and its sync.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/files.h"

namespace rabia::storage::testing {

// Counts changes: writes, syncs, new names, renames, removals. One thread.
class HaltingFiles final : public io::FileSystem {
 public:
  explicit HaltingFiles(io::FileSystem& below) : below_(below) {}

  // So many more changes happen; all later ones do nothing and fail. Until run().
  void halt_after(std::uint64_t changes) { halt_at_ = changes_ + changes; }
  void run() { halt_at_ = UINT64_MAX; }
  [[nodiscard]] bool halted() const { return changes_ >= halt_at_; }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  // Called before each read and change of a file; empty: nobody is.
  void on_access(std::function<void()> hook) { on_access_ = std::move(hook); }

  Status create_directories(const std::string& path) override {
    return change([&] { return below_.create_directories(path); });
  }
  Result<bool> exists(const std::string& path) override { return below_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return below_.list(directory);
  }
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    if (mode == io::OpenMode::create_read_write || mode == io::OpenMode::create_write_direct) {
      if (Status status = change([] { return Status(); }); !status.ok()) return status;
    }
    auto opened = below_.open(path, mode);
    if (!opened.ok()) return opened.status();
    return {std::make_unique<HaltingFile>(*this, opened.take())};
  }
  Status rename(const std::string& from, const std::string& to) override {
    return change([&] { return below_.rename(from, to); });
  }
  Status remove(const std::string& path) override {
    return change([&] { return below_.remove(path); });
  }
  Result<base::WallTime> modified_at(const std::string& path) override {
    return below_.modified_at(path);
  }
  Status sync_directory(const std::string& path) override {
    return change([&] { return below_.sync_directory(path); });
  }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return below_.lock(path);
  }
  Result<std::string> boot_id() override { return below_.boot_id(); }
  Result<std::uint64_t> free_bytes(const std::string& path) override {
    return below_.free_bytes(path);
  }

 private:
  class HaltingFile final : public io::File {
   public:
    HaltingFile(HaltingFiles& owner, std::unique_ptr<io::File> below)
        : owner_(owner), below_(std::move(below)) {}
    Status read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
      if (owner_.on_access_) owner_.on_access_();
      return below_->read_at(offset, size, out);
    }
    Status write_at(std::uint64_t offset, std::string_view bytes) override {
      return owner_.change([&] { return below_->write_at(offset, bytes); });
    }
    Status sync() override {
      return owner_.change([&] { return below_->sync(); });
    }
    Result<std::uint64_t> size() override { return below_->size(); }
    Status truncate(std::uint64_t size) override {
      return owner_.change([&] { return below_->truncate(size); });
    }

   private:
    HaltingFiles& owner_;
    std::unique_ptr<io::File> below_;
  };

  template <typename Change>
  Status change(Change make) {
    if (on_access_) on_access_();
    if (halted()) return {Code::io_error, "the machine has stopped"};
    ++changes_;
    return make();
  }

  io::FileSystem& below_;
  std::uint64_t changes_ = 0;
  std::uint64_t halt_at_ = UINT64_MAX;
  std::function<void()> on_access_;
};

}  // namespace rabia::storage::testing
