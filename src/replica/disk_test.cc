// Whole replicas on disks that fill up, or answer slowly. docs/operations.md, "A disk that is
// full".
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "io/log.h"
#include "replica/testing/cluster.h"

namespace rabia::replica {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Cluster;
using testing::TestClient;
using Kind = TestClient::Answer::Kind;
using Room = DiskStatus::Room;

constexpr std::uint64_t segment_bytes = 64 << 10;
constexpr std::uint64_t reserve = 4 << 20;
constexpr std::uint64_t critical = reserve / 4;

// Clients that each write again a little after they were answered, and how long they waited for
// that.
class Writers {
 public:
  Writers(Cluster& cluster, const std::vector<std::size_t>& replicas, std::size_t bytes)
      : cluster_(cluster), bytes_(bytes) {
    for (const std::size_t replica : replicas)
      writers_.push_back({.client = &cluster.client(replica)});
  }
  // Until the condition holds; false when it does not within the time.
  bool write_until(const std::function<bool()>& condition, base::Duration limit = seconds(30)) {
    return cluster_.run_until(
        [&] {
          for (Writer& writer : writers_) drive(writer);
          return condition();
        },
        limit);
  }
  void write_for(base::Duration duration) {
    const base::Instant end = cluster_.executor().now() + duration;
    (void)write_until([&] { return cluster_.executor().now() >= end; }, duration);
  }
  // What was waited for since the last call, sorted.
  std::vector<base::Duration> take_latencies() {
    std::sort(latencies_.begin(), latencies_.end());
    return std::exchange(latencies_, {});
  }
  [[nodiscard]] std::size_t count(Kind kind) const {
    std::size_t all = 0;
    for (const Writer& writer : writers_) all += writer.client->count(kind);
    return all;
  }

 private:
  struct Writer {
    TestClient* client;
    base::Instant asked_at{};
    std::optional<base::Instant> asks_at{};  // Again; absent while it waits for an answer.
  };
  void drive(Writer& writer) {
    if (!writer.client->done()) return;
    const base::Instant now = cluster_.executor().now();
    if (!writer.asks_at && writer.client->submitted() > 0) {
      latencies_.push_back(now - writer.asked_at);
      writer.asks_at = now + microseconds(1 + cluster_.random().below(2000));
    }
    if (writer.asks_at && now < *writer.asks_at) return;
    writer.asks_at.reset();
    writer.asked_at = now;
    writer.client->write(std::string(bytes_, 'x') + std::to_string(++written_));
  }

  Cluster& cluster_;
  std::size_t bytes_;
  std::vector<Writer> writers_;
  std::vector<base::Duration> latencies_;
  std::uint64_t written_ = 0;
};

class DiskTest : public ::testing::Test {
 protected:
  DiskTest() { io::set_log_level(io::Level::off); }
  ~DiskTest() override { io::set_log_level(io::Level::info); }

  static Cluster::Options options() {
    return {.segment_bytes = segment_bytes,
            .snapshot_zstd_level = 0,  // What clients write here would become very small.
            .disk_reserve_bytes = reserve};
  }
  static void start(Cluster& cluster) {
    cluster.start_all();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  }
  static void set_free(Cluster& cluster, std::size_t index, std::uint64_t bytes) {
    auto& files = cluster.files(index);
    files.set_capacity(files.used_bytes() + bytes);
  }
  static bool room_is(Cluster& cluster, std::size_t index, Room room) {
    return cluster.run_until([&] { return cluster.replica(index).disk().room == room; });
  }
  static bool answered(Cluster& cluster, const TestClient& client, base::Duration within) {
    return cluster.run_until([&] { return client.done(); }, within);
  }
};

// Given a disk with less room than the reserve, then its replica says so, and goes on taking part:
// it executes what others write, serves reads, and executes what it is given. With room again, it
// says that too.
TEST_F(DiskTest, AReplicaWhoseDiskIsNearlyFullSaysSoAndTakesPart) {
  Cluster cluster(options());
  start(cluster);
  set_free(cluster, 0, reserve - 1);
  ASSERT_TRUE(room_is(cluster, 0, Room::low));
  EXPECT_EQ(cluster.replica(0).disk().free_bytes, reserve - 1);
  EXPECT_EQ(cluster.replica(0).disk().reserve_bytes, reserve);
  EXPECT_EQ(cluster.replica(1).disk().room, Room::enough);
  TestClient& here = cluster.client(0);
  TestClient& there = cluster.client(1);
  there.write("elsewhere");
  here.read();
  here.write("a deletion");
  ASSERT_TRUE(answered(cluster, here, seconds(1)) && answered(cluster, there, seconds(1)));
  EXPECT_EQ(here.count(Kind::executed) + here.count(Kind::read), 2U);
  EXPECT_TRUE(cluster.replica(0).status().serving);
  set_free(cluster, 0, 2 * reserve);
  EXPECT_TRUE(room_is(cluster, 0, Room::enough));
}

// Given a disk that the log of others' writes fills up, then its replica steps back before the log
// meets the end of the disk: it does not stop, takes no more room, refuses its clients at once and
// says why, and nobody else sees a failure. With room again it comes back by itself, with all that
// was written meanwhile.
TEST_F(DiskTest, AReplicaStepsBackBeforeItsLogMeetsAFullDiskAndComesBack) {
  Cluster cluster(options());
  start(cluster);
  set_free(cluster, 0, critical + (256 << 10));
  Writers others(cluster, {1, 2}, 4000);
  ASSERT_TRUE(others.write_until([&] { return cluster.replica(0).disk().room == Room::critical; }));
  others.write_for(milliseconds(100));
  const std::uint64_t used = cluster.files(0).used_bytes();
  TestClient& here = cluster.client(0);
  here.write("refused");
  here.read();
  EXPECT_TRUE(answered(cluster, here, milliseconds(50)));
  EXPECT_EQ(here.count(Kind::not_executed), 2U);
  EXPECT_FALSE(cluster.replica(0).status().serving);
  EXPECT_NE(cluster.replica(0).status().not_serving_because.find("disk is full"),
            std::string::npos);
  others.write_for(seconds(2));
  EXPECT_EQ(cluster.files(0).used_bytes(), used);
  EXPECT_TRUE(cluster.stopped(0).ok()) << cluster.stopped(0).message();
  EXPECT_EQ(others.count(Kind::not_executed) + others.count(Kind::unknown), 0U);
  EXPECT_GT(others.count(Kind::executed), 500U);
  set_free(cluster, 0, 1 << 30);
  EXPECT_TRUE(others.write_until([&] { return cluster.replica(0).status().serving; }));
  cluster.run_for(seconds(1));
  EXPECT_TRUE(cluster.equal()) << cluster.describe();
}

// Given one replica alone, when its disk is full, then it refuses too, and takes no more room.
TEST_F(DiskTest, AReplicaAloneStepsBackAsWell) {
  Cluster::Options alone = options();
  alone.replicas = 1;
  Cluster cluster(alone);
  start(cluster);
  set_free(cluster, 0, critical - 1);
  Writers here(cluster, {0}, 1000);
  here.write_for(seconds(2));
  EXPECT_EQ(cluster.replica(0).disk().room, Room::critical);
  const std::size_t executed = here.count(Kind::executed);
  const std::uint64_t used = cluster.files(0).used_bytes();
  here.write_for(milliseconds(20));
  EXPECT_EQ(here.count(Kind::executed), executed);
  EXPECT_GT(here.count(Kind::not_executed), 0U);
  EXPECT_EQ(cluster.files(0).used_bytes(), used);
  set_free(cluster, 0, 1 << 30);
  EXPECT_TRUE(here.write_until([&] { return here.count(Kind::executed) > executed; }));
}

// Given a disk that gets low while the log is long, and a snapshot that would fit, then one is
// taken, and the log is cut off; given one that would not fit, then none is taken.
TEST_F(DiskTest, ALowDiskGetsRoomByASnapshotIfThatFits) {
  for (const bool fits : {true, false}) {
    Cluster::Options often = options();
    often.snapshot_log_bytes = 3 << 20;
    Cluster cluster(often);
    start(cluster);
    const auto status = [&] { return cluster.replica(0).status(); };
    Writers writers(cluster, {1, 2}, 20'000);
    ASSERT_TRUE(writers.write_until([&] { return status().snapshots_taken == 2; }));
    ASSERT_TRUE(writers.write_until([&] { return status().log_bytes > (4 << 20); }));
    cluster.run_for(seconds(1));
    const ReplicaStatus before = status();
    ASSERT_FALSE(before.taking_snapshot);
    cluster.replica(0).set_disk_reserve(fits ? 16 * reserve : reserve);
    set_free(cluster, 0, (fits ? 16 * reserve : reserve) - 1);
    ASSERT_TRUE(room_is(cluster, 0, Room::low));
    cluster.run_for(seconds(1));
    EXPECT_EQ(status().snapshots_taken, before.snapshots_taken + (fits ? 1 : 0));
    EXPECT_EQ(status().log_bytes < before.log_bytes, fits);
  }
}

// Given a snapshot that is being written when the disk becomes full, then it is given up and its
// room is there again; it is not tried before there is room.
TEST_F(DiskTest, ASnapshotUnderWayIsGivenUpForTheLog) {
  Cluster::Options slow = options();
  slow.sync_takes = milliseconds(4);
  slow.snapshot_log_bytes = 8 << 20;
  Cluster cluster(slow);
  start(cluster);
  Writers writers(cluster, {1, 2}, 60'000);
  ASSERT_TRUE(writers.write_until([&] { return cluster.replica(0).status().taking_snapshot; }));
  ASSERT_TRUE(cluster.run_until([&] {
    const auto names = cluster.files(0).list("data/snapshots");
    return !names.value().empty();
  }));
  set_free(cluster, 0, critical - 1);
  ASSERT_TRUE(room_is(cluster, 0, Room::critical));
  cluster.run_for(milliseconds(100));
  EXPECT_EQ(cluster.replica(0).status().snapshots_failed, 1U);
  EXPECT_FALSE(cluster.replica(0).status().taking_snapshot);
  EXPECT_TRUE(cluster.files(0).list("data/snapshots").value().empty());
  EXPECT_TRUE(cluster.stopped(0).ok());
}

// Given a replica whose disk is full when it starts, then it starts, takes no part, and serves as
// soon as there is room; given one with less than a segment, then the start is refused with what is
// needed; given no reserve, then it is not looked at.
TEST_F(DiskTest, AReplicaStartsOnAFullDiskAndWaits) {
  Cluster cluster(options());
  start(cluster);
  TestClient& client = cluster.client(1);
  client.write("x");
  ASSERT_TRUE(answered(cluster, client, seconds(1)));
  cluster.kill(0);
  set_free(cluster, 0, segment_bytes - 1);
  const Status refused = cluster.start(0, false);
  EXPECT_EQ(refused.code(), Code::exhausted);
  EXPECT_NE(refused.message().find("'data' has 65535 bytes free"), std::string::npos)
      << refused.message();
  EXPECT_NE(refused.message().find("65536 bytes: free room there"), std::string::npos);
  set_free(cluster, 0, segment_bytes);
  const std::uint64_t used = cluster.files(0).used_bytes();
  ASSERT_TRUE(cluster.start(0, false).ok());
  cluster.run_for(seconds(5));
  EXPECT_FALSE(cluster.replica(0).status().serving);
  EXPECT_EQ(cluster.replica(0).disk().room, Room::critical);
  EXPECT_EQ(cluster.files(0).used_bytes(), used);
  set_free(cluster, 0, 1 << 30);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_serving() && cluster.equal(); }));
}

// Given a replica that was away for longer than the others keep their logs, and a disk that has no
// room for their snapshot, then it does not begin to take it; with room it does, and comes back.
TEST_F(DiskTest, APeersSnapshotIsTakenOnlyIfItFits) {
  Cluster::Options often = options();
  often.snapshot_log_bytes = 1 << 20;
  Cluster cluster(often);
  start(cluster);
  cluster.kill(0);
  Writers writers(cluster, {1, 2}, 20'000);
  ASSERT_TRUE(writers.write_until([&] { return writers.count(Kind::executed) > 500; }));
  set_free(cluster, 0, reserve);
  ASSERT_TRUE(cluster.start(0, false).ok());
  cluster.run_for(seconds(12));
  EXPECT_FALSE(cluster.replica(0).status().serving);
  EXPECT_EQ(cluster.replica(0).status().snapshots_installed, 0U);
  EXPECT_TRUE(cluster.stopped(0).ok());
  set_free(cluster, 0, 1 << 30);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_serving(); }));
  EXPECT_TRUE(cluster.equal());
  EXPECT_EQ(cluster.replica(0).status().snapshots_installed, 1U);
}

// Given a disk that answers nothing for 3 s, then the clients of the other replicas wait no longer
// than a small multiple of what they normally wait, and see no failure.
TEST_F(DiskTest, ADiskThatStallsHoldsUpNobodyElse) {
  for (std::size_t stalled = 0; stalled < 3; ++stalled) {
    Cluster cluster({});
    start(cluster);
    std::vector<std::size_t> others = {0, 1, 2};
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(stalled));
    Writers writers(cluster, others, 100);
    Writers here(cluster, {stalled}, 100);
    const auto write_for = [&](base::Duration duration) {
      const base::Instant end = cluster.executor().now() + duration;
      (void)here.write_until([&] {
        (void)writers.write_until([] { return true; });
        return cluster.executor().now() >= end;
      });
    };
    write_for(seconds(1));
    const auto normal = writers.take_latencies();
    cluster.stall_disk(stalled, seconds(3));
    write_for(seconds(3));
    const auto during = writers.take_latencies();
    write_for(seconds(1));
    const auto after = writers.take_latencies();
    const auto milli = [](base::Duration d) {
      return static_cast<double>(d / microseconds(1)) / 1000;
    };
    std::printf(
        "replica %zu stalls: longest wait of the others' clients %.2f ms before, %.2f ms "
        "while it stalls, %.2f ms afterwards; medians %.2f, %.2f, %.2f\n",
        stalled + 1, milli(normal.back()), milli(during.back()), milli(after.back()),
        milli(normal[normal.size() / 2]), milli(during[during.size() / 2]),
        milli(after[after.size() / 2]));
    EXPECT_LT(during.back(), 5 * normal.back());
    EXPECT_LT(after.back(), 5 * normal.back());
    EXPECT_EQ(writers.count(Kind::not_executed) + writers.count(Kind::unknown), 0U);
    EXPECT_TRUE(cluster.stopped(stalled).ok());
  }
}

}  // namespace
}  // namespace rabia::replica
