// Snapshot files: what is written, what is read back, and what is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <stop_token>
#include <string>
#include <vector>

#include "base/hash.h"
#include "storage/testing/snapshot_world.h"

namespace rabia::storage {
namespace {

using testing::header_of;
using testing::read_snapshot;
using testing::read_state;
using testing::SnapshotWorld;
using testing::state_of;
using testing::write_snapshot;

constexpr std::uint64_t header_bytes = 64 + 4 + 14;  // Of header_of().

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

template <typename T>
void set_at(std::string& bytes, std::uint64_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

// Mends the checksum of the chunk that takes these bytes, so that what is wrong in it is all that
// is wrong.
void mend_chunk(std::string& file, std::uint64_t offset, std::uint64_t size) {
  const std::string_view chunk = std::string_view(file).substr(offset, size);
  const std::uint32_t crc = base::crc32c(chunk.substr(24), base::crc32c(chunk.substr(0, 20)));
  set_at(file, offset + 20, crc);
}

// Three chunks that shrink to a few bytes each.
std::string small_snapshot(SnapshotWorld& world) {
  const std::string state = std::string(snapshot_chunk_bytes * 2, 'x') + std::string(1000, 'y');
  EXPECT_TRUE(write_snapshot(world.files, header_of(7), state, 3).ok());
  return world.content(SnapshotWorld::path(7));
}

// Where each chunk of a file begins, and the end.
std::vector<std::uint64_t> chunk_offsets(std::string_view file) {
  std::vector<std::uint64_t> offsets{header_bytes};
  while (offsets.back() < file.size() - snapshot_end_bytes) {
    const auto header = decode_chunk_header(file.substr(offsets.back(), chunk_header_bytes));
    offsets.push_back(offsets.back() + chunk_header_bytes + header->stored_bytes);
  }
  return offsets;
}

// Opens the snapshot and reads it, by verify() or by read(): the first error.
Status open_and_check(SnapshotWorld& world, std::uint64_t round, bool by_read) {
  auto file = SnapshotFile::open(world.files, SnapshotWorld::path(round));
  if (!file.ok()) return file.status();
  return by_read ? read_state(*file.value()).status() : file.value()->verify();
}

void expect_refusal(SnapshotWorld& world, std::uint64_t round, const std::string& text) {
  for (const bool by_read : {false, true}) {
    const Status status = open_and_check(world, round, by_read);
    EXPECT_EQ(status.code(), Code::corrupted) << status.message();
    EXPECT_NE(status.message().find(SnapshotWorld::path(round) + ": " + text), std::string::npos)
        << status.message();
    EXPECT_NE(status.message().find(advice_on_damaged_snapshot), std::string::npos);
  }
}

// Given docs/formats/snapshot.md, when a snapshot is written without compression, then the file has
// these bytes, for ever.
TEST(Snapshot, GoldenBytes) {
  SnapshotWorld world;
  const Result<SnapshotId> id = write_snapshot(world.files, header_of(7), "the state", 0);
  ASSERT_TRUE(id.ok()) << id.status().message();
  const std::string bytes = world.content("data/snapshots/snapshot-00000000000000000007.snap");
  EXPECT_EQ(to_hex(bytes),
            "5241424941534e5002000000040000000e000000b92acffd0300000000000000070000000000"
            "00000e000000000000001500000000000000000000001b3ec85273686f70636f6e6669677572"
            "6174696f6e730100000000000000090000000900000001000000afe0ccab7468652073746174"
            "655241424941454e4401000000000000000900000000000000d3874ea74c5edfdb1ab53c80");
  EXPECT_EQ(id.value(), (SnapshotId{7, bytes.size(), 0xdbdf5e4ca74e87d3}));
}

// Given a file that zstd 1.5.4 packed, when any version reads it, then the state comes back.
TEST(Snapshot, ReadsAGoldenPackedFile) {
  SnapshotWorld world;
  world.put(SnapshotWorld::path(7),
            from_hex("5241424941534e5002000000040000000e000000b92acffd0300000000000000070000000000"
                     "00000e000000000000001500000000000000000000001b3ec85273686f70636f6e6669677572"
                     "6174696f6e7301000000000000002f01000016000000020000006c1e842728b52ffd602f0065"
                     "0000287a7a656e640100272ac0025241424941454e4401000000000000002f01000000000000"
                     "38ade8fdb612d6cc9e3c1fad"));
  const Result<std::string> state = read_snapshot(world.files, SnapshotWorld::path(7));
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ(state.value(), std::string(300, 'z') + "end");
}

// Given states of sizes around those of chunks, and levels, when they are written and read, then
// header, state and id come back, and verify() agrees.
TEST(Snapshot, ReadsBackWhatWasWritten) {
  const std::size_t chunk = snapshot_chunk_bytes;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 77}) {
    for (const int level : {0, 1, 3, 19}) {
      SnapshotWorld world;
      const std::string state = state_of(size, size);
      const Result<SnapshotId> id = write_snapshot(world.files, header_of(9), state, level);
      ASSERT_TRUE(id.ok()) << id.status().message();
      auto file = SnapshotFile::open(world.files, SnapshotWorld::path(9));
      ASSERT_TRUE(file.ok()) << file.status().message();
      EXPECT_EQ(file.value()->header(), header_of(9));
      EXPECT_EQ(file.value()->id(), id.value());
      EXPECT_EQ(file.value()->state_bytes(), size);
      EXPECT_TRUE(file.value()->verify().ok());
      const Result<std::string> read = read_state(*file.value());
      ASSERT_TRUE(read.ok()) << read.status().message();
      EXPECT_TRUE(read.value() == state) << size << " " << level;
    }
  }
}

// Given a state of 10 MB, when it is written and read, then it comes back, and is smaller on the
// disk when packed.
TEST(Snapshot, TenMegabytesComeBack) {
  const std::string state = state_of(1, 10U << 20);
  std::vector<std::uint64_t> sizes;
  for (const int level : {0, 3}) {
    SnapshotWorld world;
    const Result<SnapshotId> id = write_snapshot(world.files, header_of(1), state, level, 9);
    ASSERT_TRUE(id.ok());
    sizes.push_back(id.value().bytes);
    const Result<std::string> read = read_snapshot(world.files, SnapshotWorld::path(1));
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_TRUE(read.value() == state);
  }
  EXPECT_LT(sizes[1], sizes[0] / 2);
}

// Given one state and level, when it is written in any pieces, on any disk, then the file has the
// same bytes.
TEST(Snapshot, EqualInputsGiveEqualBytesWhateverThePieces) {
  const std::string state = state_of(5, snapshot_chunk_bytes * 2 + 4321);
  for (const int level : {0, 3}) {
    std::string first;
    SnapshotId first_id;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      SnapshotWorld world;
      const Result<SnapshotId> id = write_snapshot(world.files, header_of(4), state, level, seed);
      ASSERT_TRUE(id.ok());
      const std::string bytes = world.content(SnapshotWorld::path(4));
      EXPECT_EQ(id.value().bytes, bytes.size());
      if (seed == 1) {
        first = bytes;
        first_id = id.value();
      }
      ASSERT_TRUE(bytes == first) << level << " " << seed;
      ASSERT_EQ(id.value(), first_id);
    }
  }
}

// Given a state that does not shrink, when it is written at any level, then it is stored as it is.
TEST(Snapshot, StoresWhatDoesNotShrink) {
  base::Random random(1);
  std::string state(snapshot_chunk_bytes + 100, '\0');
  for (char& byte : state) byte = static_cast<char>(random.next());
  SnapshotWorld world;
  ASSERT_TRUE(write_snapshot(world.files, header_of(1), state, 0).ok());
  ASSERT_TRUE(write_snapshot(world.files, header_of(2), state, 3).ok());
  const std::string plain = world.content(SnapshotWorld::path(1));
  const std::string packed = world.content(SnapshotWorld::path(2));
  EXPECT_EQ(plain.size(), header_bytes + 2 * chunk_header_bytes + state.size() + 36);
  EXPECT_TRUE(plain.substr(header_bytes, state.size()) ==
              packed.substr(header_bytes, state.size()));
}

// Given a small snapshot, stored or packed, when any one bit of it is flipped, then it is refused,
// and the message names the header, the right chunk, or the end.
TEST(Snapshot, EveryFlippedBitIsRefusedWithItsPlace) {
  for (const bool packed : {false, true}) {
    SnapshotWorld world;
    if (packed) {
      small_snapshot(world);
    } else {
      ASSERT_TRUE(write_snapshot(world.files, header_of(7), "a small state", 0).ok());
    }
    const std::string path = SnapshotWorld::path(7);
    const std::vector<std::uint64_t> offsets = chunk_offsets(world.content(path));
    ASSERT_EQ(offsets.size(), packed ? 4U : 2U);
    for (std::uint64_t bit = 0; bit < world.content(path).size() * 8; ++bit) {
      const std::uint64_t byte = bit / 8;
      std::size_t chunk = 0;
      while (chunk < offsets.size() && offsets[chunk] <= byte) ++chunk;
      std::string place = "chunk " + std::to_string(chunk) + " at offset ";
      if (chunk == 0) place = "header: ";
      if (chunk == offsets.size()) place = "end at offset ";
      world.disk.flip_bit(path, bit);
      expect_refusal(world, 7, place);
      world.disk.flip_bit(path, bit);
      if (HasFailure()) FAIL() << "bit " << bit;
    }
    EXPECT_TRUE(open_and_check(world, 7, true).ok());
  }
}

// Given a snapshot, when it is cut short anywhere, then it is refused.
TEST(Snapshot, EveryTruncationIsRefused) {
  SnapshotWorld world;
  const std::string whole = small_snapshot(world);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    world.put(SnapshotWorld::path(7), whole.substr(0, size));
    expect_refusal(world, 7, size < header_bytes ? "header: the file is trunc" : "end");
  }
}

// Given random bytes behind a right header, or none, when they are read, then they are refused.
TEST(Snapshot, GarbageIsRefused) {
  SnapshotWorld world;
  const std::string whole = small_snapshot(world);
  base::Random random(1);
  for (int run = 0; run < 300; ++run) {
    std::string bytes(random.below(3000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    if (random.chance(70)) bytes.insert(0, whole.substr(0, header_bytes));
    if (random.chance(50)) bytes += whole.substr(whole.size() - snapshot_end_bytes);
    world.put(SnapshotWorld::path(7), bytes);
    for (const bool by_read : {false, true}) {
      EXPECT_EQ(open_and_check(world, 7, by_read).code(), Code::corrupted);
    }
  }
}

// Given whole chunks that were exchanged, left out, doubled, or are those of another snapshot, when
// it is read, then it is refused: each chunk alone is right.
TEST(Snapshot, ChunksOutOfTheirPlaceAreRefused) {
  SnapshotWorld world;
  const std::string whole = small_snapshot(world);
  const std::vector<std::uint64_t> at = chunk_offsets(whole);
  const auto part = [&](std::size_t i) { return whole.substr(at[i], at[i + 1] - at[i]); };
  const std::string front = whole.substr(0, at[0]);
  const std::string end = whole.substr(at[3]);
  const auto expect = [&](const std::string& bytes, const std::string& text) {
    world.put(SnapshotWorld::path(7), bytes);
    expect_refusal(world, 7, text);
  };
  expect(front + part(1) + part(0) + part(2) + end, "chunk 1 at offset 82: chunk 2 lies where");
  expect(front + part(0) + part(2) + end, "chunk 2 at offset");
  expect(front + part(0) + part(0) + part(1) + part(2) + end, "chunk 2 at offset");
  expect(front + part(0) + part(1) + end, "end at offset");
  expect(front + end, "end at offset");
  const std::string other(snapshot_chunk_bytes * 2 + 1000, 'z');
  ASSERT_TRUE(write_snapshot(world.files, header_of(8), other, 3).ok());
  const std::string of_other = world.content(SnapshotWorld::path(8));
  const std::vector<std::uint64_t> other_at = chunk_offsets(of_other);
  const std::string alien = of_other.substr(other_at[1], other_at[2] - other_at[1]);
  expect(front + part(0) + alien + part(2) + end, "end at offset");
}

// Given chunks that lie about themselves with right checksums, when they are read, then they are
// refused, and nothing is unpacked beyond the size of a chunk.
TEST(Snapshot, ChunksThatLieAreRefused) {
  SnapshotWorld world;
  const std::string whole = small_snapshot(world);
  const std::vector<std::uint64_t> at = chunk_offsets(whole);
  const auto expect = [&](std::uint64_t offset, auto value, const std::string& text) {
    std::string bytes = whole;
    set_at(bytes, at[1] + offset, value);
    mend_chunk(bytes, at[1], at[2] - at[1]);
    world.put(SnapshotWorld::path(7), bytes);
    expect_refusal(world, 7, "chunk 2 at offset " + std::to_string(at[1]) + ": " + text);
  };
  expect(8, std::uint32_t{snapshot_chunk_bytes - 1}, "too little state in it");
  expect(8, std::uint32_t{snapshot_chunk_bytes + 1}, "bad chunk header");
  expect(8, std::uint32_t{0}, "bad chunk header");
  expect(12, std::uint32_t{0}, "bad chunk header");
  expect(12, std::uint32_t{snapshot_chunk_bytes}, "bad chunk header");
  expect(12, std::uint32_t{100000}, "it reaches beyond");
  expect(16, std::uint8_t{1}, "bad chunk header");
  expect(16, std::uint8_t{3}, "bad chunk header");
  expect(17, std::uint8_t{1}, "bad chunk header");
  expect(24, std::uint32_t{0}, "it cannot be unpacked");
  expect(24, std::uint32_t{0x184d2a50}, "it cannot be unpacked");  // A frame to be skipped.
}

// Given a file under the name of another round, when it is opened, then it is refused.
TEST(Snapshot, TheNameSaysTheRound) {
  SnapshotWorld world;
  small_snapshot(world);
  ASSERT_TRUE(world.disk.rename(SnapshotWorld::path(7), SnapshotWorld::path(8)).ok());
  expect_refusal(world, 8, "header: it is that of the snapshot of round 7");
}

// Given a snapshot of a later format, when it is opened, then the refusal says so and does not
// speak of damage.
TEST(Snapshot, ALaterFormatIsRefusedAsSuch) {
  SnapshotWorld world;
  std::string bytes = small_snapshot(world);
  set_at(bytes, 8, std::uint32_t{3});
  set_at(bytes, 60, base::crc32c(std::string_view(bytes).substr(0, 60)));
  world.put(SnapshotWorld::path(7), bytes);
  const Status status = open_and_check(world, 7, false);
  EXPECT_EQ(status.code(), Code::failed_precondition);
  EXPECT_NE(status.message().find("format 3"), std::string::npos) << status.message();
}

// A header or level out of its range is refused, and leaves no file.
TEST(Snapshot, RefusesWhatIsOutOfRange) {
  SnapshotWorld world;
  SnapshotHeader header = header_of(1);
  header.cluster_id.assign(snapshot_cluster_id_bytes_max, 'c');
  header.extra.assign(snapshot_extra_bytes_max, 'e');
  EXPECT_TRUE(write_snapshot(world.files, header, "state", 0).ok());
  EXPECT_EQ(read_snapshot(world.files, SnapshotWorld::path(1)).value(), "state");
  header.extra += 'e';
  EXPECT_EQ(write_snapshot(world.files, header, "", 0).status().code(), Code::invalid_argument);
  header = header_of(2);
  header.cluster_id.assign(snapshot_cluster_id_bytes_max + 1, 'c');
  EXPECT_EQ(write_snapshot(world.files, header, "", 0).status().code(), Code::invalid_argument);
  for (const int level : {-1, 20}) {
    const auto refused = write_snapshot(world.files, header_of(2), "", level);
    EXPECT_EQ(refused.status().code(), Code::invalid_argument);
  }
  EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(1)});
}

// Given an open snapshot, when its raw bytes are read in parts, in any order, and it is verified in
// between, even after its name is gone, then read() goes on and all bytes are those of the file.
TEST(Snapshot, GivesItsBytesInParts) {
  SnapshotWorld world;
  const std::string state = state_of(3, 600000);
  const SnapshotId id = write_snapshot(world.files, header_of(7), state, 3).value();
  const std::string whole = world.content(SnapshotWorld::path(7));
  auto file = SnapshotFile::open(world.files, SnapshotWorld::path(7)).take();
  ASSERT_TRUE(world.directory().value().remove(7).ok());
  std::string read;
  std::string raw;
  std::string part;
  ASSERT_TRUE(file->read(part).value());
  read += part;
  while (raw.size() < id.bytes) {
    ASSERT_TRUE(file->read_raw(raw.size(), 77777, part).ok());
    raw += part;
  }
  EXPECT_TRUE(raw == whole);
  EXPECT_TRUE(file->verify().ok());
  EXPECT_TRUE((read += read_state(*file).value()) == state);
  EXPECT_FALSE(file->read(part).value());
}

// Given a large snapshot, when it is asked to stop while it is verified, then it ends within a
// chunk, and can be verified another time.
TEST(Snapshot, VerifyingCanBeStopped) {
  SnapshotWorld world;
  ASSERT_TRUE(write_snapshot(world.files, header_of(7), state_of(3, 5000000), 0).ok());
  auto file = SnapshotFile::open(world.files, SnapshotWorld::path(7)).take();
  for (const int before : {0, 1, 10, 20}) {
    std::stop_source stop;
    int reads = 0;
    world.files.on_access([&] {
      if (++reads > before) stop.request_stop();
    });
    EXPECT_EQ(file->verify(stop.get_token()).code(), Code::unavailable);
    EXPECT_LE(reads, before + 3);
  }
  world.files.on_access({});
  EXPECT_TRUE(file->verify().ok());
}

// Given snapshots and other files, when the directory is opened, listed and cleaned, then leftovers
// go, and only what was asked for.
TEST(SnapshotDirectory, ListsAndRemoves) {
  SnapshotWorld world;
  EXPECT_TRUE(world.directory().value().list().value().empty());
  for (const std::uint64_t round : {20U, 3U, 100U, 7U}) {
    ASSERT_TRUE(write_snapshot(world.files, header_of(round), "state", 0).ok());
  }
  const std::string part = incoming_snapshot_name({200, 1000, 0xabc});
  EXPECT_EQ(part, "snapshot-00000000000000000200-00000000000000001000-0000000000000abc.part");
  for (const std::string& name : {unfinished_snapshot_name(300), part, std::string("notes"),
                                  std::string("snapshot-7.snap"), std::string("snapshot-.new")}) {
    world.put(SnapshotWorld::path(name), "x");
  }
  SnapshotDirectory directory = world.directory().take();
  EXPECT_EQ(world.names().size(), 4U + 4U);
  EXPECT_FALSE(world.disk.exists(SnapshotWorld::path(unfinished_snapshot_name(300))).value());
  EXPECT_EQ(directory.list().value(), (std::vector<std::uint64_t>{3, 7, 20, 100}));
  EXPECT_EQ(directory.path_of(7), SnapshotWorld::path(7));
  EXPECT_TRUE(directory.remove(20).ok());
  EXPECT_EQ(directory.remove(20).code(), Code::not_found);
  EXPECT_EQ(directory.list().value(), (std::vector<std::uint64_t>{3, 7, 100}));
  EXPECT_TRUE(directory.remove_incoming().ok());
  EXPECT_FALSE(world.disk.exists(SnapshotWorld::path(part)).value());
  for (const std::uint64_t round : {3U, 7U, 100U}) EXPECT_TRUE(directory.remove(round).ok());
  EXPECT_EQ(world.names(), (std::vector<std::string>{"notes", "snapshot-.new", "snapshot-7.snap"}));
}

// Given a writer that was left in the middle, when the next one is created, then it takes its place
// and nothing remains of it.
TEST(SnapshotWriter, ALaterOneRemovesWhatWasLeft) {
  SnapshotWorld world;
  auto writer = SnapshotWriter::create(world.files, testing::snapshots, header_of(5)).take();
  ASSERT_TRUE(writer->add(std::string(600000, 'x')).ok());
  writer.reset();
  EXPECT_EQ(world.names(), std::vector<std::string>{unfinished_snapshot_name(5)});
  ASSERT_TRUE(write_snapshot(world.files, header_of(6), "state", 3).ok());
  EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(6)});
}

// Given a disk with too little room, when a snapshot is written, then it fails as `exhausted`,
// again at every further call, gives back its room, and the older one is untouched.
TEST(SnapshotWriter, GivesBackItsRoomWhenTheDiskIsFull) {
  SnapshotWorld world;
  ASSERT_TRUE(write_snapshot(world.files, header_of(5), "old", 0).ok());
  const std::uint64_t used = world.disk.used_bytes();
  for (const std::uint64_t room : {0U, 50U, 1000U, 300000U}) {
    world.disk.set_capacity(used + room);
    auto writer =
        SnapshotWriter::create(world.files, testing::snapshots, header_of(6), {.zstd_level = 0});
    if (room < header_bytes) {
      EXPECT_EQ(writer.status().code(), Code::exhausted);
    } else {
      EXPECT_EQ(writer.value()->add(std::string(900000, 'x')).code(), Code::exhausted);
      EXPECT_EQ(writer.value()->add("more").code(), Code::exhausted);
      EXPECT_EQ(writer.value()->finish().status().code(), Code::exhausted);
    }
    EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(5)});
    EXPECT_EQ(world.disk.used_bytes(), used);
  }
}

// Given a snapshot that is half written, when it is given up, then its room is given back and all
// further calls say why; one that was finished stays.
TEST(SnapshotWriter, OneThatIsGivenUpGivesBackItsRoom) {
  SnapshotWorld world;
  const Status why(Code::exhausted, "the log needs the room");
  auto finished = SnapshotWriter::create(world.files, testing::snapshots, header_of(5)).take();
  ASSERT_TRUE(finished->add("old").ok());
  ASSERT_TRUE(finished->finish().ok());
  const std::uint64_t used = world.disk.used_bytes();
  auto writer =
      SnapshotWriter::create(world.files, testing::snapshots, header_of(6), {.zstd_level = 0})
          .take();
  ASSERT_TRUE(writer->add(std::string(900000, 'x')).ok());
  ASSERT_GT(world.disk.used_bytes(), used);
  writer->abandon(why);
  finished->abandon(why);
  EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(5)});
  EXPECT_EQ(world.disk.used_bytes(), used);
  EXPECT_EQ(writer->add("more").code(), Code::exhausted);
  EXPECT_NE(writer->finish().status().message().find(why.message()), std::string::npos);
}

// Given a sync of the file that fails, any of them, when a snapshot is written, then it never gets
// its name; given one of the directory, then finish() fails.
TEST(SnapshotWriter, AFailedSyncIsNeverFollowedByARename) {
  const std::string state(20U << 20, 'x');
  for (std::uint64_t nth = 1; nth <= 5; ++nth) {
    SnapshotWorld world;
    world.disk.fail_sync(nth);
    const Result<SnapshotId> id = write_snapshot(world.files, header_of(6), state, 0, 3);
    EXPECT_EQ(id.ok(), nth == 5) << nth;  // Two on the way, one at the end, one of the directory.
    const bool renamed = world.disk.exists(SnapshotWorld::path(6)).value();
    EXPECT_EQ(renamed, nth >= 4) << nth;
  }
}

// Given a snapshot, when its chunks are written as they are under another header, then the file is
// what the same state under that header gives.
TEST(Snapshot, ItsChunksCanBePutUnderAnotherHeader) {
  SnapshotWorld world;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, snapshot_chunk_bytes * 3 + 5}) {
    const std::string state = state_of(size, size);
    ASSERT_TRUE(write_snapshot(world.files, header_of(7), state, 3).ok());
    SnapshotHeader header = header_of(9);
    header.extra = "something longer than it was";
    ASSERT_TRUE(write_snapshot(world.files, header, state, 3).ok());
    const std::string expected = world.content(SnapshotWorld::path(9));
    auto file = SnapshotFile::open(world.files, SnapshotWorld::path(7));
    auto writer = SnapshotWriter::create(world.files, testing::snapshots, header);
    ASSERT_TRUE(file.ok() && writer.ok());
    std::string chunk;
    while (file.value()->read_packed(chunk).value()) {
      ASSERT_TRUE(writer.value()->add_packed(chunk).ok());
    }
    ASSERT_TRUE(writer.value()->finish().ok());
    EXPECT_EQ(world.content(SnapshotWorld::path(9)), expected);
    EXPECT_EQ(read_snapshot(world.files, SnapshotWorld::path(9)).value(), state);
  }
}

// Given a damaged chunk, when chunks are read as they are, then it is refused as it is otherwise.
TEST(Snapshot, ADamagedChunkIsNotGivenAsItIs) {
  SnapshotWorld world;
  const std::string file = small_snapshot(world);
  world.disk.flip_bit(SnapshotWorld::path(7), chunk_offsets(file)[1] * 8 + 300);
  auto opened = SnapshotFile::open(world.files, SnapshotWorld::path(7));
  ASSERT_TRUE(opened.ok());
  std::string chunk;
  ASSERT_TRUE(opened.value()->read_packed(chunk).value());
  EXPECT_EQ(opened.value()->read_packed(chunk).status().code(), Code::corrupted);
  EXPECT_TRUE(chunk.empty());
}

}  // namespace
}  // namespace rabia::storage
