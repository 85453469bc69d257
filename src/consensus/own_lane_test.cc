#include "consensus/own_lane.h"

#include <gtest/gtest.h>

namespace rabia::consensus {
namespace {

constexpr std::uint64_t window = 64;

OwnLane a_lane(Round reserved_before = {}) {
  OwnLane lane(window);
  lane.begin(reserved_before);
  return lane;
}

// Writes what is due and makes it durable.
void reserve(OwnLane& lane, Round executed_end, Round aim = {}) {
  if (const auto end = lane.reservation_due(executed_end, aim)) {
    lane.reservation_written(*end);
    lane.reserved(*end);
  }
}

TEST(OwnLane, NothingMayBeUsedWithoutADurableReservation) {
  OwnLane lane = a_lane();
  EXPECT_TRUE(lane.usable().empty());
  const auto end = lane.reservation_due({}, {});
  ASSERT_TRUE(end.has_value());
  lane.reservation_written(*end);
  EXPECT_TRUE(lane.usable().empty()) << "written is not durable";
  lane.reserved(*end);
  EXPECT_EQ(lane.usable(), (RoundRange{{0}, {32}}));
}

// Given a restart, then nothing below the last durable reservation is used again.
TEST(OwnLane, ALaterLifeBeginsAtTheReservation) {
  OwnLane lane = a_lane({40});
  EXPECT_EQ(lane.lane_from(), Round{40});
  reserve(lane, {20});
  EXPECT_EQ(lane.usable(), (RoundRange{{40}, {72}}));
}

TEST(OwnLane, IsRenewedWhenLessThanAQuarterOfTheWindowIsLeft) {
  OwnLane lane = a_lane();
  reserve(lane, {});
  lane.use_up_to({16});
  EXPECT_FALSE(lane.reservation_due({16}, {}));
  lane.use_up_to({17});
  EXPECT_EQ(lane.reservation_due({17}, {}), Round{17 + 32});
}

TEST(OwnLane, NeverReservesBeyondTheWindow) {
  OwnLane lane = a_lane({60});
  EXPECT_EQ(lane.reservation_due({}, {}), Round{64});
  reserve(lane, {});
  EXPECT_FALSE(lane.reservation_due({}, {})) << "there is no room until L moves";
  EXPECT_EQ(lane.reservation_due({1}, {}), Round{65});
}

// Given a batch that must go far above what was used (the others have input 0 ahead below), then
// the reservation reaches it. It once did not, and such an owner could not propose for ever.
TEST(OwnLane, TheReservationReachesWhereTheNextBatchWouldGo) {
  OwnLane lane = a_lane();
  reserve(lane, {});
  lane.use_up_to({16});  // A quarter of the window is left.
  reserve(lane, {16}, {32});
  EXPECT_TRUE(lane.usable().contains({32}));
}

TEST(OwnLane, UsedRoundsAreNotUsedAgain) {
  OwnLane lane = a_lane();
  reserve(lane, {});
  lane.use_up_to({5});
  lane.use_up_to({3});
  EXPECT_EQ(lane.next(), Round{5});
}

}  // namespace
}  // namespace rabia::consensus
