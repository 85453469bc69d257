#include "storage/wal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "io/real_runtime.h"
#include "storage/testing/log_world.h"

namespace rabia::storage {
namespace {

using testing::LogWorld;

std::string payload_of(std::uint64_t number, std::size_t size) {
  std::string payload = "record " + std::to_string(number) + " ";
  payload.resize(std::max(size, payload.size()), static_cast<char>('a' + number % 26));
  return payload;
}

// Given records in several groups, when the process dies, then the next life recovers all of them,
// in order, with the same locations.
TEST(Wal, RecoversWhatWasWrittenInOrder) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  EXPECT_TRUE(world.wal->empty());
  std::vector<std::string> written;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    written.push_back(payload_of(i, i * 7 % 300));
    EXPECT_EQ(world.write(written.back()).lsn, i);
    EXPECT_EQ(world.durable, i);
  }
  const std::vector<RecordLocation> locations = world.locations;
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_FALSE(world.wal->empty());
  EXPECT_EQ(world.recovered, written);
  EXPECT_EQ(world.wal->recovery().records, 100U);
  EXPECT_EQ(world.wal->recovery().torn_bytes_cut, 0U);
  for (std::size_t i = 0; i < locations.size(); ++i) {
    EXPECT_EQ(world.locations[i].segment, locations[i].segment);
    EXPECT_EQ(world.locations[i].offset, locations[i].offset);
    EXPECT_EQ(world.locations[i].size, locations[i].size);
  }
}

// Given a busy worker, when many records are appended and committed meanwhile, then they are
// written with one write and one sync, and reported once.
TEST(Wal, CommitsInGroups) {
  LogWorld world;
  world.options.segment_bytes = 1U << 20;
  ASSERT_TRUE(world.start().ok());
  const std::uint64_t writes = world.disk.writes();
  const std::uint64_t syncs = world.disk.syncs();
  world.append("first");
  world.wal->commit(true);
  for (int i = 0; i < 50; ++i) {
    world.append("in the second group");
    world.wal->commit(true);
  }
  world.executor->run_ready();
  EXPECT_EQ(world.durable, 51U);
  EXPECT_EQ(world.durable_calls, 2U);
  EXPECT_EQ(world.disk.writes() - writes, 2U);
  EXPECT_EQ(world.disk.syncs() - syncs, 2U);
}

// Given records for which nobody waits, when they are committed, then they lie until somebody
// waits, until flush_lazy(), or until they are many.
TEST(Wal, LetsLieWhatNobodyWaitsFor) {
  LogWorld world;
  world.options.segment_bytes = 1U << 20;
  ASSERT_TRUE(world.start().ok());
  world.append("lazy");
  world.wal->commit(false);
  world.executor->run_ready();
  EXPECT_EQ(world.durable, 0U);
  world.wal->flush_lazy();
  world.executor->run_ready();
  EXPECT_EQ(world.durable, 1U);
  world.append("lazy");
  world.write("not lazy");
  EXPECT_EQ(world.durable, 3U);
  world.append(std::string(300000, 'x'));
  world.wal->commit(false);
  world.executor->run_ready();
  EXPECT_EQ(world.durable, 4U);
}

// Given records that are appended while others are written, when nobody waits for the new ones,
// then the end of the write does not write them.
TEST(Wal, DoesNotWriteTheLazyBehindTheUrgent) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.append("urgent");
  world.wal->commit(true);
  world.append("lazy");
  world.wal->commit(false);
  world.executor->run_ready();
  EXPECT_EQ(world.durable, 1U);
}

// Given small segments, when more is written than one holds, in single records and in large groups,
// then the log goes on in the next ones, and everything is recovered and read.
TEST(Wal, RollsOverToTheNextSegment) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  std::vector<std::string> written;
  for (std::uint64_t i = 1; i <= 400; ++i) {
    written.push_back(payload_of(i, i * 31 % 900));
    world.append(written.back());
    if (i % 37 != 0 && i != 400) continue;  // Groups of several segments.
    world.wal->commit(true);
    world.executor->run_ready();
    EXPECT_EQ(world.durable, i);
  }
  EXPECT_GT(world.locations.back().segment, 20U);
  for (std::size_t i = 0; i < written.size(); ++i) {
    const Result<std::string> read = world.read(world.locations[i]);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read.value(), written[i]);
  }
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
}

// Given a record larger than a segment, when it is written, then it has a segment of its own, also
// when a smaller one had been prepared; the log goes on behind it.
TEST(Wal, GivesAHugeRecordItsOwnSegment) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  std::vector<std::string> written;
  for (int round = 0; round < 3; ++round) {
    written.push_back(payload_of(1, 2500));  // The next segment is prepared after this.
    world.write(written.back());
    written.push_back(payload_of(2, 102250));
    const Wal::Appended huge = world.write(written.back());
    written.push_back(payload_of(3, 600));
    const Wal::Appended next = world.write(written.back());
    EXPECT_EQ(next.location.segment, huge.location.segment + 1);
    EXPECT_EQ(world.read(huge.location).value(), payload_of(2, 102250));
    EXPECT_EQ(world.durable, written.size());
  }
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
}

// Given records that are gathered, being written, and written, when each is read, then its payload
// comes back, never from inside the call.
TEST(Wal, ReadsWhatIsNotYetWritten) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  const auto written = world.write("written").location;
  const auto being_written = world.append("being written").location;
  world.wal->commit(true);
  const auto gathered = world.append("gathered").location;
  std::vector<std::string> answers;
  world.wal->read({gathered, being_written, written}, [&](Result<std::vector<std::string>> read) {
    ASSERT_TRUE(read.ok());
    answers = read.take();
  });
  EXPECT_TRUE(answers.empty());
  world.executor->run_ready();
  EXPECT_EQ(answers, (std::vector<std::string>{"gathered", "being written", "written"}));
}

// Given a record that has changed on the disk, when it is read, then the answer is `corrupted` and
// names the place; so for a location at which there is none.
TEST(Wal, ReadChecksWhatItReads) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  const RecordLocation location = world.write("some payload").location;
  RecordLocation wrong = location;
  wrong.size -= 1;
  EXPECT_EQ(world.read(wrong).status().code(), Code::corrupted);
  wrong = location;
  wrong.offset = 1U << 20;
  EXPECT_EQ(world.read(wrong).status().code(), Code::corrupted);
  world.disk.flip_bit(LogWorld::path(1), (location.offset + 35) * 8);
  const Result<std::string> read = world.read(location);
  EXPECT_EQ(read.status().code(), Code::corrupted);
  EXPECT_NE(read.status().message().find("wal-0000000001.log at offset 64"), std::string::npos);
}

// Given an error on the write, or on the sync, of a group, then `failed` is called once, the group
// is never reported durable, and nothing is written any more.
TEST(Wal, StopsAtTheFirstError) {
  for (const bool on_sync : {false, true}) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    world.write("good");
    on_sync ? world.disk.fail_sync(1) : world.disk.fail_write(1);
    world.write("bad");
    EXPECT_EQ(world.durable, 1U);
    ASSERT_EQ(world.failures.size(), 1U);
    EXPECT_EQ(world.failures[0].code(), Code::io_error);
    const std::uint64_t writes = world.disk.writes();
    const std::uint64_t syncs = world.disk.syncs();
    world.write("too late");
    EXPECT_FALSE(world.wal->close().ok());
    EXPECT_EQ(world.failures.size(), 1U);
    EXPECT_EQ(world.durable, 1U);
    EXPECT_EQ(world.disk.writes(), writes);
    EXPECT_EQ(world.disk.syncs(), syncs);
  }
}

// Given a full disk, when the next segment cannot be made, then the log fails with the reason, and
// what was reported durable is recovered when there is room again.
TEST(Wal, StopsWhenTheDiskIsFull) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.disk.set_capacity(3 * 4096 + 100);
  Lsn durable = 0;
  for (int i = 0; i < 100 && world.failures.empty(); ++i) {
    world.write(payload_of(1, 500));
    durable = world.durable;
  }
  ASSERT_EQ(world.failures.size(), 1U);
  EXPECT_EQ(world.failures[0].code(), Code::exhausted);
  EXPECT_GT(durable, 8U);
  world.kill();
  world.disk.set_capacity(UINT64_MAX);
  ASSERT_TRUE(world.start().ok());
  EXPECT_GE(world.recovered.size(), durable);
  world.write("goes on");
  EXPECT_EQ(world.durable, world.recovered.size() + 1);
}

// Given a log that may not prepare ahead, when its segment fills up, then it takes no more room on
// the disk until a record needs the next segment, and loses nothing; allowed again, it prepares.
TEST(Wal, WithoutPreparingAheadItTakesRoomOnlyForItsRecords) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.wal->set_prepare_ahead(false);
  std::vector<std::string> written;
  RecordLocation last;
  while (last.segment < 2 || last.offset < 3000) {  // Well into the second half of the second.
    written.push_back(payload_of(written.size() + 1, 300));
    last = world.write(written.back()).location;
    EXPECT_EQ(world.durable, written.size());
    EXPECT_EQ(world.disk.used_bytes(), last.segment * world.options.segment_bytes);
  }
  world.wal->set_prepare_ahead(true);
  world.executor->run_ready();
  EXPECT_EQ(world.segments(), (std::vector<std::uint32_t>{1, 2, 3}));
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
}

// Given the second half of a segment being filled by commits, when the next one is prepared, then
// between two commits at most one chunk is written, and it is ready before it is needed.
TEST(Wal, PreparesTheNextSegmentInChunksBetweenCommits) {
  LogWorld world;
  world.options.segment_bytes = 16U << 20;
  ASSERT_TRUE(world.start().ok());
  const std::string payload(64U << 10, 'x');
  bool prepared = false;
  std::uint64_t chunks = 0;
  while (true) {
    prepared = world.disk.exists(LogWorld::path(2)).value();
    const std::uint64_t syncs = world.disk.syncs();
    const std::uint64_t calls = world.durable_calls;
    world.append(payload);
    world.wal->commit(true);
    while (world.durable_calls == calls) ASSERT_TRUE(world.executor->step());
    const std::uint64_t own_syncs = world.locations.back().segment == 1 ? 1 : 2;  // And the seal's.
    const std::uint64_t chunks_meanwhile = world.disk.syncs() - syncs - own_syncs;
    EXPECT_LE(chunks_meanwhile, 1U);
    chunks += chunks_meanwhile;
    if (world.locations.back().segment == 2) break;
    // Nor does it run far ahead of its need.
    const std::uint64_t half = 8U << 20;
    const std::uint64_t end = world.locations.back().offset + payload.size();
    EXPECT_LE(chunks, end < half ? 0 : 2 + 4 * (end - half) / prepare_chunk_bytes);
  }
  EXPECT_TRUE(prepared);
  EXPECT_GT(chunks, 0U);
}

// Given records gathered, being written, and larger than any segment left, when the log is closed,
// then all of them are durable, even if the worker never ran.
TEST(Wal, CloseMakesEverythingDurable) {
  for (const Durability durability : {Durability::always, Durability::os}) {
    LogWorld world;
    world.options.durability = durability;
    ASSERT_TRUE(world.start().ok());
    std::vector<std::string> written;
    for (std::uint64_t i = 1; i <= 40; ++i) {
      written.push_back(payload_of(i, i == 20 ? 9000 : 700));
      world.append(written.back());
      if (i == 3) world.wal->commit(true);
      if (i == 10) world.executor->run_ready();
    }
    const Status closed = world.wal->close();
    ASSERT_TRUE(closed.ok()) << closed.message();
    base::Random random(1);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, written);
  }
}

// Given mode `os`, when a record is appended that needs stable storage, then it and all before it
// survive a power failure once they are durable (protocol.md, section 10: Boot).
TEST(Wal, ARecordThatNeedsStableStorageGetsItInModeOs) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LogWorld world;
    world.options.durability = Durability::os;
    ASSERT_TRUE(world.start().ok());
    world.write("before");
    world.append("boot");
    world.wal->require_sync();
    world.wal->commit(true);
    world.executor->run_ready();
    ASSERT_EQ(world.durable, 2U);
    base::Random random(seed);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, (std::vector<std::string>{"before", "boot"}));
  }
}

// Given a log that was closed, when it is opened and closed again without a write, then it does not
// grow.
TEST(Wal, AnIdleLifeLeavesNoTrace) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.write("one");
  ASSERT_TRUE(world.wal->close().ok());
  const std::string before = world.content(1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.start().ok());
    ASSERT_TRUE(world.wal->close().ok());
  }
  EXPECT_EQ(world.content(1), before);
}

// Given work queued at the worker, when the log is destroyed without close(), then none of it is
// done any more: the directory may be another's by then.
TEST(Wal, ADestroyedLogWritesNothing) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.append("queued");
  world.wal->commit(true);
  const std::uint64_t writes = world.disk.writes();
  world.wal.reset();
  world.executor->run_ready();
  EXPECT_EQ(world.disk.writes(), writes);
  EXPECT_EQ(world.durable, 0U);
}

// Given mode `os`, when groups are committed, then they are written without a sync, and survive the
// death of the process.
TEST(Wal, ModeOsWritesWithoutSync) {
  LogWorld world;
  world.options.durability = Durability::os;
  ASSERT_TRUE(world.start().ok());
  const std::uint64_t syncs = world.disk.syncs();
  std::vector<std::string> written;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    written.push_back(payload_of(i, 100));
    world.write(written.back());
  }
  EXPECT_EQ(world.durable, 5U);
  EXPECT_EQ(world.disk.syncs(), syncs);
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
}

// Given mode `memory`, when records are committed, then they are reported before the call returns,
// and no file is touched.
TEST(Wal, ModeMemoryTouchesNoFile) {
  LogWorld world;
  world.options.durability = Durability::memory;
  ASSERT_TRUE(world.start().ok());
  EXPECT_TRUE(world.wal->empty());
  world.append("one");
  world.append("two");
  EXPECT_FALSE(world.wal->empty());
  world.wal->commit(true);
  EXPECT_EQ(world.durable, 2U);
  EXPECT_TRUE(world.wal->close().ok());
  EXPECT_EQ(world.files.changes(), 0U);
  EXPECT_TRUE(world.disk.list(testing::directory).value().empty());
}

// Given another segment size than before, when the log goes on, then old segments are read as they
// are.
TEST(Wal, TheSegmentSizeMayChange) {
  LogWorld world;
  std::vector<std::string> written;
  for (const std::uint64_t size : {8192U, 4096U, 65536U, 5000U}) {
    world.options.segment_bytes = size;
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, written);
    for (std::uint64_t i = 0; i < 30; ++i) {
      written.push_back(payload_of(i, 900));
      world.write(written.back());
    }
    world.kill();
  }
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
}

// A segment too small for anything, or too large to be recovered in memory, is refused.
TEST(Wal, RefusesAnAbsurdSegmentSize) {
  LogWorld world;
  for (const std::uint64_t size : {0ULL, 100ULL, 1ULL << 40}) {
    world.options.segment_bytes = size;
    EXPECT_EQ(world.start().code(), Code::invalid_argument);
  }
}

// Given a callback that appends and commits, when it is called, then the log goes on.
TEST(Wal, TheDurableCallbackMayAppend) {
  io::testing::MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("data").ok());
  io::testing::ManualExecutor executor;
  const auto worker = executor.make_worker();
  std::unique_ptr<Wal> wal;
  Lsn durable = 0;
  Wal::Callbacks callbacks;
  callbacks.recovered = [](const Wal::Recovered&) { return Status(); };
  callbacks.durable = [&](Lsn lsn) {
    EXPECT_GT(lsn, durable);
    durable = lsn;
    if (lsn >= 100) return;
    wal->append("again");
    wal->commit(true);
  };
  wal = Wal::open(files, "data", {Durability::always, 4096}, *worker, std::move(callbacks)).take();
  wal->append("first");
  wal->commit(true);
  executor.run_ready();
  EXPECT_EQ(durable, 100U);
}

// Given the real disk and a real thread, when groups are written from the core thread while the
// worker writes, then all of them become durable, and close() waits for the thread.
TEST(Wal, WorksOnARealDiskWithARealThread) {
  const std::string directory =
      ::testing::TempDir() + "rabia-wal-test-" + std::to_string(::getpid());
  const auto files = io::make_real_file_system();
  ASSERT_TRUE(files->create_directories(directory).ok());
  std::vector<std::string> recovered;
  Wal::Callbacks callbacks;
  callbacks.recovered = [&](const Wal::Recovered& record) {
    recovered.emplace_back(record.payload);
    return Status();
  };
  {
    io::RealRuntime runtime;
    const auto worker = runtime.make_worker();
    std::unique_ptr<Wal> wal;
    callbacks.durable = [&](Lsn lsn) {
      if (lsn >= 200) runtime.stop();
      for (Lsn i = lsn; i < lsn + 3; ++i) wal->append(payload_of(i, 500));
      wal->commit(true);
    };
    callbacks.failed = [](const Status& status) { FAIL() << status.message(); };
    wal = Wal::open(*files, directory, {Durability::always, 8192}, *worker, callbacks).take();
    wal->append("first");
    wal->commit(true);
    runtime.run();
    const Status closed = wal->close();
    EXPECT_TRUE(closed.ok()) << closed.message();
  }
  io::RealRuntime runtime;
  const auto worker = runtime.make_worker();
  auto wal = Wal::open(*files, directory, {Durability::always, 8192}, *worker, callbacks);
  ASSERT_TRUE(wal.ok()) << wal.status().message();
  EXPECT_GE(recovered.size(), 200U);
  EXPECT_EQ(recovered.front(), "first");
  for (const std::string& name : files->list(directory).take()) {
    EXPECT_TRUE(files->remove(io::join_path(directory, name)).ok());
  }
  EXPECT_TRUE(files->remove(directory).ok());
}

}  // namespace
}  // namespace rabia::storage
