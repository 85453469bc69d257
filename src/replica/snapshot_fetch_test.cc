// A peer's snapshot, taken part by part: from peers that die, lie, and have damaged disks.
#include "replica/snapshot_fetch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/log.h"
#include "replica/testing/snapshot_files.h"

namespace rabia::replica {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using storage::testing::SnapshotWorld;
using testing::file_of;
using testing::header_of;
using testing::LogMachine;
using testing::many_commands;
using testing::PeerFile;
using testing::state_after;
using Strings = std::vector<std::string>;

constexpr std::size_t part_bytes = 100000;

// A peer, and what it heard.
struct Peer {
  PeerFile file;
  std::uint64_t dies_after = UINT64_MAX;  // Says nothing more once it gave the part from there.
  bool dead = false;
  int begun = 0;  // Asked for the first byte.
  int asked = 0;
  int complaints = 0;
};

// One replica that takes snapshots. Every 10 ms its peers say what they have, and answer.
class FetchWorld {
 public:
  explicit FetchWorld(SnapshotFetchOptions options = {}) {
    io::set_log_sink([this](io::Level, std::string_view line) { log_.emplace_back(line); });
    machine.apply({}, "old", nullptr);
    SnapshotFetch::Callbacks callbacks{
        .send = [this](ReplicaId to, const consensus::Message& message) { heard(to, message); },
        .loaded = [this](const storage::SnapshotHeader& header) { loaded.push_back(header.round); },
        .wanted =
            [this](const storage::SnapshotHeader& header) {
              names_when_asked.push_back(disk.names());
              return header.incarnation == 3 && wanted_times-- > 0;
            },
        .fits = [](std::uint64_t) { return true; },
        .schedule = [] {}};
    fetch = std::make_unique<SnapshotFetch>(machine, disk.files, storage::testing::snapshots, jobs,
                                            options, std::move(callbacks));
  }
  ~FetchWorld() { io::set_log_sink({}); }
  FetchWorld(const FetchWorld&) = delete;
  FetchWorld& operator=(const FetchWorld&) = delete;

  void run_for(base::Duration duration) {
    const base::Instant end = executor.now() + duration;
    while (executor.now() < end) {
      for (const auto& [id, peer] : peers) offer({id}, peer);
      for (const auto& [id, ask] : std::exchange(asks_, {})) answer(id, ask);
      executor.run_for(milliseconds(10));
      fetch->tick(executor.now());
    }
  }
  [[nodiscard]] std::ptrdiff_t logged(std::string_view text) const {
    return std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }
  void expect_nothing_changed() {
    EXPECT_TRUE(loaded.empty());
    EXPECT_EQ(machine.commands(), Strings{"old"});
    EXPECT_TRUE(disk.names().empty());
    EXPECT_FALSE(fetch->busy());
  }
  void expect_loaded(std::uint64_t round) {
    EXPECT_EQ(loaded, std::vector<std::uint64_t>{round});
    EXPECT_EQ(machine.commands(), many_commands());
    EXPECT_EQ(disk.names(), Strings{storage::snapshot_name(round)});
  }

  io::testing::ManualExecutor executor;
  std::unique_ptr<io::Worker> worker = executor.make_worker(std::chrono::microseconds(100));
  SnapshotWorld disk;
  LogMachine machine;
  Jobs jobs{*worker};
  std::map<std::uint16_t, Peer> peers;
  int wanted_times = INT_MAX;
  std::vector<std::uint64_t> loaded;
  std::vector<Strings> names_when_asked;  // What lay there when it was asked what is wanted.
  std::unique_ptr<SnapshotFetch> fetch;

 private:
  void offer(ReplicaId id, const Peer& peer) {
    const bool has_it = !loaded.empty() && loaded.back() >= peer.file.name.round.value;
    if (!peer.dead && !has_it) fetch->offered(id, peer.file.name, executor.now());
  }
  void heard(ReplicaId to, const consensus::Message& message) {
    const auto& ask = std::get<consensus::message::SnapshotAsk>(message);
    Peer& peer = peers.at(to.value);
    if (ask.offset == ask.snapshot.bytes) {
      ++peer.complaints;
      return;
    }
    ++peer.asked;
    peer.begun += ask.offset == 0 ? 1 : 0;
    asks_.emplace_back(to, ask);
  }
  void answer(ReplicaId id, const consensus::message::SnapshotAsk& ask) {
    Peer& peer = peers.at(id.value);
    if (peer.dead) return;
    const bool has_it = peer.file.name == ask.snapshot;
    std::string bytes = has_it ? peer.file.bytes.substr(ask.offset, part_bytes) : "";
    fetch->received(id, {ask.snapshot, ask.offset, base::SharedBytes(std::move(bytes))},
                    executor.now());
    peer.dead = ask.offset >= peer.dies_after;
  }

  std::vector<std::pair<ReplicaId, consensus::message::SnapshotAsk>> asks_;
  Strings log_;
};

PeerFile good_file() {
  return file_of(header_of(7), state_after(many_commands()));
}

PeerFile damaged_at(std::uint64_t byte) {
  PeerFile file = good_file();
  file.bytes[byte] = static_cast<char>(file.bytes[byte] ^ 1);
  return file;
}

// Given a peer with a snapshot, when it offers it, then it becomes the state; it has its name
// before that, and not before the machine has loaded it aside.
TEST(SnapshotFetch, APeersSnapshotBecomesTheState) {
  FetchWorld world;
  world.peers[2] = {.file = good_file()};
  const std::string part = storage::incoming_snapshot_name(id_of(world.peers[2].file.name));
  world.run_for(seconds(2));
  world.expect_loaded(7);
  EXPECT_EQ(world.names_when_asked, (std::vector<Strings>{{part}, {storage::snapshot_name(7)}}));
  EXPECT_EQ(world.peers[2].begun, 1);
  EXPECT_EQ(world.peers[2].complaints, 0);
}

// Given a giver whose file has a wrong bit, anywhere, when all of it has come, then nothing of it
// is used or left, the giver is told and avoided, which is logged; and another peer's is taken.
TEST(SnapshotFetch, ADamagedOneIsTakenFromSomebodyElse) {
  const std::uint64_t size = good_file().bytes.size();
  for (const std::uint64_t byte :
       {std::uint64_t{3}, std::uint64_t{65}, size / 3, size / 2, size - 100, size - 10}) {
    SCOPED_TRACE(byte);
    FetchWorld world;
    world.peers[2] = {.file = damaged_at(byte)};
    world.run_for(seconds(2));
    world.expect_nothing_changed();
    EXPECT_EQ(world.logged("is refused, and removed here\" peer=2 round=7"), 1);
    EXPECT_EQ(world.peers[2].complaints, 1);
    world.peers[3] = {.file = good_file()};
    world.run_for(seconds(2));
    world.expect_loaded(7);
    EXPECT_EQ(world.peers[2].begun, 1);
  }
}

// Given a giver whose file was damaged, when a minute has passed, then it is asked once more, and
// when the file was mended, that is taken; another snapshot of it is taken before.
TEST(SnapshotFetch, AGiverIsAvoidedForThatSnapshotAndForAWhile) {
  FetchWorld world;
  world.peers[2] = {.file = damaged_at(300000)};
  world.run_for(seconds(59));
  EXPECT_EQ(world.peers[2].begun, 1);
  world.run_for(seconds(5));
  EXPECT_EQ(world.peers[2].begun, 2);
  world.expect_nothing_changed();
  world.peers[2].file = good_file();
  world.run_for(seconds(55));
  EXPECT_EQ(world.peers[2].begun, 2);
  world.run_for(seconds(10));
  world.expect_loaded(7);

  FetchWorld other;
  other.peers[2] = {.file = damaged_at(300000)};
  other.run_for(seconds(2));
  other.peers[2].file = file_of(header_of(8), state_after(many_commands()));
  other.run_for(seconds(2));
  other.expect_loaded(8);
}

// Given a peer that names a snapshot of 2^60 bytes, or just above the bound, when it offers that
// again and again, then it is never asked, which is logged once a minute; nobody else is in the
// way, and one just as large as the bound is taken.
TEST(SnapshotFetch, AnAbsurdSizeIsRefused) {
  const std::uint64_t size = good_file().bytes.size();
  FetchWorld world({.bytes_max = size});
  world.peers[2] = {.file = good_file()};
  world.peers[2].file.name.bytes = std::uint64_t{1} << 60;
  world.run_for(seconds(30));
  world.peers[2].file.name = {{8}, size + 1, 5};  // Another name, the same peer.
  world.run_for(seconds(29));
  EXPECT_EQ(world.logged("cannot be as large"), 1);
  world.run_for(seconds(2));
  EXPECT_EQ(world.logged("cannot be as large"), 2);
  EXPECT_EQ(world.peers[2].asked, 0);
  EXPECT_EQ(world.logged("taking a snapshot"), 0);
  world.expect_nothing_changed();
  world.peers[3] = {.file = good_file()};
  world.run_for(seconds(2));
  world.expect_loaded(7);
}

// Given a peer that names a snapshot smaller than any can be, or gives more bytes than it named,
// when it offers it for long, then it is refused at most once a minute.
TEST(SnapshotFetch, ASizeThatIsALieIsRefused) {
  for (const bool too_small : {true, false}) {
    FetchWorld world;
    world.peers[2] = {.file = good_file()};
    world.peers[2].file.name.bytes = too_small ? 50 : 150000;  // Less than two parts.
    world.run_for(seconds(50));
    EXPECT_EQ(world.logged("is refused, and removed here\" peer=2"), 1);
    EXPECT_EQ(world.peers[2].begun, too_small ? 0 : 1);
    world.expect_nothing_changed();
  }
}

// Given a file with right checksums that the machine refuses, at its end or earlier, when it was
// loaded, then the state is what it was, and no start will find the file.
TEST(SnapshotFetch, WhatTheMachineRefusesIsRemoved) {
  FetchWorld world;
  std::string state = state_after(many_commands());
  state.back() = static_cast<char>(state.back() ^ 1);
  world.peers[2] = {.file = file_of(header_of(7), state)};
  world.run_for(seconds(2));
  world.expect_nothing_changed();
  EXPECT_EQ(world.names_when_asked.size(), 2U);
  EXPECT_EQ(world.peers[2].begun, 1);
  EXPECT_EQ(world.peers[2].complaints, 1);
  EXPECT_EQ(world.logged("not a list of commands"), 1);
}

// Given a snapshot of another incarnation, when it has come, then it never has a name that a start
// would look at, and is not fetched again soon; its giver is not told that it is damaged.
TEST(SnapshotFetch, WhatIsOfNoUseNeverHasAName) {
  FetchWorld world;
  storage::SnapshotHeader header = header_of(7);
  header.incarnation = 4;
  world.peers[2] = {.file = file_of(header, state_after(many_commands()))};
  world.run_for(seconds(2));
  world.expect_nothing_changed();
  EXPECT_EQ(world.names_when_asked.size(), 1U);  // Before it has its name.
  EXPECT_EQ(world.peers[2].begun, 1);
  EXPECT_EQ(world.peers[2].complaints, 0);
}

// Given a log that was faster, when the snapshot has its name already, then it is removed.
TEST(SnapshotFetch, WhatIsNoLongerOfUseIsRemoved) {
  FetchWorld world;
  world.peers[2] = {.file = good_file()};
  world.wanted_times = 1;
  world.run_for(seconds(2));
  world.expect_nothing_changed();
  EXPECT_EQ(world.names_when_asked.back(), Strings{storage::snapshot_name(7)});
}

// Given a giver that dies in the middle, when another peer has the same file, then that one gives
// the rest; given that the rest is damaged, then both are avoided, since either may be to blame.
TEST(SnapshotFetch, AnotherPeerGoesOnWhereTheGiverDied) {
  for (const bool damaged : {false, true}) {
    FetchWorld world;
    world.peers[2] = {.file = good_file(), .dies_after = 200000};
    world.run_for(milliseconds(500));
    EXPECT_TRUE(world.peers[2].dead);
    world.peers[3] = {.file = damaged ? damaged_at(500000) : good_file()};
    world.run_for(seconds(5));
    EXPECT_EQ(world.peers[3].begun, 0);
    EXPECT_EQ(world.logged("taking a snapshot"), 1);
    if (damaged) {
      world.expect_nothing_changed();
      EXPECT_EQ(world.logged("is refused, and removed here"), 2);
      EXPECT_EQ(world.peers[2].complaints + world.peers[3].complaints, 2);
    } else {
      world.expect_loaded(7);
    }
  }
}

// Given a giver that has not answered yet, when somebody else sends a part that nobody asked it
// for, then that counts for nothing.
TEST(SnapshotFetch, OnlyTheGiversPartsCount) {
  FetchWorld world;
  world.peers[2] = {.file = good_file(), .dead = true};
  world.fetch->offered({2}, world.peers[2].file.name, world.executor.now());
  world.run_for(milliseconds(100));
  const std::string garbage(1000, 'x');
  for (const std::string& bytes : {garbage, std::string()}) {
    world.fetch->received({9}, {world.peers[2].file.name, 0, base::SharedBytes(bytes)},
                          world.executor.now());
  }
  EXPECT_TRUE(world.fetch->busy());
  world.peers[2].dead = false;
  world.run_for(seconds(3));
  world.expect_loaded(7);
  EXPECT_EQ(world.logged("is refused"), 0);
}

// Given a disk that fails when the snapshot is to have its name, then the state is what it was, and
// the snapshot is taken later, without blame for its giver.
TEST(SnapshotFetch, ADiskThatFailsIsNotTheGiversFault) {
  for (const std::uint64_t sync : {1U, 2U}) {  // That of the file, and that of the directory.
    FetchWorld world;
    world.peers[2] = {.file = good_file()};
    world.disk.disk.fail_sync(sync);
    world.run_for(seconds(2));
    EXPECT_TRUE(world.loaded.empty());
    EXPECT_EQ(world.machine.commands(), Strings{"old"});
    EXPECT_EQ(world.logged("was not taken"), 1);
    world.run_for(seconds(6));
    world.expect_loaded(7);
    EXPECT_EQ(world.peers[2].complaints, 0);
  }
}

// Given all of a large snapshot from an earlier life, when the replica stops while it goes through
// that, then it need not be waited for longer than a chunk takes.
TEST(SnapshotFetch, StopsWhileItGoesThroughWhatIsThere) {
  FetchWorld world;
  const PeerFile file = file_of(header_of(7), std::string(5000000, 'x'));
  world.disk.put(SnapshotWorld::path(storage::incoming_snapshot_name(id_of(file.name))),
                 file.bytes);
  int accesses = 0;
  world.disk.files.on_access([&] {
    if (++accesses == 10) world.jobs.stop();
  });
  world.fetch->offered({2}, file.name, world.executor.now());
  world.executor.run_for(seconds(1));
  EXPECT_GE(accesses, 10);
  EXPECT_LE(accesses, 15);
  world.disk.files.on_access({});
}

}  // namespace
}  // namespace rabia::replica
