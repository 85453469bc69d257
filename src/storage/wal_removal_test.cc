// The log without its beginning: what is removed, what stays, and what that leaves after a crash.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/log.h"
#include "io/real_runtime.h"
#include "storage/damage.h"
#include "storage/record.h"
#include "storage/testing/log_world.h"

namespace rabia::storage {
namespace {

using testing::LogWorld;

// No zero byte, and no two of them alike.
std::string payload_of(std::uint64_t number, std::size_t size = 700) {
  std::string payload = "record " + std::to_string(number) + " ";
  payload.resize(size, static_cast<char>('a' + number % 26));
  return payload;
}

// Writes records, each in a group of its own, until one lies in this segment: all payloads.
std::vector<std::string> write_up_to(LogWorld& world, std::uint32_t segment) {
  std::vector<std::string> written;
  while (world.locations.empty() || world.locations.back().segment < segment) {
    written.push_back(payload_of(written.size() + 1));
    world.write(written.back());
  }
  return written;
}

// The first record in this segment or a later one.
Lsn first_lsn_in(const LogWorld& world, std::uint32_t segment) {
  Lsn lsn = 1;
  while (world.locations[lsn - 1].segment < segment) ++lsn;
  return lsn;
}

std::vector<std::string> from(const std::vector<std::string>& written, Lsn lsn) {
  return {written.begin() + static_cast<std::ptrdiff_t>(lsn - 1), written.end()};
}

std::uint64_t bytes_on_disk(LogWorld& world) {
  std::uint64_t bytes = 0;
  for (const std::uint32_t segment : world.segments()) bytes += world.content(segment).size();
  return bytes;
}

void expect_refusal(const Status& status, const std::string& text) {
  EXPECT_EQ(status.code(), Code::corrupted) << status.message();
  EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
  EXPECT_NE(status.message().find(advice_on_damage), std::string::npos);
}

// Given a log of many segments, when those before one are removed, then these are gone and no
// others; the next life recovers the rest, with the same numbers and places, and goes on.
TEST(WalRemoval, TakesWholeSegmentsFromTheFront) {
  for (std::uint32_t segment = 1; segment <= 8; ++segment) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.wal->first_lsn(), 1U);
    std::vector<std::string> written = write_up_to(world, 8);
    const std::vector<RecordLocation> locations = world.locations;
    const std::size_t there = world.segments().size();
    world.remove_before(segment);
    const Lsn first = first_lsn_in(world, segment);
    EXPECT_EQ(world.wal->first_lsn(), first);
    EXPECT_EQ(world.segments().front(), segment);
    EXPECT_EQ(world.segments().size(), there - (segment - 1));
    EXPECT_EQ(world.wal->log_bytes(), bytes_on_disk(world));
    world.kill();
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, from(written, first));
    EXPECT_EQ(world.first_recovered, first);
    EXPECT_EQ(world.wal->first_lsn(), first);
    EXPECT_EQ(world.wal->recovery().first_lsn, first);
    EXPECT_EQ(world.wal->recovery().first_segment, segment);
    EXPECT_EQ(world.wal->log_bytes(), bytes_on_disk(world));
    EXPECT_FALSE(world.wal->empty());
    EXPECT_EQ(world.locations[first - 1].offset, locations[first - 1].offset);
    EXPECT_EQ(world.write(payload_of(1)).lsn, written.size() + 1);
    EXPECT_EQ(world.durable, written.size() + 1);
  }
}

// Given any number, when the segments before it are removed, then the current one and that prepared
// ahead stay, and the log goes on: also in the next life, which begins with them.
TEST(WalRemoval, LeavesTheCurrentSegmentAndTheSpare) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  std::vector<std::string> written = write_up_to(world, 4);
  while (world.segments().back() == 4) {
    written.push_back(payload_of(written.size() + 1));
    world.write(written.back());
  }
  for (const std::uint32_t segment : {5U, 6U, UINT32_MAX}) {
    world.remove_before(segment);
    EXPECT_EQ(world.segments(), (std::vector<std::uint32_t>{4, 5}));
    EXPECT_EQ(world.wal->log_bytes(), 2U * 4096);
  }
  const Lsn first = first_lsn_in(world, 4);
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, from(written, first));
  EXPECT_EQ(world.wal->log_bytes(), 2U * 4096);
  for (int i = 0; i < 20; ++i) {
    written.push_back(payload_of(written.size() + 1));
    world.write(written.back());
  }
  EXPECT_EQ(world.durable, written.size());
  world.remove_before(UINT32_MAX);
  EXPECT_EQ(world.segments().front(), world.locations.back().segment);
}

// Given a current segment without any record, when all before it is to be removed, then one before
// it stays, since only that says which record comes next; when there is a record, it goes.
TEST(WalRemoval, NeverLeavesAnEmptySegmentFirst) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  std::vector<std::string> written = write_up_to(world, 3);
  while (world.segments().back() == 3) {
    written.push_back(payload_of(written.size() + 1));
    world.write(written.back());
  }
  // The seal of segment 3 reaches the disk, and what follows in segment 4 does not.
  world.files.halt_after(2);
  world.write(std::string(3500, 'x'));
  ASSERT_EQ(world.failures.size(), 1U);
  world.kill();
  world.files.run();
  ASSERT_TRUE(world.start().ok());
  ASSERT_EQ(world.recovered, written);
  const Lsn first = first_lsn_in(world, 3);
  world.remove_before(4);
  EXPECT_EQ(world.segments(), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(world.wal->first_lsn(), first);
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, from(written, first));
  const Wal::Appended next = world.write("next");
  EXPECT_EQ(next.lsn, written.size() + 1);
  EXPECT_EQ(next.location.segment, 4U);
  world.remove_before(4);
  EXPECT_EQ(world.segments().front(), 4U);
  EXPECT_EQ(world.wal->first_lsn(), next.lsn);
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, std::vector<std::string>{"next"});
}

// Given segments that hold nothing but a seal or a mark, when the log begins with one of them, then
// it says which record comes next.
TEST(WalRemoval, ASealOrAMarkSaysWhereTheLogBegins) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.write(payload_of(1, 12140));  // Fills segment 2; segment 1 ends without a record.
  world.write(payload_of(2, 100));    // In segment 3.
  EXPECT_EQ(world.locations[1].segment, 3U);
  world.remove_before(2);
  EXPECT_EQ(world.wal->first_lsn(), 1U);
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered.size(), 2U);
  EXPECT_EQ(world.wal->recovery().first_segment, 2U);
  // A segment of which the only record is a seal.
  std::string bytes;
  append_record(world.salt(), {.kind = RecordKind::seal, .lsn = 3, .group_first = 3}, "", bytes);
  world.kill();
  world.overwrite(3, 64, bytes + std::string(200, '\0'));
  SegmentBuilder builder(world.disk, testing::directory, {4, 4096, world.salt()});
  ASSERT_TRUE(builder.finish().ok());
  ASSERT_TRUE(world.disk.remove(LogWorld::path(2)).ok());
  ASSERT_TRUE(world.start().ok());
  EXPECT_TRUE(world.recovered.empty());
  EXPECT_EQ(world.wal->first_lsn(), 3U);
  EXPECT_FALSE(world.wal->empty());
  ASSERT_TRUE(world.wal->close().ok());  // Writes a mark into segment 4.
  ASSERT_TRUE(world.disk.remove(LogWorld::path(3)).ok());
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.wal->first_lsn(), 3U);
  EXPECT_EQ(world.write("three").lsn, 3U);
}

// Given reads of records before and after the removal of their segment was asked for, when they are
// answered, then the first gives the payload, and the second says that it is gone, not damaged.
TEST(WalRemoval, AReadOfWhatIsGoneSaysSo) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  const std::vector<std::string> written = write_up_to(world, 4);
  std::vector<std::string> early;
  world.wal->read({world.locations[0]}, [&](Result<std::vector<std::string>> read) {
    ASSERT_TRUE(read.ok());
    early = read.take();
  });
  world.remove_before(3);
  EXPECT_EQ(early, std::vector<std::string>{written[0]});
  for (Lsn lsn = 1; lsn <= written.size(); ++lsn) {
    const Result<std::string> read = world.read(world.locations[lsn - 1]);
    if (lsn >= world.wal->first_lsn()) {
      EXPECT_EQ(read.value(), written[lsn - 1]);
    } else {
      EXPECT_EQ(read.status().code(), Code::not_found);
      EXPECT_NE(read.status().message().find("was removed"), std::string::npos);
    }
  }
}

// Given groups that are gathered and being written, over several segments, when removals are asked
// for in between, also of segments that do not exist yet, then every group becomes durable, and
// each removal takes what had been written before it.
TEST(WalRemoval, GoesOnWhileGroupsAreWritten) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    LogWorld world;
    base::Random random(seed);
    ASSERT_TRUE(world.start().ok());
    std::vector<std::string> written;
    for (int i = 0; i < 100; ++i) {
      written.push_back(payload_of(written.size() + 1, 20 + random.below(1500)));
      world.append(written.back());
      if (random.chance(50)) world.wal->commit(true);
      if (random.chance(20)) {
        const auto ahead = static_cast<std::uint32_t>(random.below(3));
        world.wal->remove_segments_before(world.locations.back().segment + ahead);
      }
      for (std::uint64_t n = random.below(3); n > 0; --n) world.executor->step();
      ASSERT_LE(world.wal->first_lsn(), world.durable + 1);
    }
    world.wal->commit(true);
    world.executor->run_ready();
    EXPECT_EQ(world.durable, written.size());
    EXPECT_TRUE(world.failures.empty());
    const Lsn first = world.wal->first_lsn();
    EXPECT_GT(first, 1U);
    EXPECT_EQ(world.wal->log_bytes(), bytes_on_disk(world));
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, from(written, first));
  }
}

// Given a write that fails, when a removal is queued behind it, then nothing is removed: what is on
// the disk is not known.
TEST(WalRemoval, NothingIsRemovedAfterAFailedWrite) {
  for (const bool on_sync : {false, true}) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    write_up_to(world, 4);
    const std::vector<std::uint32_t> segments = world.segments();
    on_sync ? world.disk.fail_sync(1) : world.disk.fail_write(1);
    world.append("bad");
    world.wal->commit(true);
    world.wal->remove_segments_before(4);
    world.executor->run_ready();
    EXPECT_EQ(world.failures.size(), 1U);
    EXPECT_EQ(world.segments(), segments);
  }
}

// Given a disk that does not remove, when a removal is asked for, then it is logged and the log
// goes on; the next call removes what was left, from the front.
TEST(WalRemoval, WhatCannotBeRemovedIsTriedAgain) {
  std::vector<std::string> lines;
  io::set_log_sink([&](io::Level, std::string_view line) { lines.emplace_back(line); });
  for (const std::uint32_t removable : {0U, 1U, 2U}) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    write_up_to(world, 5);
    lines.clear();
    world.files.halt_after(removable);
    world.remove_before(4);
    world.files.run();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("may still be there"), std::string::npos) << lines[0];
    EXPECT_EQ(world.segments().front(), 1 + removable);
    EXPECT_EQ(world.wal->first_lsn(), first_lsn_in(world, 1 + removable));
    world.write("goes on");
    EXPECT_TRUE(world.failures.empty());
    EXPECT_EQ(world.durable, world.locations.size());
    world.remove_before(4);
    EXPECT_EQ(world.segments().front(), 4U);
    EXPECT_EQ(lines.size(), 1U);
  }
  io::set_log_sink({});
}

// Given a log of many segments, when power fails before each single change of a removal, then what
// was to stay is recovered, whatever came back before it, and the removal can be done again.
TEST(WalRemoval, SurvivesAPowerFailureAtEveryChange) {
  io::set_log_sink([](io::Level, std::string_view) {});
  for (const Durability durability : {Durability::always, Durability::os}) {
    for (std::uint64_t changes = 0; changes < 16; ++changes) {
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        LogWorld world;
        world.options.durability = durability;
        ASSERT_TRUE(world.start().ok());
        const std::vector<std::string> written = write_up_to(world, 7);
        const Lsn first = first_lsn_in(world, 6);
        if (durability == Durability::os) {  // Else what is written need not be there at all.
          world.append("synced");
          world.wal->require_sync();
          world.wal->commit(true);
          world.executor->run_ready();
        }
        world.files.halt_after(changes);
        world.remove_before(6);
        base::Random random(seed);
        world.power_cut(random);
        const Status status = world.start();
        ASSERT_TRUE(status.ok()) << changes << ": " << status.message();
        ASSERT_LE(world.wal->first_lsn(), first);
        // Five names, one sync.
        ASSERT_TRUE(changes < 6 || world.wal->first_lsn() == first);
        std::vector<std::string> expected = from(written, world.wal->first_lsn());
        if (durability == Durability::os) expected.emplace_back("synced");
        ASSERT_EQ(world.recovered, expected);
        world.remove_before(6);
        ASSERT_EQ(world.segments().front(), 6U);
        ASSERT_EQ(world.wal->first_lsn(), first);
      }
    }
  }
  io::set_log_sink({});
}

// Given mode `os`, when segments are removed, then everything written is on stable storage before:
// a power failure takes none of it.
TEST(WalRemoval, SyncsEverythingFirstInModeOs) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    LogWorld world;
    world.options.durability = Durability::os;
    ASSERT_TRUE(world.start().ok());
    const std::vector<std::string> written = write_up_to(world, 5);
    world.remove_before(3 + seed % 3);
    base::Random random(seed);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, from(written, first_lsn_in(world, 3 + seed % 3)));
  }
  LogWorld world;
  world.options.durability = Durability::os;
  ASSERT_TRUE(world.start().ok());
  write_up_to(world, 5);
  world.disk.fail_sync(1);
  world.remove_before(4);
  EXPECT_EQ(world.failures.size(), 1U);
  EXPECT_EQ(world.segments().front(), 1U);
}

// Given mode `os`, a log that begins in the middle of what was never said to be synced, and a sync
// that failed, when it is recovered and closed, then all of it is really durable.
TEST(WalRemoval, AfterAFailedSyncInModeOsEverythingIsWrittenBack) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LogWorld world;
    world.options.durability = Durability::os;
    ASSERT_TRUE(world.start().ok());
    std::vector<std::string> written = write_up_to(world, 5);
    world.remove_before(5);
    const Lsn first = world.wal->first_lsn();
    for (int i = 0; i < 8; ++i) {
      written.push_back(payload_of(written.size() + 1));
      world.write(written.back());
    }
    written.emplace_back("boot");
    world.append(written.back());
    world.wal->require_sync();
    world.disk.fail_sync(1);
    world.wal->commit(true);
    world.executor->run_ready();
    ASSERT_EQ(world.failures.size(), 1U);
    world.kill();
    ASSERT_TRUE(world.start().ok());
    ASSERT_TRUE(world.wal->close().ok());
    base::Random random(seed);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, from(written, first));
  }
}

// Given a log whose first segments somebody removed, when it is recovered, then it begins where it
// does and says so: whoever needs more must know that. A gap is damage.
TEST(WalRemoval, AMissingBeginningIsReportedAndAGapRefused) {
  for (std::uint32_t gone = 1; gone <= 4; ++gone) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    const std::vector<std::string> written = write_up_to(world, 5);
    world.kill();
    ASSERT_TRUE(world.disk.remove(LogWorld::path(gone)).ok());
    if (gone == 1) {
      ASSERT_TRUE(world.start().ok());
      EXPECT_EQ(world.wal->recovery().first_lsn, first_lsn_in(world, 2));
      EXPECT_EQ(world.wal->recovery().first_segment, 2U);
    } else {
      expect_refusal(world.start(), segment_name(gone) + " is missing");
    }
  }
}

// Given a log that begins with segment 3, when its first record is damaged, torn or not there, in
// any bit, then it is refused: nothing says which record comes next.
TEST(WalRemoval, AFirstSegmentWithoutARecordIsRefused) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  write_up_to(world, 3);
  world.remove_before(3);
  world.kill();
  const std::uint64_t begin = segment_header_bytes;
  for (std::uint64_t bit = begin * 8; bit < (begin + record_header_bytes + 700) * 8; ++bit) {
    world.disk.flip_bit(LogWorld::path(3), bit);
    const Status status = world.start();
    ASSERT_EQ(status.code(), Code::corrupted) << bit;
    world.disk.flip_bit(LogWorld::path(3), bit);
  }
  world.overwrite(3, begin, std::string(2000, '\0'));
  expect_refusal(world.start(),
                 "wal-0000000003.log at offset 64: a record is missing, and wal-0000000002.log is "
                 "missing");
}

// Given mode `memory`, then there is nothing to remove.
TEST(WalRemoval, ModeMemoryHasNothingToRemove) {
  LogWorld world;
  world.options.durability = Durability::memory;
  ASSERT_TRUE(world.start().ok());
  world.append("one");
  world.wal->commit(true);
  world.remove_before(UINT32_MAX);
  EXPECT_EQ(world.wal->first_lsn(), 1U);
  EXPECT_EQ(world.wal->log_bytes(), 0U);
  EXPECT_EQ(world.files.changes(), 0U);
}

// Given the real disk and a segment that was read last, when it is removed, then no handle to it is
// left open, which would keep its bytes.
TEST(WalRemoval, KeepsNoHandleToWhatIsGone) {
  const std::string directory =
      ::testing::TempDir() + "rabia-wal-removal-test-" + std::to_string(::getpid());
  const auto files = io::make_real_file_system();
  ASSERT_TRUE(files->create_directories(directory).ok());
  {
    io::testing::ManualExecutor executor;
    const auto worker = executor.make_worker();
    Wal::Callbacks callbacks;
    callbacks.durable = [](Lsn) {};
    callbacks.failed = [](const Status& status) { FAIL() << status.message(); };
    auto wal = Wal::open(*files, directory, {Durability::always, 4096}, *worker, callbacks).take();
    const RecordLocation first = wal->append(payload_of(1, 3000)).location;
    for (std::uint64_t i = 2; i <= 5; ++i) wal->append(payload_of(i, 3000));
    wal->commit(true);
    executor.run_ready();
    bool was_read = false;
    wal->read({first}, [&](const Result<std::vector<std::string>>& read) { was_read = read.ok(); });
    executor.run_ready();
    EXPECT_TRUE(was_read);
    wal->remove_segments_before(3);
    executor.run_ready();
    EXPECT_EQ(wal->first_lsn(), 3U);
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;  // The handle by which this is read.
      const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
      EXPECT_FALSE(target.starts_with(directory) && target.ends_with("(deleted)")) << target;
    }
    EXPECT_TRUE(wal->close().ok());
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace rabia::storage
