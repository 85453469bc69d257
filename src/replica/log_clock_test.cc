#include "replica/log_clock.h"

#include <gtest/gtest.h>

namespace rabia::replica {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Instant begin{};
base::WallTime wall(std::int64_t ms) {
  return base::WallTime(milliseconds(ms));
}

// Given batches with stamps in any order, then the clock is the highest, and goes on by itself only
// in the estimate.
TEST(LogClock, IsTheHighestStamp) {
  LogClock clock(seconds(60));
  clock.executed({500}, begin);
  clock.executed({300}, begin + seconds(1));
  EXPECT_EQ(clock.time(), LogTime{500});
  EXPECT_EQ(clock.estimate(begin + seconds(1)), LogTime{1500});
  EXPECT_EQ(clock.reaches({1500}), begin + seconds(1));
  EXPECT_EQ(clock.reaches({100}), begin);
  clock.restore({200}, begin + seconds(2));
  EXPECT_EQ(clock.time(), LogTime{200});
}

constexpr LogTime any{~std::uint64_t{0}};

// Given another replica that was ahead and fell silent, then the own stamps go on from there; but
// they are never what no quorum would support.
TEST(LogClock, GoesOnFromWhereAnotherLeftIt) {
  LogClock clock(seconds(60));
  EXPECT_EQ(clock.stamp(wall(1'000'000), begin, any), LogTime{1'000'000});
  clock.executed({1'010'000}, begin);
  EXPECT_EQ(clock.stamp(wall(1'002'000), begin + seconds(2), any), LogTime{1'012'000});
  EXPECT_EQ(clock.stamp(wall(1'002'000), begin + seconds(2), {1'011'000}), LogTime{1'011'000});
  EXPECT_EQ(clock.stamp(wall(1'020'000), begin + seconds(2), any), LogTime{1'020'000});
}

TEST(LogClock, SupportsWhatIsNotFarAhead) {
  const LogClock clock(seconds(60));
  EXPECT_EQ(clock.supports_until(wall(1'000'000)), LogTime{1'060'000});
  EXPECT_EQ(clock.supports_until(wall(-5)), LogTime{60'000});
}

// Given that no quorum supports what the own clock says, then stamps follow the log's clock.
TEST(LogClock, FollowsTheOthersWhenItIsTheOneThatIsWrong) {
  LogClock clock(seconds(60));
  clock.executed({1'000'000}, begin);
  EXPECT_EQ(clock.stamp(wall(90'000'000), begin + seconds(3), {1'061'000}), LogTime{1'003'000});
  EXPECT_EQ(clock.stamp(wall(90'000'000), begin + seconds(90), {1'061'000}), LogTime{1'061'000});
}

}  // namespace
}  // namespace rabia::replica
