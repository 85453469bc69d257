#include "io/testing/memory_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/block_buffer.h"
#include "base/check.h"

namespace rabia::io::testing {
namespace {

constexpr std::uint64_t sector_bytes = MemoryFileSystem::sector_bytes;

// The bytes of one file: as read, and as they lie on the medium.
class Content {
 public:
  [[nodiscard]] const std::string& live() const { return live_; }

  void write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    // The gap that a write beyond the end leaves is dirty zeros.
    const std::uint64_t dirty_from = std::min<std::uint64_t>(offset, live_.size());
    if (live_.size() < offset + bytes.size()) live_.resize(offset + bytes.size());
    live_.replace(offset, bytes.size(), bytes);
    mark_dirty(dirty_from, offset + bytes.size());
    last_write_ = Range{offset, bytes.size()};
  }

  void truncate(std::uint64_t size) {
    if (size > live_.size()) mark_dirty(live_.size(), size);
    live_.resize(size);
    last_write_.reset();
  }

  void sync() {
    durable_.resize(live_.size());
    for (const std::uint64_t sector : dirty_) take_sector(sector, durable_);
    dirty_.clear();
    last_write_.reset();
  }

  // Linux marks pages clean after a failed write-back: a later sync then says ok for nothing.
  void fail_sync() {
    dirty_.clear();
    last_write_.reset();
  }

  void crash(base::Random& random) {
    std::string kept = durable_;
    kept.resize(size_after_crash(random));
    for (const std::uint64_t sector : dirty_) {
      if (random.chance(50)) take_sector(sector, kept);
    }
    if (last_write_ && random.chance(50)) tear(random, kept);
    live_ = kept;
    durable_ = std::move(kept);
    fail_sync();  // Nothing is dirty any more.
  }

  void flip_bit(std::uint64_t bit) {
    const auto mask = static_cast<char>(1 << (bit % 8));
    RABIA_CHECK(bit / 8 < live_.size());
    live_[bit / 8] = static_cast<char>(live_[bit / 8] ^ mask);
    if (bit / 8 < durable_.size()) durable_[bit / 8] = static_cast<char>(durable_[bit / 8] ^ mask);
  }

  void cut(std::uint64_t size) {
    RABIA_CHECK(size <= live_.size());
    live_.resize(size);
    if (durable_.size() > size) durable_.resize(size);
  }

 private:
  struct Range {
    std::uint64_t offset;
    std::uint64_t size;
  };

  void mark_dirty(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t s = from / sector_bytes; s * sector_bytes < to; ++s) dirty_.insert(s);
  }

  // Copies one sector of the live bytes into `to`, as far as `to` is long.
  void take_sector(std::uint64_t sector, std::string& to) const {
    take(sector * sector_bytes, (sector + 1) * sector_bytes, to);
  }
  void take(std::uint64_t from, std::uint64_t end, std::string& to) const {
    end = std::min<std::uint64_t>({end, live_.size(), to.size()});
    if (from < end) to.replace(from, end - from, live_, from, end - from);
  }

  std::uint64_t size_after_crash(base::Random& random) const {
    const auto [least, most] = std::minmax<std::uint64_t>({durable_.size(), live_.size()});
    switch (random.below(3)) {
      case 0:
        return durable_.size();
      case 1:
        return live_.size();
      default:
        return least + random.below(most - least + 1);
    }
  }

  // The sector in which the last write was cut off holds new bytes up to the cut, old ones behind.
  void tear(base::Random& random, std::string& kept) const {
    const std::uint64_t cut_at = last_write_->offset + random.below(last_write_->size + 1);
    const std::uint64_t sector_start = cut_at / sector_bytes * sector_bytes;
    for (std::uint64_t at = cut_at; at < sector_start + sector_bytes && at < kept.size(); ++at) {
      kept[at] = at < durable_.size() ? durable_[at] : '\0';
    }
    take(std::max(sector_start, last_write_->offset), cut_at, kept);
  }

  std::string live_;
  std::string durable_;
  std::set<std::uint64_t> dirty_;  // Sectors written since the last sync.
  std::optional<Range> last_write_;
};

// "/a//b" gives "a", "b".
std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0 && path.substr(0, slash) != ".") parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string name_in(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));  // npos + 1 is 0.
}

Status failed(Code code, const char* what, const std::string& path, const char* reason) {
  return {code, std::string(what) + " " + path + ": " + reason};
}

}  // namespace

// A file, or a directory with its names as read and as they lie on the medium.
struct MemoryFileSystem::Node {
  using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;
  // One change of names: atomic, durable in order within its directory. `node` null: removed.
  struct Change {
    std::string name;
    std::shared_ptr<Node> node;
    std::string old_name;  // Not empty: this name vanishes in the same moment.
  };

  bool directory = false;
  Content content;
  Names live;
  Names durable;
  std::vector<Change> pending;

  void change(Change made) {
    apply(live, made);
    pending.push_back(std::move(made));
  }
  // Puts the first `count` pending changes on the medium and forgets them all.
  void settle(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) apply(durable, pending[i]);
    pending.clear();
  }
  void for_each_below(const auto& action) {
    for (const auto& [name, node] : live) {
      action(*node);
      node->for_each_below(action);
    }
  }
  // Directories first, so that what is below a lost name is lost with it.
  void crash(base::Random& random) {
    if (!directory) {
      content.crash(random);
      return;
    }
    settle(random.below(pending.size() + 1));
    live = durable;
    for (const auto& [name, node] : live) node->crash(random);
  }

 private:
  static void apply(Names& names, const Change& change) {
    if (change.node) {
      names[change.name] = change.node;
    } else {
      names.erase(change.name);
    }
    if (!change.old_name.empty()) names.erase(change.old_name);
  }
};

class MemoryFileSystem::OpenFile final : public File {
 public:
  OpenFile(MemoryFileSystem& system, std::shared_ptr<Node> node, std::string path, OpenMode mode)
      : system_(system),
        node_(std::move(node)),
        path_(std::move(path)),
        process_(system.process_),
        writable_(mode != OpenMode::read),
        direct_(mode == OpenMode::write_direct || mode == OpenMode::create_write_direct) {}

  Status read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
    RABIA_CHECK(!direct_);
    out.clear();
    if (stale()) return refuse("read", "the handle is from before a crash");
    const std::string& bytes = node_->content.live();
    if (offset < bytes.size()) out = bytes.substr(offset, size);
    return {};
  }
  Status write_at(std::uint64_t offset, std::string_view bytes) override {
    if (stale()) return refuse("write", "the handle is from before a crash");
    if (!writable_) return refuse("write", "opened for reading");
    if (direct_) {
      RABIA_CHECK(offset % base::block_bytes == 0 && bytes.size() % base::block_bytes == 0);
      RABIA_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % base::block_bytes == 0);
    }
    return system_.write(*node_, path_, offset, bytes);
  }
  Status sync() override {
    if (stale()) return refuse("sync", "the handle is from before a crash");
    bool fails = false;
    Status status = system_.count_sync(path_, fails);
    if (fails) {
      node_->content.fail_sync();
    } else {
      node_->content.sync();
    }
    return status;
  }
  Result<std::uint64_t> size() override {
    if (stale()) return refuse("stat", "the handle is from before a crash");
    return std::uint64_t{node_->content.live().size()};
  }
  Status truncate(std::uint64_t size) override {
    if (stale()) return refuse("truncate", "the handle is from before a crash");
    if (!writable_) return refuse("truncate", "opened for reading");
    node_->content.truncate(size);
    return {};
  }

 private:
  [[nodiscard]] bool stale() const { return process_ != system_.process_; }
  [[nodiscard]] Status refuse(const char* what, const char* reason) const {
    return failed(Code::io_error, what, path_, reason);
  }

  MemoryFileSystem& system_;
  std::shared_ptr<Node> node_;
  std::string path_;
  std::uint64_t process_;
  bool writable_;
  bool direct_;
};

class MemoryFileSystem::HeldLock final : public FileLock {
 public:
  HeldLock(MemoryFileSystem& system, std::string path)
      : system_(system), path_(std::move(path)), process_(system.process_) {}
  ~HeldLock() override {
    if (process_ == system_.process_) system_.locked_.erase(path_);
  }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

 private:
  MemoryFileSystem& system_;
  std::string path_;
  std::uint64_t process_;
};

MemoryFileSystem::MemoryFileSystem() : root_(std::make_shared<Node>()) {
  root_->directory = true;
}
MemoryFileSystem::~MemoryFileSystem() = default;

std::shared_ptr<MemoryFileSystem::Node> MemoryFileSystem::find(std::string_view path) const {
  std::shared_ptr<Node> node = root_;
  for (const std::string& part : split(path)) {
    const auto next = node->live.find(part);
    if (next == node->live.end()) return nullptr;
    node = next->second;
  }
  return node;
}

MemoryFileSystem::Node& MemoryFileSystem::file_at(const std::string& path) const {
  const auto node = find(path);
  RABIA_CHECK(node != nullptr && !node->directory);
  return *node;
}

Status MemoryFileSystem::create_directories(const std::string& path) {
  std::shared_ptr<Node> node = root_;
  for (const std::string& part : split(path)) {
    if (!node->live.contains(part)) {
      auto made = std::make_shared<Node>();
      made->directory = true;
      node->change({part, std::move(made), {}});
    }
    node = node->live[part];
    if (!node->directory) return failed(Code::io_error, "create directory", path, "is a file");
  }
  return {};
}

Result<bool> MemoryFileSystem::exists(const std::string& path) {
  return find(path) != nullptr;
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& directory) {
  const auto node = find(directory);
  if (!node || !node->directory) return failed(Code::not_found, "list", directory, "no directory");
  std::vector<std::string> names;
  for (const auto& [name, entry] : node->live) names.push_back(name);
  return names;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path, OpenMode mode) {
  auto node = find(path);
  if (mode == OpenMode::create_read_write || mode == OpenMode::create_write_direct) {
    if (node) return failed(Code::already_exists, "open", path, "exists");
    const auto parent = find(parent_of(path));
    if (!parent || !parent->directory) return failed(Code::not_found, "open", path, "no directory");
    node = std::make_shared<Node>();
    parent->change({name_in(path), node, {}});
  }
  if (!node) return failed(Code::not_found, "open", path, "no such file");
  if (node->directory) return failed(Code::io_error, "open", path, "is a directory");
  return {std::make_unique<OpenFile>(*this, std::move(node), path, mode)};
}

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const auto node = find(from);
  const auto directory = find(parent_of(from));
  if (!node) return failed(Code::not_found, "rename", from + " to " + to, "no such file");
  if (find(parent_of(to)) != directory) {
    return failed(Code::invalid_argument, "rename", from + " to " + to, "not in one directory");
  }
  if (find(to) != node) directory->change({name_in(to), node, name_in(from)});
  return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
  const auto node = find(path);
  if (!node) return failed(Code::not_found, "remove", path, "no such file");
  if (!node->live.empty()) return failed(Code::io_error, "remove", path, "directory not empty");
  find(parent_of(path))->change({name_in(path), nullptr, {}});
  return {};
}

Result<base::WallTime> MemoryFileSystem::modified_at(const std::string& path) {
  if (!find(path)) return failed(Code::not_found, "stat", path, "no such file");
  return base::WallTime();
}

Status MemoryFileSystem::sync_directory(const std::string& path) {
  const auto node = find(path);
  if (!node || !node->directory) return failed(Code::not_found, "sync", path, "no directory");
  bool fails = false;
  Status status = count_sync(path, fails);
  if (!fails) node->settle(node->pending.size());
  return status;
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const std::string& path) {
  if (locked_.contains(path)) {
    return failed(Code::unavailable, "lock", path, "held by process 1");
  }
  if (!find(path)) {
    if (auto made = open(path, OpenMode::create_read_write); !made.ok()) return made.status();
  }
  locked_.insert(path);
  return {std::make_unique<HeldLock>(*this, path)};
}

Result<std::string> MemoryFileSystem::boot_id() {
  return "boot-" + std::to_string(boot_);
}

Result<std::uint64_t> MemoryFileSystem::free_bytes(const std::string& path) {
  if (!find(path)) return failed(Code::not_found, "look for free room at", path, "no such file");
  const std::uint64_t used = used_bytes();
  return used < capacity_bytes_ ? capacity_bytes_ - used : 0;
}

Status MemoryFileSystem::write(Node& node, const std::string& path, std::uint64_t offset,
                               std::string_view bytes) {
  if (++writes_ == failing_write_) {
    node.content.write(offset, bytes.substr(0, bytes.size() / 2));
    return failed(Code::io_error, "write", path, "injected error");
  }
  const std::uint64_t used = capacity_bytes_ != UINT64_MAX ? used_bytes() : 0;
  const std::uint64_t size = node.content.live().size();
  const std::uint64_t growth = std::max(size, offset + bytes.size()) - size;
  if (growth > 0 && used + growth > capacity_bytes_) {
    return failed(Code::exhausted, "write", path, "no space left on device");
  }
  node.content.write(offset, bytes);
  return {};
}

std::uint64_t MemoryFileSystem::used_bytes() const {
  std::uint64_t used = 0;
  root_->for_each_below([&used](const Node& file) { used += file.content.live().size(); });
  return used;
}

Status MemoryFileSystem::count_sync(const std::string& path, bool& fails) {
  fails = ++syncs_ == failing_sync_;
  if (fails) return failed(Code::io_error, "sync", path, "injected error");
  return {};
}

void MemoryFileSystem::crash(base::Random& random) {
  root_->crash(random);
  kill_process();
  ++boot_;
  failing_write_ = 0;
  failing_sync_ = 0;
}

void MemoryFileSystem::kill_process() {
  locked_.clear();
  ++process_;
}

void MemoryFileSystem::sync_all() {
  const auto settle = [](Node& node) {
    node.settle(node.pending.size());
    node.content.sync();
  };
  settle(*root_);
  root_->for_each_below(settle);
}

void MemoryFileSystem::flip_bit(const std::string& path, std::uint64_t bit) {
  file_at(path).content.flip_bit(bit);
}

void MemoryFileSystem::cut(const std::string& path, std::uint64_t size) {
  file_at(path).content.cut(size);
}

}  // namespace rabia::io::testing
