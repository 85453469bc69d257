// A disk without the time that a disk takes: what the log itself costs is what is left.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/executor.h"
#include "io/testing/memory_files.h"

namespace rabia::micro {

// Files in memory that keep their names, and once forget() was called nothing of what is written:
// they are read as zeros.
class ForgettingFiles final : public io::FileSystem {
 public:
  void forget() { forgets_ = true; }

  Status create_directories(const std::string& path) override {
    return below_.create_directories(path);
  }
  Result<bool> exists(const std::string& path) override { return below_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return below_.list(directory);
  }
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    auto opened = below_.open(path, mode);
    if (!opened.ok()) return opened.status();
    return {std::make_unique<OpenFile>(forgets_, opened.take())};
  }
  Status rename(const std::string& from, const std::string& to) override {
    return below_.rename(from, to);
  }
  Status remove(const std::string& path) override { return below_.remove(path); }
  Result<base::WallTime> modified_at(const std::string& path) override {
    return below_.modified_at(path);
  }
  Status sync_directory(const std::string& path) override { return below_.sync_directory(path); }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return below_.lock(path);
  }
  Result<std::string> boot_id() override { return below_.boot_id(); }
  Result<std::uint64_t> free_bytes(const std::string& path) override {
    return below_.free_bytes(path);
  }

 private:
  class OpenFile final : public io::File {
   public:
    OpenFile(const bool& forgets, std::unique_ptr<io::File> below)
        : forgets_(forgets), below_(std::move(below)) {}
    Status read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
      if (!forgets_) return below_->read_at(offset, size, out);
      out.assign(size, '\0');
      return {};
    }
    Status write_at(std::uint64_t offset, std::string_view bytes) override {
      return forgets_ ? Status() : below_->write_at(offset, bytes);
    }
    Status sync() override { return forgets_ ? Status() : below_->sync(); }
    Result<std::uint64_t> size() override { return below_->size(); }
    Status truncate(std::uint64_t size) override { return below_->truncate(size); }

   private:
    const bool& forgets_;  // Of the file system.
    std::unique_ptr<io::File> below_;
  };

  io::testing::MemoryFileSystem below_;
  bool forgets_ = false;
};

// Runs its jobs when it is told to, on the caller's thread.
class WaitingWorker final : public io::Worker {
 public:
  void run(io::Task job, io::Task done) override {
    waiting_.emplace_back(std::move(job), std::move(done));
  }
  // All that wait, and what these make wait.
  void run_all() {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const auto [job, done] = std::exchange(waiting_[i], {});
      job();
      done();
    }
    waiting_.clear();
  }

 private:
  std::vector<std::pair<io::Task, io::Task>> waiting_;
};

}  // namespace rabia::micro
