// A file system in memory that remembers what a real one may forget.
//
// It keeps what was synced apart from what was only written, for each 512-byte sector of a file and
// for each name in a directory, as strictly as POSIX allows: a new file survives a power cut only
// when both the file and its directory were synced. crash() is the power cut. Faults are injected
// by count, so that a run repeats. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "io/files.h"

namespace rabia::io::testing {

class MemoryFileSystem final : public FileSystem {
 public:
  static constexpr std::uint64_t sector_bytes = 512;

  MemoryFileSystem();
  ~MemoryFileSystem() override;
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;

  // The seam. Paths are split at '/'; a leading one changes nothing. "" and "/" name the root.
  Status create_directories(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  // Atomic in a crash too. Only within one directory (Code::invalid_argument otherwise).
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  // A disk without a clock: the epoch, for every file.
  Result<base::WallTime> modified_at(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::string> boot_id() override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;

  // The machine loses power and starts again. Of every file, each sector not synced is kept or lost
  // by chance, the last write may be torn at any byte, and the size may be any between the synced
  // and the current one. Of every directory, the changes not synced survive up to some point. Locks
  // are gone, the boot id is new, faults are taken back, and handles opened before fail for ever.
  void crash(base::Random& random);
  // The process dies and the machine lives: locks are gone and old handles fail, nothing is lost.
  void kill_process();
  // Makes everything durable: for setting a stage.
  void sync_all();

  // The n-th write (or sync, of files and directories alike) from now on fails; 1 is the next one.
  // The failing write puts half of its bytes. What a failed sync should have made durable stays
  // readable but is never durable, whatever later syncs say, until it is written anew.
  void fail_write(std::uint64_t nth) { failing_write_ = writes_ + nth; }
  void fail_sync(std::uint64_t nth) { failing_sync_ = syncs_ + nth; }
  // Writes that would take all files together above this many bytes fail with Code::exhausted, and
  // change nothing. It may be less than they have now: what something else has taken is not there.
  void set_capacity(std::uint64_t bytes) { capacity_bytes_ = bytes; }

  // Damage of the medium: changes both what is readable and what is durable. The file must exist
  // and be long enough.
  void flip_bit(const std::string& path, std::uint64_t bit);
  void cut(const std::string& path, std::uint64_t size);

  // Of all files together, as they are read.
  [[nodiscard]] std::uint64_t used_bytes() const;
  // Calls so far.
  [[nodiscard]] std::uint64_t writes() const { return writes_; }
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

 private:
  struct Node;
  class OpenFile;
  class HeldLock;

  [[nodiscard]] std::shared_ptr<Node> find(std::string_view path) const;
  [[nodiscard]] Node& file_at(const std::string& path) const;
  Status write(Node& node, const std::string& path, std::uint64_t offset, std::string_view bytes);
  Status count_sync(const std::string& path, bool& fails);

  std::shared_ptr<Node> root_;
  std::set<std::string, std::less<>> locked_;
  std::uint64_t process_ = 1;  // Which life of the process a handle belongs to.
  std::uint64_t boot_ = 1;
  std::uint64_t writes_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t failing_write_ = 0;  // 0: none.
  std::uint64_t failing_sync_ = 0;
  std::uint64_t capacity_bytes_ = UINT64_MAX;
};

}  // namespace rabia::io::testing
