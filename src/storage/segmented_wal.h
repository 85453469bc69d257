// The core thread's side of the log: gathers groups, and says when each is to be written.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "storage/group.h"
#include "storage/log_disk.h"
#include "storage/recovery.h"
#include "storage/segment.h"
#include "storage/wal.h"

namespace rabia::storage {

// At most one group is being written. Groups that wait are one, but where a segment ends between
// them. The next segment is prepared in chunks, at most one of which is queued at the worker.
class SegmentedWal final : public Wal {
 public:
  SegmentedWal(std::shared_ptr<LogDisk> disk, const RecoveredLog& log, const WalOptions& options,
               io::Worker& worker, Callbacks callbacks);
  ~SegmentedWal() override;
  SegmentedWal(const SegmentedWal&) = delete;
  SegmentedWal& operator=(const SegmentedWal&) = delete;

  [[nodiscard]] const RecoverySummary& recovery() const override { return summary_; }
  [[nodiscard]] bool empty() const override { return next_lsn_ == 1; }
  [[nodiscard]] Lsn first_lsn() const override { return segments_.front().first_lsn; }
  [[nodiscard]] std::uint64_t log_bytes() const override;
  Appended append(std::string_view payload) override;
  void require_sync() override;
  void commit(bool waits) override;
  void flush_lazy() override;
  void read(std::vector<RecordLocation> locations, OnRead done) override;
  void remove_segments_before(std::uint32_t segment) override;
  void set_prepare_ahead(bool allowed) override;
  Status close() override;

 private:
  // Where something ends: the records on the disk, or those that were appended.
  struct Tail {
    std::uint32_t segment = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t offset = 0;
  };

  Group& group_with_room_for(std::uint64_t bytes);
  void begin_segment(std::uint64_t record_bytes);
  void begin_group();
  [[nodiscard]] bool last_group_is_synced() const;
  [[nodiscard]] bool wants_write() const;
  [[nodiscard]] bool is_prepared(const Group& group) const;
  void advance();
  void write_front();
  void on_written();
  void recycle(std::shared_ptr<Group> group);
  void prepare();
  [[nodiscard]] bool chunk_is_due() const;
  void on_built(const Status& status);
  void on_removed(const LogDisk::Removal& removal);
  void fail(const Status& status);
  [[nodiscard]] const Group* find_gathered(const RecordLocation& location) const;
  Status write_rest();

  // Runs `job` (LogDisk& -> T) on the worker, then `done` (T) here, unless the log has failed,
  // was closed or destroyed by then.
  template <typename Job, typename Done>
  void run(Job job, Done done);

  std::shared_ptr<LogDisk> disk_;
  WalOptions options_;
  io::Worker& worker_;
  Callbacks callbacks_;
  RecoverySummary summary_;
  std::uint64_t salt_;  // Of the log, which need not be that of the options.

  std::deque<SegmentSpan> segments_;  // From the first that is there to written_.segment.
  Lsn next_lsn_;
  Tail appended_;
  Tail written_;  // Or being written.
  Lsn wanted_;    // Records below this are to be written as soon as the worker is free.
  std::uint64_t unsynced_bytes_ = 0;
  bool written_is_synced_ = true;  // All of it: what was recovered is.
  std::deque<std::shared_ptr<Group>> gathered_;
  std::shared_ptr<Group> writing_;
  std::vector<std::shared_ptr<Group>> unused_;  // Their buffers are used again.

  std::uint64_t spare_bytes_;  // Size of the segment prepared after written_.segment; 0: none.
  std::shared_ptr<SegmentBuilder> builder_;
  bool building_ = false;  // A chunk is queued at the worker.
  bool prepare_ahead_ = true;

  bool stopped_ = false;
  Status failure_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace rabia::storage
