#include "storage/divergence.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "io/testing/memory_files.h"
#include "storage/testing/halting_files.h"

namespace rabia::storage {
namespace {

class DivergenceTest : public ::testing::Test {
 protected:
  DivergenceTest() {
    EXPECT_TRUE(files_.create_directories("data").ok());
    files_.sync_all();
  }
  [[nodiscard]] bool marked() {
    const Result<bool> diverged = has_diverged(files_, "data");
    EXPECT_TRUE(diverged.ok());
    return diverged.ok() && diverged.value();
  }
  [[nodiscard]] std::string text() {
    auto file = files_.open(divergence_path("data"), io::OpenMode::read);
    std::string text;
    EXPECT_TRUE(file.ok() && file.value()->read_at(0, 4096, text).ok());
    return text;
  }

  io::testing::MemoryFileSystem files_;
};

// Given a mark, when the power fails, then it is there, with its text.
TEST_F(DivergenceTest, AMarkSurvivesALossOfPower) {
  EXPECT_FALSE(marked());
  ASSERT_TRUE(mark_diverged(files_, "data", "position 7\n").ok());
  base::Random random(1);
  files_.crash(random);
  EXPECT_TRUE(marked());
  EXPECT_NE(text().find("position 7\n"), std::string::npos);
}

TEST_F(DivergenceTest, ALaterMarkTakesThePlaceOfAnEarlierOne) {
  ASSERT_TRUE(mark_diverged(files_, "data", "a longer text\n").ok());
  ASSERT_TRUE(mark_diverged(files_, "data", "short\n").ok());
  EXPECT_EQ(text().find("longer"), std::string::npos);
  EXPECT_TRUE(text().ends_with("\nshort\n"));
}

TEST_F(DivergenceTest, WhatIsClearedStaysClearedAfterALossOfPower) {
  EXPECT_TRUE(clear_divergence(files_, "data").ok());  // There is none.
  ASSERT_TRUE(mark_diverged(files_, "data", "x\n").ok());
  ASSERT_TRUE(clear_divergence(files_, "data").ok());
  base::Random random(1);
  files_.crash(random);
  EXPECT_FALSE(marked());
}

// Given a power failure after any of the changes that a mark makes, then the mark is there as a
// whole or not at all; a later one can be made, and be cleared with all that the first one left.
TEST_F(DivergenceTest, AMarkIsWholeOrAbsentWhereverThePowerFails) {
  bool finished = false;
  for (std::uint64_t after = 0; !finished; ++after) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      SCOPED_TRACE("after " + std::to_string(after) + " changes, seed " + std::to_string(seed));
      io::testing::MemoryFileSystem disk;
      ASSERT_TRUE(disk.create_directories("data").ok());
      disk.sync_all();
      testing::HaltingFiles halting(disk);
      halting.halt_after(after);
      finished = mark_diverged(halting, "data", "position 7\n").ok();
      base::Random random(seed);
      disk.crash(random);
      const Result<bool> diverged = has_diverged(disk, "data");
      ASSERT_TRUE(diverged.ok());
      EXPECT_TRUE(diverged.value() || !finished);
      if (diverged.value()) {
        auto file = disk.open(divergence_path("data"), io::OpenMode::read);
        std::string text;
        ASSERT_TRUE(file.ok() && file.value()->read_at(0, 4096, text).ok());
        EXPECT_TRUE(text.ends_with("\nposition 7\n"));
      }
      ASSERT_TRUE(mark_diverged(disk, "data", "position 8\n").ok());
      ASSERT_TRUE(clear_divergence(disk, "data").ok());
      EXPECT_TRUE(disk.list("data").value().empty());
    }
  }
}

}  // namespace
}  // namespace rabia::storage
