// What recovery accepts, cuts and refuses.
#include "storage/recovery.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "storage/damage.h"
#include "storage/record.h"
#include "storage/testing/log_world.h"

namespace rabia::storage {
namespace {

using testing::LogWorld;

// No zero byte, and none after one flipped bit.
std::string dense_payload(std::uint64_t number, std::size_t size) {
  return std::string(size, static_cast<char>('A' + number % 26));
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

// Twelve records in groups of one to three, in two segments and the beginning of a third.
// Everything is durable.
std::vector<std::string> write_small_log(LogWorld& world) {
  EXPECT_TRUE(world.start().ok());
  std::vector<std::string> written;
  for (std::uint64_t i = 1; i <= 12; ++i) {
    written.push_back(dense_payload(i, i * 137 % 1400));
    world.append(written.back());
    if (i % 3 == 1) continue;
    world.wal->commit(true);
    world.executor->run_ready();
  }
  EXPECT_EQ(world.durable, 12U);
  EXPECT_EQ(world.locations.back().segment, 3U);
  world.kill();
  return written;
}

// Appends a group whose write happens and whose sync does not, and kills the process.
void write_without_sync(LogWorld& world, const std::vector<std::string>& payloads) {
  for (const std::string& payload : payloads) world.append(payload);
  world.files.halt_after(1);
  world.wal->commit(true);
  world.executor->run_ready();
  EXPECT_EQ(world.failures.size(), 1U);
  world.kill();
  world.files.run();
}

// What a client may write to deceive: headers that would prove, at each of the 8 alignments, that
// the log had been durable far beyond its end.
std::string false_proofs(std::uint64_t salt) {
  constexpr Lsn far = 1U << 30;
  std::string header;
  append_record(salt, {.lsn = far, .group_first = far}, "", header);
  std::string value;
  for (std::size_t alignment = 0; alignment < record_alignment; ++alignment) {
    value += 'x';
    for (int i = 0; i < 32; ++i) value += header;
  }
  return value;
}

// Recovers a log after the power failed between the write and the sync of `payload`, its second
// record.
Status start_after_torn_write(LogWorld& world, const std::string& payload, std::uint64_t seed) {
  write_without_sync(world, {payload});
  base::Random random(seed);
  world.power_cut(random);
  return world.start();
}

void expect_refusal(const Status& status, const std::string& text) {
  EXPECT_EQ(status.code(), Code::corrupted) << status.message();
  EXPECT_NE(status.message().find(text), std::string::npos) << status.message();
  EXPECT_NE(status.message().find(advice_on_damage), std::string::npos);
}

// Given docs/formats/wal.md, when a log is written and closed, then its segment has these bytes,
// for ever.
TEST(Recovery, GoldenSegment) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.append("a");
  world.write("bc");
  world.write("");
  ASSERT_TRUE(world.wal->close().ok());
  const std::string bytes = world.content(1);
  ASSERT_EQ(bytes.size(), 4096U);
  const std::size_t end = 64 + 40 + 40 + 40 + 40;
  EXPECT_EQ(to_hex(std::string_view(bytes).substr(0, end)),
            "524142494157414c01000000010000000010000000000000efcdab89674523010000000000000000"
            "0000000000000000000000000000000000000000083e01dd0306f4c8490000c13043d0c1010000c0"
            "01000000000000c001000000000000c061ffffffffffffff038e769c240000c1ac022e24020000c0"
            "02000000000000c001000000000000c06263ffffffffffff034519d8c20000c100000000000000c0"
            "03000000000000c003000000000000c0ffffffffffffffff05f271342f0000c100000000000000c0"
            "04000000000000c004000000000000c0ffffffffffffffff");
  EXPECT_TRUE(all_zero(std::string_view(bytes).substr(end)));
}

// Given a log of which everything is durable, when any one byte of any segment is changed by one
// bit, then recovery refuses and changes nothing, or finds every record.
TEST(Recovery, AFlippedBitNeverLosesARecord) {
  std::uint64_t refused = 0;
  for (std::uint32_t segment = 1; segment <= 3; ++segment) {
    for (std::uint64_t byte = 0; byte < 4096; ++byte) {
      LogWorld world;
      const std::vector<std::string> written = write_small_log(world);
      world.disk.flip_bit(LogWorld::path(segment), byte * 8 + (byte + segment) % 8);
      const std::string damaged = world.content(segment);
      const Status status = world.start();
      if (status.ok()) {
        ASSERT_EQ(world.recovered, written) << segment << " " << byte;
        continue;
      }
      ++refused;
      ASSERT_EQ(status.code(), Code::corrupted);
      ASSERT_NE(status.message().find("wal-"), std::string::npos) << status.message();
      ASSERT_EQ(world.content(segment), damaged);
    }
  }
  EXPECT_GT(refused, 6000U);  // All that is not padding or unused.
}

// Given a log of which everything is durable, when any segment is cut short anywhere, then recovery
// refuses.
TEST(Recovery, ATruncatedSegmentIsRefused) {
  LogWorld world;
  write_small_log(world);
  for (const std::uint32_t segment : {3U, 2U, 1U}) {
    for (std::uint64_t size = 4096; size-- > 0;) {
      world.disk.cut(LogWorld::path(segment), size);
      const Status status = world.start();
      ASSERT_EQ(status.code(), Code::corrupted) << segment << " " << size;
    }
    expect_refusal(world.start(), segment_name(segment) + " at offset 0: the file is truncated");
    world.overwrite(segment, 0, std::string(4096, '\0'));
  }
}

// Given a log in three segments, when any but the first is gone, then recovery refuses and names
// it: the last one too, since the one before is sealed. (The first may have been removed.)
TEST(Recovery, AMissingSegmentIsRefused) {
  for (std::uint32_t segment = 2; segment <= 3; ++segment) {
    LogWorld world;
    write_small_log(world);
    ASSERT_TRUE(world.disk.remove(LogWorld::path(segment)).ok());
    expect_refusal(world.start(), segment_name(segment) + " is missing");
  }
}

// Given segments that have changed places, when the log is recovered, then it is refused.
TEST(Recovery, ExchangedSegmentsAreRefused) {
  LogWorld world;
  write_small_log(world);
  ASSERT_TRUE(world.disk.rename(LogWorld::path(3), LogWorld::path(2)).ok());
  expect_refusal(world.start(), "wal-0000000002.log at offset 0");
}

// Given a sector of a group that had been durable, when it is lost (all zero), then recovery
// refuses, since the groups behind it prove that it was there.
TEST(Recovery, ALostSectorBeforeTheLastGroupIsRefused) {
  for (std::uint32_t segment = 1; segment <= 2; ++segment) {
    for (std::uint64_t sector = 0; sector < 7; ++sector) {
      LogWorld world;
      write_small_log(world);
      world.overwrite(segment, sector * sector_bytes, std::string(sector_bytes, '\0'));
      EXPECT_EQ(world.start().code(), Code::corrupted) << segment << " " << sector;
    }
  }
}

// Given a log that was closed, when the last group is lost, then recovery refuses: the mark behind
// it proves that it was durable.
TEST(Recovery, ALostLastGroupOfAClosedLogIsRefused) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.write("first");
  const RecordLocation last = world.write(dense_payload(1, 100)).location;
  ASSERT_TRUE(world.wal->close().ok());
  world.kill();
  world.overwrite(1, last.offset, std::string(record_bytes(100), '\0'));
  expect_refusal(world.start(), "wal-0000000001.log at offset " + std::to_string(last.offset));
}

// Given a group that was written and not synced, when one of its sectors is missing although later
// ones are there, then it is cut there, the records before it stay, and nothing of it remains.
TEST(Recovery, ATornGroupIsCut) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.write("durable");
  write_without_sync(world, {"kept", dense_payload(2, 1000), dense_payload(3, 1000)});
  world.overwrite(1, 2 * sector_bytes, std::string(sector_bytes, '\0'));
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, (std::vector<std::string>{"durable", "kept"}));
  const std::uint64_t end = 64 + 2 * 40;
  EXPECT_NE(world.wal->recovery().torn_at.find("wal-0000000001.log at offset 144"),
            std::string::npos);
  EXPECT_EQ(world.wal->recovery().torn_bytes_cut, 2 * record_bytes(1000));
  EXPECT_TRUE(all_zero(std::string_view(world.content(1)).substr(end)));
}

// Given the remains of a torn group that would fit exactly behind a new record, when the log was
// cut and goes on, then they never come back: not even when the first cut had failed to reach the
// disk.
TEST(Recovery, StaleBytesNeverComeBack) {
  for (const bool sync_fails : {false, true}) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    const std::size_t up_to_sector_end = 410;
    ASSERT_EQ(64 + record_bytes(up_to_sector_end), sector_bytes);
    write_without_sync(world, {dense_payload(1, up_to_sector_end), "stale"});
    world.overwrite(1, 64, std::string(100, '\0'));
    if (sync_fails) {
      world.disk.fail_sync(1);
      EXPECT_EQ(world.start().code(), Code::io_error);
      world.kill();
    }
    ASSERT_TRUE(world.start().ok());
    EXPECT_TRUE(world.recovered.empty());
    world.write(dense_payload(2, up_to_sector_end));
    base::Random random(3);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, std::vector<std::string>{dense_payload(2, up_to_sector_end)});
  }
}

// Given a right record that is not the next one, or not of this or a new group, when the log is
// recovered, then it is refused.
TEST(Recovery, ARecordOutOfItsPlaceIsRefused) {
  const RecordHeader wrong[] = {{RecordKind::data, 4, 4},
                                {RecordKind::data, 2, 2},
                                {RecordKind::data, 3, 1},
                                {RecordKind::seal, 4, 4}};
  for (const RecordHeader& header : wrong) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    world.write("one");
    world.write("two");
    world.kill();
    std::string bytes;
    append_record(world.salt(), header, "", bytes);
    world.overwrite(1, 64 + 2 * record_bytes(3), bytes);
    expect_refusal(world.start(), "lies where record 3 belongs");
  }
}

// Given a value full of what would be records of another log, when its write is torn, then it is
// cut like any other. Only who knows this log's salt can write a value that is taken for a proof.
TEST(Recovery, APayloadThatLooksLikeRecordsProvesNothing) {
  std::uint64_t cut = 0;
  std::uint64_t deceived = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    for (const bool knows_salt : {false, true}) {
      LogWorld world;
      world.options.segment_bytes = 64U << 10;
      ASSERT_TRUE(world.start().ok());
      world.write("durable");
      const std::uint64_t salt = knows_salt ? world.salt() : seed;
      const Status status = start_after_torn_write(world, false_proofs(salt), seed);
      if (knows_salt) {
        deceived += status.code() == Code::corrupted ? 1 : 0;
        continue;
      }
      ASSERT_TRUE(status.ok()) << seed << ": " << status.message();
      ASSERT_EQ(world.recovered.front(), "durable");
      cut += world.wal->recovery().torn_bytes_cut > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(cut, 50U);
  EXPECT_GT(deceived, 50U);
}

// Given a segment of which the header is right but for the salt, when the log is recovered, then it
// is refused, be the segment sealed, the last, or the spare.
TEST(Recovery, ASegmentOfAnotherLogIsRefused) {
  for (const std::uint32_t segment : {2U, 3U, 4U}) {
    LogWorld world;
    write_small_log(world);
    ASSERT_TRUE(world.start().ok());
    while (!world.disk.exists(LogWorld::path(4)).value()) world.write(dense_payload(1, 400));
    ASSERT_EQ(world.locations.back().segment, 3U);
    world.kill();
    world.overwrite(segment, 0, encode_segment_header({segment, 4096, world.salt() + 1}));
    expect_refusal(world.start(), segment_name(segment) + " at offset 0: the segment is that of");
  }
}

// Given a group whose sync failed but which the operating system still shows, when it is recovered,
// then it is really durable: a power failure does not take it any more.
TEST(Recovery, WhatIsRecoveredIsDurable) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LogWorld world;
    ASSERT_TRUE(world.start().ok());
    world.write("durable");
    world.disk.fail_sync(1);
    world.write(dense_payload(1, 1500));
    ASSERT_EQ(world.failures.size(), 1U);
    world.kill();
    ASSERT_TRUE(world.start().ok());
    ASSERT_EQ(world.recovered.size(), 2U);
    base::Random random(seed);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered.size(), 2U);
  }
}

// Given mode `os`, and a sync that failed after many groups, over more than one segment, when they
// are recovered and the log is closed, then all of them are really durable: the operating system
// held their pages for clean, and a sync alone would have left them out. (Seeds 11753 and 12562 of
// the simulator.)
TEST(Recovery, AfterAFailedSyncInModeOsEverythingIsWrittenBack) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LogWorld world;
    world.options.durability = Durability::os;
    ASSERT_TRUE(world.start().ok());
    std::vector<std::string> written;
    while (world.locations.empty() || world.locations.back().segment < 3) {
      written.push_back(dense_payload(static_cast<char>('a' + written.size() % 8), 700));
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
    ASSERT_EQ(world.recovered, written);
    ASSERT_TRUE(world.wal->close().ok());
    base::Random random(seed);
    world.power_cut(random);
    ASSERT_TRUE(world.start().ok());
    EXPECT_EQ(world.recovered, written);
  }
}

// Given a seal that did not reach the disk although the next segment is prepared, when the log is
// recovered, then it goes on in the old segment, and later in the prepared one.
TEST(Recovery, ATornSealIsCut) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  std::vector<std::string> written;
  for (int i = 0; i < 3; ++i) {
    written.push_back(dense_payload(1, 1100));
    world.write(written.back());
  }
  ASSERT_TRUE(world.disk.exists(LogWorld::path(2)).value());
  write_without_sync(world, {dense_payload(2, 1100)});  // The one write is that of the seal.
  const std::uint64_t seal = 64 + 3 * record_bytes(1100);
  ASSERT_FALSE(all_zero(std::string_view(world.content(1)).substr(seal)));
  world.overwrite(1, seal, std::string(20, '\0'));
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
  for (const std::size_t size : {200U, 1100U}) {
    written.push_back(dense_payload(3, size));
    world.write(written.back());
  }
  EXPECT_EQ(world.locations[3].segment, 1U);
  EXPECT_EQ(world.locations[4].segment, 2U);
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered, written);
}

// Given a seal that had been durable, when it is damaged, then recovery refuses: to go on in the
// old segment would lose the records of the next one.
TEST(Recovery, ALostSealBeforeRecordsIsRefused) {
  LogWorld world;
  write_small_log(world);
  const std::string first = world.content(1);
  const std::uint64_t end = first.find_last_not_of('\0') + 1;
  world.overwrite(1, end - record_bytes(0), std::string(record_bytes(0), '\0'));
  expect_refusal(world.start(), "was begun after this had been durable");
}

// Given a segment that was being prepared, when the process died, then its remains are removed; a
// prepared one is used.
TEST(Recovery, UnfinishedSegmentsAreRemoved) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.write("one");
  const std::string path = std::string(testing::directory) + "/" + unfinished_segment_name(2);
  auto file = world.disk.open(path, io::OpenMode::create_read_write);
  ASSERT_TRUE(file.value()->write_at(0, "half a header").ok());
  world.kill();
  ASSERT_TRUE(world.start().ok());
  EXPECT_EQ(world.recovered.size(), 1U);
  EXPECT_FALSE(world.disk.exists(path).value());
}

// Given a segment of a later format, when it is opened, then the refusal says so and does not speak
// of damage.
TEST(Recovery, ALaterFormatIsRefusedAsSuch) {
  LogWorld world;
  ASSERT_TRUE(world.start().ok());
  world.kill();
  std::string header = encode_segment_header({1, 4096, world.salt()});
  header[8] = 2;
  std::string checked = header.substr(0, 60);
  const std::uint32_t crc = base::crc32c(checked);
  checked.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  world.overwrite(1, 0, checked);
  const Status status = world.start();
  EXPECT_EQ(status.code(), Code::failed_precondition);
  EXPECT_NE(status.message().find("format 2"), std::string::npos) << status.message();
}

// Given a callback that fails, when the log is recovered, then recovery ends with its error.
TEST(Recovery, EndsWithTheErrorOfTheCallback) {
  LogWorld world;
  write_small_log(world);
  std::uint64_t calls = 0;
  const auto result = recover_log(world.disk, testing::directory, [&](const Wal::Recovered&) {
    return ++calls == 5 ? Status(Code::exhausted, "enough") : Status();
  });
  EXPECT_EQ(result.status().code(), Code::exhausted);
  EXPECT_EQ(calls, 5U);
}

// Given a torn log, when recovery is interrupted by a power failure before any of its changes and
// run again, then it gives the same records, and the log goes on.
TEST(Recovery, MayBeInterruptedAnywhere) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    for (std::uint64_t changes = 0; changes < 7; ++changes) {
      LogWorld world;
      std::vector<std::string> written = write_small_log(world);
      ASSERT_TRUE(world.start().ok());
      write_without_sync(world, {dense_payload(1, 300), dense_payload(2, 1200), "end"});
      written.push_back(dense_payload(1, 300));
      world.disk.sync_all();
      world.overwrite(3, world.locations[12].offset + 700, std::string(600, '\0'));
      world.files.halt_after(changes);
      const bool finished = world.start().ok();
      EXPECT_EQ(finished, changes >= 6) << changes;  // 2 writes, 4 syncs.
      base::Random random(seed);
      world.power_cut(random);
      const Status status = world.start();
      ASSERT_TRUE(status.ok()) << status.message();
      ASSERT_EQ(world.recovered, written);
      world.write("goes on");
      EXPECT_EQ(world.durable, written.size() + 1);
    }
  }
}

}  // namespace
}  // namespace rabia::storage
