#include "replica/digest_watch.h"

#include <gtest/gtest.h>

namespace rabia::replica {
namespace {

constexpr ReplicaId peer{2};
constexpr ReplicaId other{3};
constexpr std::size_t kept = 8;

// What a healthy replica has at a position, and one that is not.
DigestWatch::Claim right(std::uint64_t position) {
  return {{position}, {position, 1}};
}
DigestWatch::Claim wrong(std::uint64_t position) {
  return {{position}, {position, 2}};
}

void execute(DigestWatch& watch, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t position = first; position <= last; ++position) {
    watch.executed({position}, right(position).digest);
  }
}

consensus::Configuration members(std::uint16_t count) {
  std::vector<ReplicaId> ids;
  for (std::uint16_t id = 1; id <= count; ++id) ids.push_back({id});
  return consensus::Configuration(ids);
}

std::uint64_t agrees(const DigestWatch& watch, ReplicaId id) {
  return watch.standing(id).agrees.value;
}

// 0: it does not.
std::uint64_t differs(const DigestWatch& watch, ReplicaId id) {
  const auto difference = watch.standing(id).differs;
  return difference ? difference->position.value : 0;
}

// Given a claim of each position that is kept, then it is compared with the own digest of that
// position and no other; one of an older position says nothing.
TEST(DigestWatch, ComparesAtTheClaimedPositionAsFarBackAsItRemembers) {
  for (std::uint64_t position = 1; position <= 20; ++position) {
    DigestWatch watch(kept);
    execute(watch, 1, 20);
    watch.claimed(peer, right(position));
    watch.claimed(other, wrong(position));
    const bool known = position > 20 - kept;
    EXPECT_EQ(agrees(watch, peer), known ? position : 0);
    EXPECT_EQ(differs(watch, other), known ? position : 0);
    EXPECT_EQ(differs(watch, peer), 0U);
    EXPECT_EQ(watch.any_differs(), known);
  }
}

TEST(DigestWatch, KeepsBothDigestsOfTheFirstDifference) {
  DigestWatch watch(kept);
  execute(watch, 1, 5);
  watch.claimed(peer, right(3));
  watch.claimed(peer, wrong(5));
  watch.claimed(peer, wrong(4));  // Overtaken on its way.
  ASSERT_TRUE(watch.standing(peer).differs.has_value());
  EXPECT_EQ(watch.standing(peer).differs->position.value, 4U);
  EXPECT_EQ(watch.standing(peer).differs->own, right(4).digest);
  EXPECT_EQ(watch.standing(peer).differs->theirs, wrong(4).digest);
  EXPECT_EQ(agrees(watch, peer), 3U);
}

// Given a claim of a position that is not reached, when it is, then the two are compared.
TEST(DigestWatch, AReplicaThatIsBehindComparesWhenItGetsThere) {
  DigestWatch watch(kept);
  watch.claimed(peer, right(3));
  watch.claimed(other, wrong(3));
  execute(watch, 1, 2);
  EXPECT_FALSE(watch.changed());
  execute(watch, 3, 3);
  EXPECT_EQ(agrees(watch, peer), 3U);
  EXPECT_EQ(differs(watch, other), 3U);
}

// Given a replica that stays behind while newer claims come on and on, then it compares all the
// same: a newer claim does not take the place of one that is not compared yet.
TEST(DigestWatch, NewerClaimsDoNotPutAComparisonOffForEver) {
  DigestWatch watch(kept);
  for (std::uint64_t position = 1; position <= 5; ++position) {
    watch.claimed(peer, wrong(position + 4));
    execute(watch, position, position);
  }
  EXPECT_EQ(differs(watch, peer), 5U);
}

// Given the last claim before all is quiet, heard by a replica that is behind with an earlier one,
// then both are compared.
TEST(DigestWatch, TheLastClaimIsComparedToo) {
  DigestWatch watch(kept);
  watch.claimed(peer, right(3));
  watch.claimed(peer, right(5));
  watch.claimed(peer, wrong(7));
  execute(watch, 1, 6);
  EXPECT_EQ(agrees(watch, peer), 3U);
  EXPECT_FALSE(watch.any_differs());
  execute(watch, 7, 7);
  EXPECT_EQ(differs(watch, peer), 7U);
}

// Given a claim of a position that nobody will reach, then those that come after it are compared.
TEST(DigestWatch, AnAbsurdPositionDoesNotTakeTheOthersPlace) {
  DigestWatch watch(kept);
  watch.claimed(peer, {{UINT64_MAX}, {}});
  watch.claimed(peer, wrong(2));
  execute(watch, 1, 2);
  EXPECT_EQ(differs(watch, peer), 2U);
}

TEST(DigestWatch, SaysOnceThatAMemberDiffersAndOnceThatItDoesNotAnyMore) {
  DigestWatch watch(kept);
  execute(watch, 1, 8);
  watch.claimed(peer, wrong(3));
  EXPECT_EQ(watch.take_changed(), std::vector{peer});
  watch.claimed(peer, wrong(3));
  watch.claimed(peer, wrong(4));
  EXPECT_FALSE(watch.changed());
  watch.claimed(peer, right(5));  // It was rebuilt.
  EXPECT_EQ(watch.take_changed(), std::vector{peer});
  EXPECT_FALSE(watch.any_differs());
  EXPECT_EQ(agrees(watch, peer), 5U);
  EXPECT_FALSE(watch.changed());
}

// Given a member that was rebuilt and is equal, when a claim of its earlier life arrives late, then
// it counts for nothing; and a late equal one does not excuse a difference behind it.
TEST(DigestWatch, ClaimsOfEarlierPositionsChangeNothing) {
  DigestWatch watch(kept);
  execute(watch, 1, 8);
  watch.claimed(peer, right(6));
  watch.claimed(peer, wrong(4));
  EXPECT_FALSE(watch.any_differs());
  watch.claimed(other, wrong(7));
  watch.claimed(other, right(5));
  EXPECT_EQ(differs(watch, other), 7U);
  EXPECT_EQ(agrees(watch, other), 5U);
}

// Given a state that came from a snapshot, then positions before it are unknown, what was known of
// the state before is forgotten, its own position and later ones are compared, also with claims
// that waited.
TEST(DigestWatch, BeginsAnewWithASnapshot) {
  DigestWatch watch(kept);
  execute(watch, 1, 4);
  watch.claimed(peer, wrong(4));
  watch.claimed(peer, wrong(5));
  watch.claimed(other, right(6));
  watch.begin(right(6));
  EXPECT_EQ(agrees(watch, other), 6U);
  EXPECT_FALSE(watch.any_differs());
  watch.claimed(peer, wrong(4));
  EXPECT_FALSE(watch.any_differs());
  watch.claimed(peer, wrong(6));
  EXPECT_EQ(differs(watch, peer), 6U);
  execute(watch, 7, 7);
  watch.claimed(other, wrong(7));
  EXPECT_EQ(differs(watch, other), 7U);
}

// Given n members of which d others differ, then it is outvoted when fewer than a majority are
// left, whether these were heard or not.
TEST(DigestWatch, IsOutvotedWhenThoseThatDoNotDifferAreNoMajority) {
  constexpr std::size_t outvoted_from[] = {0, 1, 1, 2, 2, 3, 3, 4};  // By the number of members.
  for (std::uint16_t count = 1; count <= 7; ++count) {
    DigestWatch watch(kept);
    execute(watch, 1, 1);
    EXPECT_FALSE(watch.outvoted(members(count)));
    for (std::uint16_t id = 2; id <= count; ++id) {
      watch.claimed({id}, wrong(1));
      const std::size_t differ = id - 1U;
      EXPECT_EQ(watch.differing(members(count)), differ);
      EXPECT_EQ(watch.outvoted(members(count)), differ >= outvoted_from[count])
          << differ << " of " << count;
    }
  }
}

TEST(DigestWatch, CountsMembersOnly) {
  DigestWatch watch(kept);
  execute(watch, 1, 1);
  watch.claimed({8}, wrong(1));
  watch.claimed({9}, wrong(1));
  EXPECT_EQ(watch.differing(members(3)), 0U);
  EXPECT_FALSE(watch.outvoted(members(3)));
}

}  // namespace
}  // namespace rabia::replica
