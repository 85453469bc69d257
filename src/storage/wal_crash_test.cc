// Random lives and deaths of a log: what was reported durable is there, in order, always.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "io/log.h"
#include "storage/testing/log_world.h"

namespace rabia::storage {
namespace {

using testing::LogWorld;

// The log as its user remembers it.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  void run(int lives) {
    for (int life = 0; life < lives && !::testing::Test::HasFailure(); ++life) live();
  }
  [[nodiscard]] bool has_removed() const { return needed_from_ > 1 && removals_ > 0; }

 private:
  void live() {
    world_.files.halt_after(random_.below(3) == 0 ? random_.below(12) : random_.below(120));
    const Status started = world_.start();
    if (started.ok()) {
      check_recovered();
      work();
    } else {
      ASSERT_EQ(started.code(), Code::io_error) << started.message();  // Not: corrupted.
    }
    die();
  }

  void check_recovered() {
    const Lsn first = world_.wal->first_lsn();
    ASSERT_EQ(world_.wal->recovery().first_lsn, first);
    ASSERT_EQ(world_.first_recovered, world_.recovered.empty() ? 0 : first);
    ASSERT_LE(first, needed_from_);
    const std::size_t end = first - 1 + world_.recovered.size();
    ASSERT_GE(end, durable_);
    ASSERT_LE(end, appended_.size());
    for (std::size_t i = 0; i < world_.recovered.size(); ++i) {
      ASSERT_EQ(world_.recovered[i], appended_[first - 1 + i]) << "lsn " << first + i;
    }
    appended_.resize(end);
    durable_ = end;
    needed_from_ = std::min<Lsn>(needed_from_, end + 1);
    ASSERT_EQ(world_.wal->log_bytes(), bytes_on_disk());
  }

  std::uint64_t bytes_on_disk() {
    std::uint64_t bytes = 0;
    for (const std::uint32_t segment : world_.segments()) bytes += world_.content(segment).size();
    return bytes;
  }

  // Everything before a record that was durable, by its segment: what lies in that is still needed.
  void remove() {
    if (durable_ == 0 || durable_ < world_.wal->first_lsn()) return;
    const Lsn from =
        world_.wal->first_lsn() + random_.below(durable_ + 1 - world_.wal->first_lsn());
    const std::uint32_t segment = world_.locations[from - 1].segment;
    needed_from_ = std::max(needed_from_, from);
    world_.wal->remove_segments_before(segment);
    ++removals_;
  }

  void work() {
    for (std::uint64_t steps = random_.below(60); steps > 0; --steps) {
      if (random_.chance(60)) append();
      if (random_.chance(40)) world_.wal->commit(random_.chance(80));
      for (std::uint64_t n = random_.below(4); n > 0; --n) world_.executor->step();
      if (random_.chance(8)) remove();
      if (random_.chance(1)) world_.disk.fail_sync(1);
      if (random_.chance(1)) world_.disk.fail_write(1);
      durable_ = std::max(durable_, world_.durable);
    }
    if (random_.chance(15) && world_.wal->close().ok()) durable_ = appended_.size();
  }

  void append() {
    const std::uint64_t size = random_.chance(5) ? random_.below(9000) : random_.below(700);
    std::string payload(size, '\0');
    for (char& byte : payload) {
      if (random_.chance(70)) byte = static_cast<char>(random_.next());
    }
    appended_.push_back(payload);
    ASSERT_EQ(world_.append(payload).lsn, appended_.size());
  }

  void die() {
    if (random_.chance(30)) {
      world_.kill();
      world_.files.run();
    } else {
      world_.power_cut(random_);
    }
  }

  base::Random random_;
  LogWorld world_;
  std::vector<std::string> appended_;  // What may be recovered,
  Lsn durable_ = 0;                    // how much of it must be,
  Lsn needed_from_ = 1;                // and from which record on.
  std::uint64_t removals_ = 0;
};

// Given random appends, commits, removals of old segments, errors of the disk, kills and power
// failures at any change of the disk (also during recovery), when the log is recovered, then it
// never refuses, has every record that was reported durable and not removed, and only records that
// were appended, in order.
TEST(WalCrash, NeverForgetsWhatWasDurable) {
  io::set_log_sink([](io::Level, std::string_view) {});  // Of removals that fail.
  std::uint64_t with_removals = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Walk walk(seed);
    walk.run(12);
    if (HasFailure()) return;
    with_removals += walk.has_removed() ? 1 : 0;
  }
  EXPECT_GT(with_removals, 200U);
  io::set_log_sink({});
}

// Given a log across a segment's end, when power fails before each single change of the disk, then
// everything reported durable is recovered.
TEST(WalCrash, SurvivesAPowerFailureAtEveryChange) {
  for (std::uint64_t changes = 0; changes < 60; ++changes) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      LogWorld world;
      world.files.halt_after(changes);
      Lsn durable = 0;
      if (world.start().ok()) {
        for (std::uint64_t i = 0; i < 12; ++i) world.write(std::string(900, 'x'));
        durable = world.durable;
      }
      base::Random random(seed);
      world.power_cut(random);
      const Status status = world.start();
      ASSERT_TRUE(status.ok()) << changes << ": " << status.message();
      ASSERT_GE(world.recovered.size(), durable) << changes;
    }
  }
}

}  // namespace
}  // namespace rabia::storage
