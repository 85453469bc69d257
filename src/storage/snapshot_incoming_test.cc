// Snapshots that a peer sends in parts.
#include "storage/snapshot_incoming.h"

#include <gtest/gtest.h>

#include <stop_token>
#include <string>
#include <vector>

#include "storage/testing/snapshot_world.h"

namespace rabia::storage {
namespace {

using testing::finish;
using testing::header_of;
using testing::read_snapshot;
using testing::snapshots;
using testing::SnapshotWorld;
using testing::state_of;
using testing::write_snapshot;

// What a peer has: some chunks of it are stored, others packed.
struct Peer {
  explicit Peer(std::uint64_t round, std::size_t size = 1100000) : state(state_of(round, size)) {
    SnapshotWorld world;
    id = write_snapshot(world.files, header_of(round), state, 3).value();
    bytes = world.content(SnapshotWorld::path(round));
  }
  [[nodiscard]] std::string_view part(std::uint64_t offset, std::size_t size) const {
    return std::string_view(bytes).substr(offset, size);
  }

  std::string state;
  SnapshotId id;
  std::string bytes;
};

// Receives parts of this size until so many bytes are there, or all.
void receive(IncomingSnapshot& incoming, const Peer& peer, std::size_t part_bytes,
             std::uint64_t until = UINT64_MAX) {
  while (incoming.offset() < std::min<std::uint64_t>(until, peer.bytes.size())) {
    const std::uint64_t offset = incoming.offset();
    const Result<bool> added = incoming.add(offset, peer.part(offset, part_bytes));
    ASSERT_TRUE(added.ok()) << added.status().message();
    ASSERT_TRUE(added.value());
  }
}

std::unique_ptr<IncomingSnapshot> begin(SnapshotWorld& world, const SnapshotId& id) {
  auto incoming = IncomingSnapshot::begin(world.files, snapshots, id);
  EXPECT_TRUE(incoming.ok()) << incoming.status().message();
  return incoming.take();
}

void expect_ok(const Status& status) {
  EXPECT_TRUE(status.ok()) << status.message();
}

// Given a peer's snapshot, when it comes in parts of any size, then it is there under its name,
// byte by byte, and durable; before that no file has its name.
TEST(IncomingSnapshot, TakesAPeersFileInParts) {
  const Peer peer(7);
  for (const std::size_t part_bytes : {1000U, 65536U, 262144U, 10000000U}) {
    SnapshotWorld world;
    auto incoming = begin(world, peer.id);
    EXPECT_EQ(incoming->id(), peer.id);
    receive(*incoming, peer, part_bytes);
    EXPECT_EQ(world.names(), std::vector<std::string>{incoming_snapshot_name(peer.id)});
    const Status finished = finish(*incoming);
    ASSERT_TRUE(finished.ok()) << finished.message();
    EXPECT_EQ(finish(*incoming).code(), Code::failed_precondition);
    base::Random random(part_bytes);
    world.power_cut(random);
    EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(7)});
    EXPECT_TRUE(world.content(SnapshotWorld::path(7)) == peer.bytes);
    EXPECT_TRUE(read_snapshot(world.files, SnapshotWorld::path(7)).value() == peer.state);
  }
}

// Given parts that come twice, too early, or are too long, when they are added, then nothing
// changes; given too few, then it cannot be read, and it goes on.
TEST(IncomingSnapshot, TakesOnlyTheNextPart) {
  const Peer peer(7);
  SnapshotWorld world;
  auto incoming = begin(world, peer.id);
  receive(*incoming, peer, 1000, 5000);
  EXPECT_FALSE(incoming->add(4000, peer.part(4000, 1000)).value());
  EXPECT_FALSE(incoming->add(6000, peer.part(6000, 1000)).value());
  EXPECT_EQ(incoming->add(5000, peer.bytes).status().code(), Code::invalid_argument);
  EXPECT_EQ(incoming->offset(), 5000U);
  EXPECT_EQ(finish(*incoming).code(), Code::failed_precondition);
  receive(*incoming, peer, 100000);
  EXPECT_TRUE(finish(*incoming).ok());
}

// Given a process that dies when some of the snapshot has come, when it begins again, then it goes
// on behind the last chunk that is whole, or, when all had come, at the end.
TEST(IncomingSnapshot, GoesOnAfterARestart) {
  const Peer peer(7);
  for (std::uint64_t until = 0; until <= peer.bytes.size() + 50000; until += 50000) {
    SnapshotWorld world;
    auto incoming = begin(world, peer.id);
    receive(*incoming, peer, 5000, until);
    const std::uint64_t had = incoming->offset();
    world.disk.kill_process();
    ASSERT_TRUE(world.directory().ok());
    incoming = begin(world, peer.id);
    EXPECT_LE(incoming->offset(), had);
    EXPECT_LE(had - incoming->offset(), snapshot_chunk_bytes + chunk_header_bytes);
    EXPECT_TRUE(had < peer.bytes.size() || incoming->offset() == had);
    receive(*incoming, peer, 70000);
    ASSERT_TRUE(finish(*incoming).ok());
    EXPECT_TRUE(world.content(SnapshotWorld::path(7)) == peer.bytes);
  }
}

// Given a part that has a wrong bit, or holes, from an earlier life, when it begins again, then
// what is behind the damage comes again, and what came is whole.
TEST(IncomingSnapshot, FetchesAgainWhatWasDamagedOnTheDisk) {
  const Peer peer(7);
  const std::string path = SnapshotWorld::path(incoming_snapshot_name(peer.id));
  for (std::uint64_t byte = 0; byte < peer.bytes.size(); byte += 4999) {
    SnapshotWorld world;
    world.put(path, peer.bytes);
    world.disk.flip_bit(path, byte * 8 + byte % 8);
    auto incoming = begin(world, peer.id);
    EXPECT_LE(incoming->offset(), byte);
    receive(*incoming, peer, 100000);
    ASSERT_TRUE(finish(*incoming).ok());
    EXPECT_TRUE(world.content(SnapshotWorld::path(7)) == peer.bytes);
  }
}

// Given much of a snapshot from an earlier life, when it is asked to stop while it goes through
// that, then it ends within a chunk, and the next one goes on with as much as there was.
TEST(IncomingSnapshot, StopsWhileItGoesThroughWhatIsThere) {
  const Peer peer(7, 5000000);
  for (const int before : {0, 1, 2, 3, 10, 20, 40}) {
    SnapshotWorld world;
    world.put(SnapshotWorld::path(incoming_snapshot_name(peer.id)), peer.bytes);
    std::stop_source stop;
    int accesses = 0;
    world.files.on_access([&] {
      if (++accesses > before) stop.request_stop();
    });
    const auto stopped = IncomingSnapshot::begin(world.files, snapshots, peer.id, stop.get_token());
    EXPECT_EQ(stopped.status().code(), Code::unavailable);
    EXPECT_LE(accesses, before + 5);
    world.files.on_access({});
    auto incoming = begin(world, peer.id);
    EXPECT_EQ(incoming->offset(), peer.bytes.size());
    EXPECT_TRUE(finish(*incoming).ok());
  }
}

// Given garbage, an empty file, or more bytes than there can be, under the name of the part, when
// it begins, then it begins at the start.
TEST(IncomingSnapshot, BeginsAnewOverGarbage) {
  const Peer peer(7, 1000);
  const std::string path = SnapshotWorld::path(incoming_snapshot_name(peer.id));
  for (const std::string& bytes :
       {std::string(), std::string(100000, 'x'), std::string(50, '\0')}) {
    SnapshotWorld world;
    world.put(path, bytes);
    auto incoming = begin(world, peer.id);
    EXPECT_EQ(incoming->offset(), 0U);
    EXPECT_TRUE(world.content(path).empty());
    receive(*incoming, peer, 100);
    EXPECT_TRUE(finish(*incoming).ok());
  }
  SnapshotWorld world;
  world.put(path, peer.bytes + "more");
  auto incoming = begin(world, peer.id);
  EXPECT_EQ(incoming->offset(), peer.bytes.size());
  EXPECT_TRUE(finish(*incoming).ok());
  EXPECT_TRUE(world.content(SnapshotWorld::path(7)) == peer.bytes);
}

// Given a part of one snapshot, when another one is begun, of the same round or not, then the old
// part is removed.
TEST(IncomingSnapshot, AnotherSnapshotTakesThePlace) {
  const Peer peer(7);
  SnapshotWorld world;
  receive(*begin(world, peer.id), peer, 100000, 300000);
  for (const SnapshotId other : {SnapshotId{7, peer.id.bytes, peer.id.checksum + 1},
                                 SnapshotId{7, peer.id.bytes + 1, peer.id.checksum},
                                 SnapshotId{8, peer.id.bytes, peer.id.checksum}}) {
    EXPECT_EQ(begin(world, other)->offset(), 0U);
    EXPECT_EQ(world.names(), std::vector<std::string>{incoming_snapshot_name(other)});
  }
  for (const std::uint64_t bytes : {0U, 99U}) {
    const auto refused = IncomingSnapshot::begin(world.files, snapshots, {7, bytes, 0});
    EXPECT_EQ(refused.status().code(), Code::invalid_argument);
  }
}

// Given a bit that was changed on the way, or a file that is another snapshot than its id says,
// when all has come, then it is refused as damaged, what came is removed, and no snapshot appears.
TEST(IncomingSnapshot, WhatIsNotTheSnapshotIsRemoved) {
  const Peer peer(7, 1000);
  for (std::uint64_t bit = 0; bit < peer.bytes.size() * 8; ++bit) {
    SnapshotWorld world;
    Peer liar = peer;
    liar.bytes[bit / 8] = static_cast<char>(liar.bytes[bit / 8] ^ (1 << (bit % 8)));
    auto incoming = begin(world, peer.id);
    receive(*incoming, liar, 10000);
    const Status status = finish(*incoming);
    ASSERT_EQ(status.code(), Code::corrupted) << bit;
    ASSERT_NE(status.message().find("fetch it again"), std::string::npos) << status.message();
    ASSERT_TRUE(world.names().empty());
    ASSERT_FALSE(incoming->add(incoming->offset(), "x").ok());
  }
  for (const SnapshotId lie : {SnapshotId{8, peer.id.bytes, peer.id.checksum},
                               SnapshotId{7, peer.id.bytes, peer.id.checksum + 1}}) {
    SnapshotWorld world;
    auto incoming = begin(world, lie);
    receive(*incoming, peer, 10000);
    const Status status = finish(*incoming);
    EXPECT_EQ(status.code(), Code::corrupted);
    EXPECT_NE(status.message().find("those of another snapshot"), std::string::npos);
    EXPECT_TRUE(world.names().empty());
  }
}

// Given a whole snapshot, when it is to get its name before all of it was read, then it does not;
// afterwards it does, once.
TEST(IncomingSnapshot, HasNoNameBeforeAllOfItWasRead) {
  const Peer peer(7);
  SnapshotWorld world;
  auto incoming = begin(world, peer.id);
  std::string state;
  std::string chunk;
  EXPECT_EQ(incoming->read(chunk).status().code(), Code::failed_precondition);
  receive(*incoming, peer, 100000);
  EXPECT_EQ(incoming->publish().code(), Code::failed_precondition);
  ASSERT_TRUE(incoming->begin_reading().ok());
  EXPECT_EQ(incoming->header(), header_of(7));
  EXPECT_EQ(incoming->begin_reading().code(), Code::failed_precondition);
  EXPECT_EQ(incoming->add(incoming->offset(), "x").status().code(), Code::failed_precondition);
  for (bool more = true; more;) {
    EXPECT_EQ(incoming->publish().code(), Code::failed_precondition);
    EXPECT_EQ(world.names(), std::vector<std::string>{incoming_snapshot_name(peer.id)});
    const Result<bool> read = incoming->read(chunk);
    ASSERT_TRUE(read.ok()) << read.status().message();
    state += chunk;
    more = read.value();
  }
  EXPECT_TRUE(state == peer.state);
  EXPECT_TRUE(incoming->publish().ok());
  EXPECT_EQ(incoming->publish().code(), Code::failed_precondition);
  EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(7)});
}

// Given a snapshot that has come, in part, wholly, or with its name, when nobody wants it, then
// nothing of it is there after a power cut, others stay, and it cannot be gone on with.
TEST(IncomingSnapshot, WhatNobodyWantsIsRemoved) {
  const Peer peer(7);
  for (const int stage : {0, 1, 2, 3}) {
    SnapshotWorld world;
    ASSERT_TRUE(write_snapshot(world.files, header_of(5), "old", 0).ok());
    auto incoming = begin(world, peer.id);
    receive(*incoming, peer, 100000, stage == 0 ? 300000 : UINT64_MAX);
    if (stage == 2) expect_ok(incoming->begin_reading());
    if (stage == 3) expect_ok(finish(*incoming));
    const Status removed = incoming->remove();
    EXPECT_TRUE(removed.ok()) << removed.message();
    EXPECT_EQ(incoming->publish().code(), Code::failed_precondition);
    base::Random random(static_cast<std::uint64_t>(stage));
    world.power_cut(random);
    EXPECT_EQ(world.names(), std::vector<std::string>{snapshot_name(5)});
  }
}

// Given a disk that is full, when parts come, then add() says so, again and again; when there is
// room, another begin() goes on.
TEST(IncomingSnapshot, GoesOnWhenThereIsRoomAgain) {
  const Peer peer(7);
  SnapshotWorld world;
  world.disk.set_capacity(200000);
  auto incoming = begin(world, peer.id);
  Result<bool> added(true);
  while (added.ok()) {
    added = incoming->add(incoming->offset(), peer.part(incoming->offset(), 10000));
  }
  EXPECT_EQ(added.status().code(), Code::exhausted);
  EXPECT_EQ(finish(*incoming).code(), Code::exhausted);
  world.disk.set_capacity(UINT64_MAX);
  incoming = begin(world, peer.id);
  EXPECT_GT(incoming->offset(), 0U);
  receive(*incoming, peer, 10000);
  EXPECT_TRUE(finish(*incoming).ok());
}

}  // namespace
}  // namespace rabia::storage
