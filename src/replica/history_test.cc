#include "replica/history.h"

#include <gtest/gtest.h>

namespace rabia::replica {
namespace {

using consensus::Round;
using consensus::RoundRange;
using consensus::SlotId;

SlotId slot(std::uint64_t round) {
  return {{round}, {1}};
}

storage::RecordLocation in_segment(std::uint32_t segment) {
  return {segment, 100, 64};
}

// Given a batch that waits for its turn, when a checkpoint that holds it was written, all segments
// before that were removed, and then its turn comes, then it is found in the checkpoint, and a peer
// that lacks it can be given everything. (Seed 5776 of the simulator: the two replicas that were
// ahead could give it to nobody, nor take a snapshot before the others came on: no progress.)
TEST(History, GivesABatchThatOnlyACheckpointHoldsByNow) {
  History history(false, 0);
  history.begin_at({10});
  history.stored(slot(12), in_segment(1));
  history.stored_again(slot(12), in_segment(3));
  history.forget_segments_before(3);
  history.executed(slot(12), {}, {12});
  EXPECT_TRUE(history.reaches_back_to({10}));
  const History::Part part = history.part({{10}, {13}}, 1000);
  ASSERT_EQ(part.entries.size(), 1U);
  EXPECT_EQ(part.entries[0].location.segment, 3U);
}

// Given executed batches, when segments that held some of them are removed, then everything behind
// the last of those is there, and nothing before it.
TEST(History, ForgetsWhatWasRemoved) {
  History history(false, 0);
  for (std::uint64_t round = 1; round <= 4; ++round) {
    history.stored(slot(round), in_segment(static_cast<std::uint32_t>(round)));
    history.executed(slot(round), {}, {round});
  }
  EXPECT_TRUE(history.reaches_back_to({0}));
  history.forget_segments_before(3);
  EXPECT_FALSE(history.reaches_back_to({2}));
  EXPECT_TRUE(history.reaches_back_to({3}));
  EXPECT_EQ(history.part({{3}, {5}}, 1000).entries.size(), 2U);
}

}  // namespace
}  // namespace rabia::replica
