#include "replica/kept_snapshots.h"

#include <gtest/gtest.h>

namespace rabia::replica {
namespace {

using consensus::Round;
using consensus::SnapshotName;
using Rounds = std::set<std::uint64_t>;
using Removed = std::vector<std::uint64_t>;
const Removed none;

constexpr base::Instant start{std::chrono::hours(1)};
constexpr PinHolder peer{PinHolder::Kind::peer, 1};
constexpr PinHolder backup{PinHolder::Kind::backup, 1};

SnapshotName name_of(std::uint64_t round) {
  return {{round}, 100 + round, 1000 + round};
}

void add(KeptSnapshots& kept, std::uint64_t round) {
  kept.add({.name = name_of(round), .position = {round * 2}, .digest = {}});
}

// Given three snapshots, then the two newest stay, and the older of these is the fallback.
TEST(KeptSnapshots, TheTwoNewestStay) {
  KeptSnapshots kept;
  EXPECT_EQ(kept.newest(), nullptr);
  add(kept, 5);
  EXPECT_FALSE(kept.fallback().has_value());
  EXPECT_EQ(kept.trim(start), none);
  add(kept, 7);
  EXPECT_EQ(kept.trim(start), none);
  add(kept, 9);
  EXPECT_EQ(kept.trim(start), (Removed{5}));
  EXPECT_EQ(kept.rounds(), (Rounds{7, 9}));
  EXPECT_EQ(kept.newest()->name, name_of(9));
  EXPECT_EQ(kept.fallback(), Round{7});
  EXPECT_EQ(kept.find(name_of(5)), nullptr);
  EXPECT_EQ(kept.find({{7}, 1, 1}), nullptr);
  ASSERT_NE(kept.find(name_of(7)), nullptr);
  EXPECT_EQ(kept.find(name_of(7))->position, LogPosition{14});
}

// Given one that is read, then it stays beside the two newest while there are reads, and for a
// while after the last one; the fallback is still of the two newest.
TEST(KeptSnapshots, WhatIsReadStays) {
  KeptSnapshots kept;
  add(kept, 5);
  kept.pin(backup, name_of(5), start);
  for (const std::uint64_t round : {7, 9, 11}) add(kept, round);
  EXPECT_EQ(kept.trim(start), (Removed{7}));
  EXPECT_EQ(kept.rounds(), (Rounds{5, 9, 11}));
  EXPECT_EQ(kept.fallback(), Round{9});
  const base::Instant later = start + KeptSnapshots::pin_lasts - std::chrono::seconds(1);
  ASSERT_NE(kept.touch(backup, later), nullptr);
  EXPECT_EQ(kept.touch(backup, later)->name, name_of(5));
  EXPECT_EQ(kept.trim(start + KeptSnapshots::pin_lasts), none);
  EXPECT_EQ(kept.trim(later + KeptSnapshots::pin_lasts), (Removed{5}));
  EXPECT_EQ(kept.rounds(), (Rounds{9, 11}));
  EXPECT_EQ(kept.touch(backup, later), nullptr);
}

// Given two that read the same one, when one of them ends, then it stays for the other.
TEST(KeptSnapshots, EachHolderHasItsOwnPin) {
  KeptSnapshots kept;
  add(kept, 5);
  kept.pin(backup, name_of(5), start);
  kept.pin(peer, name_of(5), start);
  EXPECT_EQ(kept.pins(PinHolder::Kind::backup), 1U);
  add(kept, 7);
  add(kept, 9);
  EXPECT_TRUE(kept.unpin(backup));
  EXPECT_FALSE(kept.unpin(backup));
  EXPECT_EQ(kept.trim(start), none);
  kept.pin(peer, name_of(9), start);  // It goes on with another one.
  EXPECT_EQ(kept.trim(start), (Removed{5}));
  EXPECT_EQ(kept.rounds(), (Rounds{7, 9}));
}

// Given one that cannot be read, then it is not offered again, and what is left stays.
TEST(KeptSnapshots, WhatCannotBeReadIsForgotten) {
  KeptSnapshots kept;
  add(kept, 5);
  add(kept, 7);
  kept.pin(backup, name_of(7), start);
  kept.forget({7});
  EXPECT_EQ(kept.touch(backup, start), nullptr);
  EXPECT_EQ(kept.newest()->name, name_of(5));
  EXPECT_EQ(kept.trim(start), none);
  EXPECT_EQ(kept.rounds(), (Rounds{5}));
}

}  // namespace
}  // namespace rabia::replica
