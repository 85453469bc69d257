#include "storage/segmented_wal.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "io/log.h"
#include "storage/record.h"

namespace rabia::storage {
namespace {

// Nobody waits for these, but memory is bounded.
constexpr std::uint64_t lazy_bytes_max = 256U << 10;
// A buffer that one large group has blown up is given back.
constexpr std::size_t kept_buffer_bytes_max = 4U << 20;
// One is filled while the other is written.
constexpr std::size_t kept_buffers_max = 2;
// The next segment is prepared this much faster than the second half of the current one fills.
constexpr std::uint64_t prepare_speed = 4;

}  // namespace

SegmentedWal::SegmentedWal(std::shared_ptr<LogDisk> disk, const RecoveredLog& log,
                           const WalOptions& options, io::Worker& worker, Callbacks callbacks)
    : disk_(std::move(disk)),
      options_(options),
      worker_(worker),
      callbacks_(std::move(callbacks)),
      summary_(log.summary),
      salt_(log.salt),
      segments_(log.segments.begin(), log.segments.end()),
      next_lsn_(log.next_lsn),
      appended_{log.segment, log.segment_bytes, log.offset},
      written_(appended_),
      wanted_(log.next_lsn),
      spare_bytes_(log.spare_bytes) {}

SegmentedWal::~SegmentedWal() {
  const std::lock_guard lock(disk_->mutex);
  disk_->closed = true;
}

template <typename Job, typename Done>
void SegmentedWal::run(Job job, Done done) {
  using Answer = decltype(job(*disk_));
  auto answer = std::make_shared<std::optional<Answer>>();
  worker_.run(
      [disk = disk_, job = std::move(job), answer]() mutable {
        const std::lock_guard lock(disk->mutex);
        if (!disk->closed) answer->emplace(job(*disk));
      },
      [this, alive = std::weak_ptr(alive_), done = std::move(done), answer] {
        if (alive.expired() || stopped_ || !answer->has_value()) return;
        done(std::move(**answer));
      });
}

std::uint64_t SegmentedWal::log_bytes() const {
  std::uint64_t bytes = spare_bytes_;
  for (const SegmentSpan& segment : segments_) bytes += segment.bytes;
  return bytes;
}

Wal::Appended SegmentedWal::append(std::string_view payload) {
  const std::uint64_t bytes = record_bytes(payload.size());
  Group& group = group_with_room_for(bytes);
  const RecordLocation location{appended_.segment, static_cast<std::uint32_t>(payload.size()),
                                appended_.offset};
  const Lsn lsn = next_lsn_++;
  append_record(salt_, {.lsn = lsn, .group_first = group.first_lsn, .after_sync = group.after_sync},
                payload, group.bytes);
  group.next_lsn = next_lsn_;
  appended_.offset += bytes;
  unsynced_bytes_ += bytes;
  return {lsn, location};
}

Group& SegmentedWal::group_with_room_for(std::uint64_t bytes) {
  if (appended_.offset + bytes + record_bytes(0) > appended_.segment_bytes) begin_segment(bytes);
  const bool fits = !gathered_.empty() && gathered_.back()->segment == appended_.segment;
  if (!fits) begin_group();
  return *gathered_.back();
}

void SegmentedWal::begin_segment(std::uint64_t largest_record_bytes) {
  std::uint64_t size = segment_size_for(largest_record_bytes, options_.segment_bytes);
  // The size of options may have been another one when the segment was prepared.
  const bool is_next = appended_.segment == written_.segment;
  if (is_next && spare_bytes_ >= segment_size_for(largest_record_bytes, 0)) size = spare_bytes_;
  appended_ = {appended_.segment + 1, size, segment_header_bytes};
}

void SegmentedWal::begin_group() {
  std::shared_ptr<Group> group;
  if (unused_.empty()) {
    group = std::make_shared<Group>();
  } else {
    group = std::move(unused_.back());
    unused_.pop_back();
  }
  group->segment = appended_.segment;
  group->segment_bytes = appended_.segment_bytes;
  group->offset = appended_.offset;
  group->first_lsn = next_lsn_;
  group->after_sync = last_group_is_synced();
  gathered_.push_back(std::move(group));
}

// Of the group that was begun last: nobody asks any more that it be synced once the next is begun.
bool SegmentedWal::last_group_is_synced() const {
  if (options_.durability == Durability::always) return true;
  if (!gathered_.empty()) return gathered_.back()->needs_sync;
  return writing_ ? writing_->needs_sync : written_is_synced_;
}

void SegmentedWal::require_sync() {
  if (!gathered_.empty()) gathered_.back()->needs_sync = true;
}

void SegmentedWal::commit(bool waits) {
  const std::uint64_t writing = writing_ ? writing_->bytes.size() : 0;
  if (!waits && unsynced_bytes_ - writing < lazy_bytes_max) return;
  wanted_ = next_lsn_;
  advance();
}

void SegmentedWal::flush_lazy() {
  commit(true);
}

bool SegmentedWal::wants_write() const {
  return !writing_ && !gathered_.empty() && gathered_.front()->first_lsn < wanted_;
}

bool SegmentedWal::is_prepared(const Group& group) const {
  return group.segment == written_.segment || spare_bytes_ >= group.segment_bytes;
}

void SegmentedWal::advance() {
  if (stopped_) return;
  if (wants_write() && is_prepared(*gathered_.front())) write_front();
  prepare();
}

void SegmentedWal::write_front() {
  writing_ = std::move(gathered_.front());
  gathered_.pop_front();
  if (writing_->segment != written_.segment) {
    RABIA_CHECK(!building_);
    written_.segment = writing_->segment;
    written_.segment_bytes = writing_->segment_bytes;
    segments_.push_back({writing_->segment, writing_->segment_bytes, writing_->first_lsn});
    spare_bytes_ = 0;
    builder_.reset();
  }
  written_.offset = writing_->offset + writing_->bytes.size();
  run(
      [group = writing_](LogDisk& disk) {
        group->written = disk.write(*group);
        return true;
      },
      [this](bool) { on_written(); });
}

void SegmentedWal::on_written() {
  const std::shared_ptr<Group> group = std::move(writing_);
  written_is_synced_ = group->needs_sync;
  if (!group->written->ok()) {
    fail(*group->written);
    return;
  }
  const bool all = base::mutated(base::Mutant::log_acknowledged_with_the_next_group);
  const Lsn durable = (all ? next_lsn_ : group->next_lsn) - 1;
  unsynced_bytes_ -= group->bytes.size();
  recycle(group);
  advance();  // First: the disk is not to wait for what the callback does.
  callbacks_.durable(durable);
}

void SegmentedWal::recycle(std::shared_ptr<Group> group) {
  if (unused_.size() == kept_buffers_max || group->bytes.capacity() > kept_buffer_bytes_max) return;
  group->bytes.clear();
  group->needs_sync = false;
  group->written.reset();
  unused_.push_back(std::move(group));
}

void SegmentedWal::prepare() {
  if (building_) return;
  std::uint64_t bytes = segment_size_for(0, options_.segment_bytes);
  if (wants_write()) {  // Then the group in front waits for its segment.
    bytes = gathered_.front()->segment_bytes;
  } else if (spare_bytes_ > 0 || !chunk_is_due()) {
    return;
  }
  if (!builder_) builder_ = disk_->build_segment(written_.segment + 1, bytes);
  building_ = true;
  run([builder = builder_](LogDisk&) { return builder->step(); },
      [this](const Status& status) { on_built(status); });
}

bool SegmentedWal::chunk_is_due() const {
  if (!prepare_ahead_) return false;
  const std::uint64_t half = written_.segment_bytes / 2;
  if (written_.offset <= half) return false;
  const std::uint64_t built = builder_ ? builder_->built_bytes() : 0;
  return built <= prepare_speed * (written_.offset - half);
}

void SegmentedWal::on_built(const Status& status) {
  building_ = false;
  if (!status.ok()) {
    fail(status);
    return;
  }
  if (builder_->finished()) {
    spare_bytes_ = builder_->header().segment_bytes;
    builder_.reset();
  }
  advance();
}

void SegmentedWal::fail(const Status& status) {
  stopped_ = true;
  failure_ = Status(status.code(), "the log cannot be written: " + status.message());
  callbacks_.failed(failure_);
}

void SegmentedWal::read(std::vector<RecordLocation> locations, OnRead done) {
  if (stopped_) return;
  // Groups that the worker has not been given yet would be written behind this read: copied here.
  std::vector<std::string> payloads(locations.size());
  std::vector<std::size_t> on_disk;
  for (std::size_t i = 0; i < locations.size(); ++i) {
    if (const Group* group = find_gathered(locations[i])) {
      const std::uint64_t begin = locations[i].offset - group->offset + record_header_bytes;
      payloads[i] = group->bytes.substr(begin, locations[i].size);
    } else {
      on_disk.push_back(i);
    }
  }
  run(
      [locations = std::move(locations), payloads = std::move(payloads),
       on_disk = std::move(on_disk)](LogDisk& disk) mutable -> Result<std::vector<std::string>> {
        for (const std::size_t i : on_disk) {
          Result<std::string> read = disk.read(locations[i]);
          if (!read.ok()) return read.status();
          payloads[i] = read.take();
        }
        return std::move(payloads);
      },
      std::move(done));
}

const Group* SegmentedWal::find_gathered(const RecordLocation& location) const {
  for (const std::shared_ptr<Group>& group : gathered_) {
    if (group->segment == location.segment && group->offset <= location.offset) return group.get();
  }
  return nullptr;
}

void SegmentedWal::remove_segments_before(std::uint32_t segment) {
  if (segment <= segments_.front().number) return;
  run([segment](LogDisk& disk) { return disk.remove_before(segment); },
      [this](const LogDisk::Removal& removal) { on_removed(removal); });
}

void SegmentedWal::on_removed(const LogDisk::Removal& removal) {
  while (segments_.front().number < removal.first_segment) segments_.pop_front();
  if (!removal.synced.ok()) {
    fail(removal.synced);
  } else if (!removal.removed.ok()) {
    io::log(io::Level::warning, "storage", "old segments of the log may still be there",
            {{"first_segment", removal.first_segment}, {"reason", removal.removed.message()}});
  }
}

void SegmentedWal::set_prepare_ahead(bool allowed) {
  prepare_ahead_ = allowed;
  advance();
}

Status SegmentedWal::close() {
  // The worker may not have begun with what it was given, and need not: its jobs find the log
  // closed. So this never waits for a queue, only for a job that is running.
  const std::lock_guard lock(disk_->mutex);
  if (stopped_) return failure_;
  stopped_ = true;
  disk_->closed = true;
  failure_ = write_rest();
  return failure_;
}

Status SegmentedWal::write_rest() {
  if (writing_) {
    if (!writing_->written) writing_->written = disk_->write(*writing_);
    if (!writing_->written->ok()) return *writing_->written;
  }
  for (const std::shared_ptr<Group>& group : gathered_) {
    if (!is_prepared(*group)) {
      Status status = disk_->build_segment(group->segment, group->segment_bytes)->finish();
      if (!status.ok()) return status;
    }
    if (group->segment != written_.segment) spare_bytes_ = 0;
    written_.segment = group->segment;
    if (Status status = disk_->write(*group); !status.ok()) return status;
  }
  return disk_->finish(next_lsn_);
}

}  // namespace rabia::storage
