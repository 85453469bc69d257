#include "storage/wal.h"

#include <utility>

#include "storage/log_disk.h"
#include "storage/recovery.h"
#include "storage/segment.h"
#include "storage/segmented_wal.h"

namespace rabia::storage {
namespace {

// Durability::memory: the process itself is what remembers.
class MemoryWal final : public Wal {
 public:
  explicit MemoryWal(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  [[nodiscard]] const RecoverySummary& recovery() const override { return summary_; }
  [[nodiscard]] bool empty() const override { return last_lsn_ == 0; }
  [[nodiscard]] Lsn first_lsn() const override { return 1; }
  [[nodiscard]] std::uint64_t log_bytes() const override { return 0; }
  Appended append(std::string_view /*payload*/) override { return {++last_lsn_, {}}; }
  void require_sync() override {}
  void commit(bool /*waits*/) override { flush_lazy(); }
  void flush_lazy() override {
    if (durable_lsn_ == last_lsn_) return;
    durable_lsn_ = last_lsn_;
    callbacks_.durable(durable_lsn_);
  }
  void read(std::vector<RecordLocation> /*locations*/, OnRead done) override {
    done(Status(Code::not_found, "nothing is kept in durability mode `memory`"));
  }
  void remove_segments_before(std::uint32_t /*segment*/) override {}
  void set_prepare_ahead(bool /*allowed*/) override {}
  Status close() override { return {}; }

 private:
  Callbacks callbacks_;
  RecoverySummary summary_;
  Lsn last_lsn_ = 0;
  Lsn durable_lsn_ = 0;
};

Status create_first_segment(LogDisk& disk, const WalOptions& options, RecoveredLog& log) {
  log.segment = 1;
  log.segment_bytes = segment_size_for(0, options.segment_bytes);
  log.offset = segment_header_bytes;
  log.segments = {{log.segment, log.segment_bytes, log.next_lsn}};
  return disk.build_segment(log.segment, log.segment_bytes)->finish();
}

}  // namespace

Result<std::unique_ptr<Wal>> Wal::open(io::FileSystem& files, const std::string& directory,
                                       const WalOptions& options, io::Worker& worker,
                                       Callbacks callbacks) {
  if (options.durability == Durability::memory) {
    return {std::make_unique<MemoryWal>(std::move(callbacks))};
  }
  if (options.segment_bytes < segment_bytes_min || options.segment_bytes > segment_bytes_max) {
    return {Code::invalid_argument, "segment_bytes must be between 4 KiB and 1 GiB"};
  }
  Result<RecoveredLog> recovered = recover_log(files, directory, callbacks.recovered);
  if (!recovered.ok()) return recovered.status();
  RecoveredLog& log = recovered.value();
  if (log.segment == 0) log.salt = options.salt;
  auto disk = std::make_shared<LogDisk>(files, directory, options.durability, log.salt);
  if (log.segment == 0) {
    if (Status status = create_first_segment(*disk, options, log); !status.ok()) return status;
  }
  if (Status status = disk->open(log); !status.ok()) return status;
  return {
      std::make_unique<SegmentedWal>(std::move(disk), log, options, worker, std::move(callbacks))};
}

}  // namespace rabia::storage
