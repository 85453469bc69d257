// Random lives and deaths of a log: what was reported durable is there, in order, always.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

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
    ASSERT_GE(world_.recovered.size(), durable_);
    ASSERT_LE(world_.recovered.size(), appended_.size());
    for (std::size_t i = 0; i < world_.recovered.size(); ++i) {
      ASSERT_EQ(world_.recovered[i], appended_[i]) << "lsn " << i + 1;
    }
    appended_ = world_.recovered;
    durable_ = world_.recovered.size();
  }

  void work() {
    for (std::uint64_t steps = random_.below(60); steps > 0; --steps) {
      if (random_.chance(60)) append();
      if (random_.chance(40)) world_.wal->commit(random_.chance(80));
      for (std::uint64_t n = random_.below(4); n > 0; --n) world_.executor->step();
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
  Lsn durable_ = 0;                    // and how much of it must be.
};

// Given random appends, commits, errors of the disk, kills and power failures at any change of the
// disk (also during recovery), when the log is recovered, then it never refuses, has every record
// that was reported durable, and only records that were appended, in order.
TEST(WalCrash, NeverForgetsWhatWasDurable) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Walk(seed).run(12);
    if (HasFailure()) return;
  }
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
