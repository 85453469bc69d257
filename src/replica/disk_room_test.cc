#include "replica/disk_room.h"

#include <gtest/gtest.h>

#include <vector>

#include "io/log.h"
#include "io/testing/manual_executor.h"
#include "io/testing/memory_files.h"

namespace rabia::replica {
namespace {

using Room = DiskStatus::Room;
using std::chrono::milliseconds;

constexpr base::Duration look_every = milliseconds(250);

// A disk whose room the test sets, and the changes that were told of.
class DiskRoomTest : public ::testing::Test {
 protected:
  DiskRoomTest() { io::set_log_level(io::Level::off); }
  ~DiskRoomTest() override { io::set_log_level(io::Level::info); }

  void set_free(std::uint64_t bytes) { files_.set_capacity(bytes); }
  void begin(std::uint64_t reserve, std::uint64_t free_bytes) {
    ASSERT_TRUE(files_.create_directories("data").ok());
    set_free(free_bytes);
    room_ = std::make_unique<DiskRoom>(
        executor_, files_, *worker_,
        DiskRoomOptions{.directory = "data", .reserve_bytes = reserve, .look_every = look_every},
        [this](Room before) {
          told_.push_back(before);
          told_.push_back(room_->status().room);
        });
    ASSERT_TRUE(room_->look().ok());
    room_->begin();
  }
  // What it is when so much was free for a while.
  Room with_free(std::uint64_t bytes) {
    set_free(bytes);
    executor_.run_for(look_every + milliseconds(1));
    return room_->status().room;
  }

  io::testing::ManualExecutor executor_;
  io::testing::MemoryFileSystem files_;
  std::unique_ptr<io::testing::ManualWorker> worker_ = executor_.make_worker();
  std::unique_ptr<DiskRoom> room_;
  std::vector<Room> told_;  // Before, after, before, after, …
};

// Given a reserve of 800, when room goes and comes, then the marks are at 800 and 200, each is left
// 100 above where it was entered, and every change is told of once.
TEST_F(DiskRoomTest, MarksAreEnteredBelowAndLeftSomewhatAbove) {
  begin(800, 10'000);
  EXPECT_EQ(room_->status().room, Room::enough);
  EXPECT_EQ(with_free(800), Room::enough);
  EXPECT_EQ(with_free(799), Room::low);
  EXPECT_EQ(with_free(899), Room::low);
  EXPECT_EQ(with_free(900), Room::enough);
  EXPECT_EQ(with_free(899), Room::enough);
  EXPECT_EQ(with_free(200), Room::low);
  EXPECT_EQ(with_free(199), Room::critical);
  EXPECT_EQ(with_free(299), Room::critical);
  EXPECT_EQ(with_free(300), Room::low);
  EXPECT_EQ(with_free(199), Room::critical);
  EXPECT_EQ(with_free(900), Room::enough);
  const std::vector<Room> expected = {Room::enough,   Room::low,   Room::low, Room::enough,
                                      Room::enough,   Room::low,   Room::low, Room::critical,
                                      Room::critical, Room::low,   Room::low, Room::critical,
                                      Room::critical, Room::enough};
  EXPECT_EQ(told_, expected);
  EXPECT_EQ(room_->status().free_bytes, 900U);
}

// Given a disk that is full at the start, when it is looked at, then that is known before anything
// is told.
TEST_F(DiskRoomTest, TheFirstLookIsMadeAtTheStart) {
  begin(800, 100);
  EXPECT_EQ(room_->status().room, Room::critical);
  EXPECT_EQ(room_->status().free_bytes, 100U);
  EXPECT_TRUE(told_.empty());
}

// Given no reserve, then nobody looks and anything fits; given one that is set later, and taken
// back, then it is in force soon, without what was left of the marks before.
TEST_F(DiskRoomTest, TheReserveMayBeSetAtAnyTime) {
  begin(0, 100);
  EXPECT_EQ(with_free(90), Room::enough);
  EXPECT_EQ(room_->status().free_bytes, 0U);
  EXPECT_TRUE(room_->fits(1'000'000));
  room_->set_reserve(80);
  EXPECT_TRUE(told_.empty());  // Not from inside.
  executor_.run_ready();
  EXPECT_EQ(room_->status().room, Room::enough);
  EXPECT_EQ(room_->status().free_bytes, 90U);
  room_->set_reserve(400);
  executor_.run_ready();
  EXPECT_EQ(room_->status().room, Room::critical);
  room_->set_reserve(89);  // 90 would not leave a mark of 89 that was entered.
  executor_.run_ready();
  EXPECT_EQ(room_->status().room, Room::enough);
  room_->set_reserve(400);
  executor_.run_ready();
  room_->set_reserve(0);
  executor_.run_ready();
  EXPECT_EQ(room_->status().room, Room::enough);
  EXPECT_EQ(with_free(1), Room::enough);
  EXPECT_EQ(told_.size(), 8U);
}

// Given a log that grows by a sixteenth of the reserve between two looks, then it is looked at
// without waiting for the clock, and once for all that is written while it looks.
TEST_F(DiskRoomTest, AGrowingLogIsLookedAtSooner) {
  begin(800, 10'000);
  executor_.run_ready();
  set_free(100);
  room_->wrote(49);
  executor_.run_ready();
  EXPECT_EQ(room_->status().room, Room::enough);
  room_->wrote(1);
  executor_.run_ready();
  EXPECT_EQ(room_->status().room, Room::critical);
}

// Given a worker that stands still, when time passes, then no more than one look waits there, and
// what it finds when it goes on counts.
TEST_F(DiskRoomTest, AStallOfTheLogHoldsUpOneLook) {
  begin(800, 10'000);
  executor_.run_ready();
  worker_->stall_until(executor_.now() + std::chrono::seconds(3));
  EXPECT_EQ(with_free(100), Room::enough);
  executor_.run_for(std::chrono::seconds(2));
  set_free(500);
  executor_.run_for(std::chrono::seconds(1));
  EXPECT_EQ(room_->status().room, Room::low);
  EXPECT_EQ(told_.size(), 2U);
}

// Given a disk, then what fits leaves a quarter of the reserve.
TEST_F(DiskRoomTest, WhatFitsLeavesTheLogItsRoom) {
  begin(800, 1000);
  EXPECT_TRUE(room_->fits(799));
  EXPECT_FALSE(room_->fits(800));
  EXPECT_FALSE(room_->fits(UINT64_MAX));
  EXPECT_EQ(with_free(150), Room::critical);
  EXPECT_FALSE(room_->fits(0));
}

// Given a directory that goes, then what was known stays; when it is back, it is looked at again.
TEST_F(DiskRoomTest, ALookThatFailsChangesNothing) {
  begin(800, 500);
  ASSERT_TRUE(files_.remove("data").ok());
  EXPECT_EQ(with_free(10'000), Room::low);
  ASSERT_TRUE(files_.create_directories("data").ok());
  EXPECT_EQ(with_free(10'000), Room::enough);
}

// Given a watch that ends while it looks, then nothing is told and nothing is touched.
TEST_F(DiskRoomTest, ItMayEndWhileItLooks) {
  begin(800, 10'000);
  executor_.run_for(look_every - milliseconds(1));
  set_free(1);
  worker_->stall_until(executor_.now() + milliseconds(10));
  executor_.run_for(milliseconds(5));
  room_.reset();
  executor_.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace rabia::replica
